#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace quire {

class ReadScope;

/// Where a collection type's own check() says what it finds.
class CheckSink {
 public:
  virtual ~CheckSink() = default;
  /// A law of the type that does not hold, in words. Takes any number.
  virtual void problem(const std::string& what) = 0;
  /// Whether to read everything (CheckOptions::deep).
  virtual bool deep() const = 0;
};

struct CheckOptions {
  /// Read every data page and value, not only the pages that describe them.
  bool deep = true;
  /// Stop collecting after this many problems (counting goes on).
  std::size_t max_problems = 1000;
  /// The checks of composites, by the name of their kind; with() adds them.
  std::map<std::string, std::function<void(const ReadScope&, CheckSink&)>> kinds;

  /// Has `T::check(const T::View&, CheckSink&)` called for each collection of T's kind, children
  /// included, after its pages were checked. It runs with no lock held. A quire::Error that it
  /// throws because of what it finds is a problem too; anything else comes out of check().
  template <class T>
  CheckOptions& with() {
    kinds.insert_or_assign(std::string(T::kKind), [](const ReadScope& scope, CheckSink& sink) {
      T::check(typename T::View(scope), sink);
    });
    return *this;
  }
};

struct CheckProblem {
  std::uint32_t page = UINT32_MAX;  // UINT32_MAX: no single page is at fault
  std::string collection;           // empty: the engine's own structures
  std::string what;
  /// The page is in use, and nothing that can be read leads to it: a consequence of the damage that
  /// other problems tell of.
  bool unreached = false;
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
  // Of collections, of children of composites, and of what was dropped and is not free yet.
  std::uint64_t blob_pages = 0;
  std::uint64_t list_pages = 0;
  std::uint64_t hash_pages = 0;
  std::uint64_t free_pages = 0;
  /// Leaked, or claimed twice, or not readable far enough to say.
  std::uint64_t unaccounted_pages = 0;
  std::uint64_t collections = 0;  // that have a name of their own

  bool ok() const noexcept { return problem_count == 0; }
};

/// Called now and then with the work done and the whole, in any unit.
using ProgressFunction = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace quire
