#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quire {

struct CheckOptions {
  /// Read every data page and value, not only the pages that describe them.
  bool deep = true;
  /// Stop collecting after this many problems (counting goes on).
  std::size_t max_problems = 1000;
};

struct CheckProblem {
  std::uint32_t page = UINT32_MAX;  // UINT32_MAX: no single page is at fault
  std::string collection;           // empty: the engine's own structures
  std::string what;
};

/// What check() found: every page of the file is counted exactly once, under its kind.
struct CheckReport {
  std::vector<CheckProblem> problems;
  std::uint64_t problem_count = 0;

  std::uint64_t seq = 0;    // the commit that was checked
  std::uint64_t pages = 0;  // of the file: the sum of the following
  std::uint64_t header_pages = 0;
  std::uint64_t map_pages = 0;
  std::uint64_t catalog_pages = 0;
  std::uint64_t blob_pages = 0;
  std::uint64_t list_pages = 0;
  std::uint64_t hash_pages = 0;
  std::uint64_t free_pages = 0;
  std::uint64_t unaccounted_pages =
      0;  // leaked, or claimed twice, or not readable far enough to say
  std::uint64_t collections = 0;

  bool ok() const noexcept { return problem_count == 0; }
};

/// Called now and then with the work done and the whole, in any unit.
using ProgressFunction = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace quire
