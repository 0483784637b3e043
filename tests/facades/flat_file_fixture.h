#pragma once

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace quire::testing {

/// Bytes that do not compress, the same for each seed.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// A database in memory whose flat files are checked when the test ends.
class FlatFileTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!checks_at_end) return;
    const CheckReport report = database.check(CheckOptions().with<FlatFile>());
    for (const CheckProblem& problem : report.problems) {
      ADD_FAILURE() << "check: '" << problem.collection << "': " << problem.what;
    }
    EXPECT_TRUE(report.ok());
  }

  /// Commits what `change` does with the flat file "f".
  template <class Fn>
  auto change(Fn&& fn) {
    return database.transact([&](Transaction& txn) {
      auto flat = txn.open<FlatFile>("f");
      return fn(flat);
    });
  }
  void make(const FlatFileOptions& options) {
    database.transact([&](Transaction& txn) { txn.create<FlatFile>("f", options); });
  }
  DataLocation put(const std::string& value) {
    return change([&](FlatFile& flat) { return flat.put(value); });
  }
  FlatFileView view() const { return database.snapshot().open<FlatFile>("f"); }
  std::uint64_t used_pages() {
    database.checkpoint();
    return database.info().page_count - database.info().free_pages;
  }

  Database database = Database::create_in_memory();
  bool checks_at_end = true;
};

/// A range of `count` strings, each made when it is asked for.
class Generated {
 public:
  using Make = std::function<std::string(int)>;
  class Iterator {
   public:
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    Iterator(const Make& make, int count) : make_(&make), count_(count) {}
    std::string operator*() const { return (*make_)(at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.at_ == it.count_;
    }

   private:
    const Make* make_;
    int count_;
    int at_ = 0;
  };

  Generated(int count, Make make) : count_(count), make_(std::move(make)) {}
  Iterator begin() const { return {make_, count_}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  int count_;
  Make make_;
};

/// The message of the E that `call()` throws; else the test fails.
template <class E, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// The locations of one segment.
inline std::vector<DataLocation> locations(const FlatFileView& flat, std::uint64_t segment) {
  std::vector<DataLocation> all;
  for (const DataLocation& location : flat.scan(segment)) all.push_back(location);
  return all;
}

/// All values of all segments in order.
inline std::vector<std::string> values(const FlatFileView& flat) {
  std::vector<std::string> all;
  for (const FlatFileSegment& segment : flat.segments()) {
    for (const DataLocation& location : flat.scan(segment.id)) {
      all.push_back(flat.get(location).str());
    }
  }
  return all;
}

}  // namespace quire::testing
