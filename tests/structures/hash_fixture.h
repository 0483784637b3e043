#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "structures/hash.h"
#include "structures/hash_root.h"
#include "tests/structures/blob_fixture.h"
#include "tests/support/page_map.h"

namespace quire::testing {

/// Room for (4 - 2 + 3 * 2) * 4 = 24 buckets: directories come early, and splits soon end.
inline constexpr structures::HashGeometry kTinyGeometry{
    .root_segments = 4, .root_directories = 2, .directory_segments = 2, .segment_cap_log2 = 2};

/// Directories of two segments of four pages, and as many directories as the root has room for.
inline constexpr structures::HashGeometry kShortDirectories{
    .root_segments = 4, .directory_segments = 2, .segment_cap_log2 = 2};

inline constexpr std::uint64_t kSeed = 42;

/// Counts the pages that are read.
class CountingReader final : public pager::PageReader {
 public:
  explicit CountingReader(pager::PageReader& pages) : pages_(pages) {}
  pager::PageRef read(Pid pid, PageType type) override { return ++count, pages_.read(pid, type); }
  pager::PageRef read_data(Pid pid, Sum32 sum) override {
    return ++count, pages_.read_data(pid, sum);
  }
  Pid page_count() const override { return pages_.page_count(); }

  std::size_t count = 0;

 private:
  pager::PageReader& pages_;
};

/// A table, and in `model` what it should hold.
class HashTest : public ::testing::Test {
 protected:
  explicit HashTest(const structures::HashGeometry& geometry = {})
      : hash(pages, structures::Hash::create(pages, kSeed, geometry), geometry),
        geometry_(geometry) {}

  void put(const std::string& key, const std::string& value) {
    EXPECT_EQ(hash.put(key, value), !model.contains(key));
    model[key] = value;
  }
  void erase(const std::string& key) { EXPECT_EQ(hash.erase(key), model.erase(key) == 1); }
  void append(const std::string& key, const std::string& bytes) {
    hash.append(key, bytes);
    model[key] += bytes;
  }

  CollectingVisitor walk(bool deep = true) const {
    CollectingVisitor visitor(pages.page_count(), deep);
    hash.walk(visitor);
    return visitor;
  }

  /// No law is broken, no page is lost or owned twice, and the content is the model's.
  void expect_sound() const {
    const CollectingVisitor visitor = walk();
    EXPECT_EQ(visitor.problems(), std::vector<std::string>());
    EXPECT_TRUE(visitor.all() == pages.states());
    EXPECT_EQ(hash.pages(), pages.used());
    EXPECT_EQ(hash.size(), model.size());
    EXPECT_TRUE(content() == model);
    for (const auto& [key, value] : model) {
      const auto found = hash.get(key);
      ASSERT_TRUE(found) << key.substr(0, 40);
      EXPECT_TRUE(*found == ByteView(value)) << key.substr(0, 40);
    }
  }

  /// What an iteration returns; each key once.
  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> all;
    structures::HashCursor cursor;
    while (const auto entry = hash.next(cursor)) {
      EXPECT_TRUE(all.emplace(entry->key.str(), entry->value.str()).second) << "a key came twice";
    }
    return all;
  }

  structures::HashRoot root() { return {pages, hash.root(), geometry_}; }
  structures::HashRootPage& raw_root() {
    return *reinterpret_cast<structures::HashRootPage*>(pages.raw(hash.root()));
  }
  structures::BucketHeader& raw_bucket(Pid pid) {
    return *reinterpret_cast<structures::BucketHeader*>(pages.raw(pid));
  }

  /// The n-th of the keys that fall into `bucket` as long as there are at most 256 buckets.
  std::string key_of_bucket(std::uint32_t bucket, int n) {
    for (int i = 0;; ++i) {
      const std::string key = "k" + std::to_string(i);
      if ((root().hash(ByteView(key)) & 0xff) == bucket && n-- == 0) return key;
    }
  }

  PageMap pages;
  structures::Hash hash;
  std::map<std::string, std::string> model;

 private:
  structures::HashGeometry geometry_;
};

}  // namespace quire::testing
