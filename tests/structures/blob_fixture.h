#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "structures/blob.h"
#include "tests/support/page_map.h"

namespace quire::testing {

/// `size` bytes that are not zero and differ from page to page and from `variant` to variant.
inline std::string pattern(std::size_t size, std::size_t variant = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>(1 + (i * 7 + i / 4096 * 31 + variant * 101) % 255);
  }
  return text;
}

class BlobTest : public ::testing::Test {
 protected:
  std::string read(std::uint64_t offset, std::size_t size) const {
    std::string text(size, '?');
    text.resize(blob.read(offset, std::as_writable_bytes(std::span(text))));
    return text;
  }
  std::string content() const { return read(0, blob.size()); }

  CollectingVisitor walk() const {
    CollectingVisitor visitor(pages.page_count());
    blob.walk(visitor);
    return visitor;
  }

  /// No law is broken, and the pages in use are the blob's.
  void expect_sound() const {
    const CollectingVisitor visitor = walk();
    EXPECT_EQ(visitor.problems(), std::vector<std::string>());
    EXPECT_TRUE(visitor.all() == pages.states());
    EXPECT_EQ(blob.pages_owned() + 1, pages.used());
  }

  /// The data pages in the order of their numbers.
  std::vector<Pid> data_pids() const {
    std::vector<Pid> pids;
    for (const auto& [pid, state] : pages.states()) {
      if (state == PageState::data) pids.push_back(pid);
    }
    return pids;
  }

  PageMap pages;
  structures::Blob blob{pages, structures::Blob::create(pages)};
};

}  // namespace quire::testing
