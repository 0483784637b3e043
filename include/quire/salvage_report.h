#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quire/check_report.h>

namespace quire {

class FileSystem;

/// How Database::salvage() works.
struct SalvageOptions {
  /// Where both databases are, as Options::file_system.
  FileSystem* file_system = nullptr;
  /// Options::cache_size of the new database; segments of its log are no larger.
  std::size_t cache_size = std::size_t{64} << 20;
  /// The database's uuid, 32 hexadecimal digits as DatabaseInfo::uuid; needed only if both header
  /// slots and the log are lost, when nothing else tells whether a page is intact. Empty: unknown.
  /// One that no page agrees with is ignored (SalvageReport::uuid_rejected).
  std::string uuid;
  /// The checks of composites (CheckOptions::with()): one that has lost something stays what it is
  /// if it passes its own check, and is taken apart into its children otherwise. The other members
  /// do not count.
  CheckOptions checks;
};

/// Of a blob, bytes [begin, end); of a list, the former items with these numbers.
struct SalvagedRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// What became of one collection, or of one child of a composite.
struct SalvagedCollection {
  /// In the new database; of a child, behind those of its parents and a slash each. Empty for a
  /// composite that was taken apart.
  std::string name;
  /// In the broken one; empty if the catalog no longer tells.
  std::string former_name;
  std::string kind;
  std::uint32_t id = 0;  // in the broken database
  /// It is a child of a composite of the new database, not a collection of its own.
  bool child = false;
  /// Everything is there, exactly as one commit left it.
  bool whole = true;
  /// All that was found of it is of a commit after SalvageReport::seq: a checkpoint had written it
  /// before the log was lost.
  bool newer = false;
  /// Bytes of a blob, entries of a hash, items of a list, children of a composite.
  std::uint64_t found = 0;
  /// The same that are missing; nothing if nobody can say how many there were.
  std::optional<std::uint64_t> lost = 0;
  /// Where a blob or list lacks something: the first of them, ascending; lost bytes read as zeros,
  /// lost items are left out.
  std::vector<SalvagedRange> lost_ranges;
  /// Items or entries that were found without their place: at the end of a list, in no order.
  std::uint64_t loose = 0;
  /// What else there is to know, in words.
  std::vector<std::string> remarks;

  /// lost_ranges has at most so many.
  static constexpr std::size_t kMaxRanges = 1000;
};

/// A page that somebody pointed at and that cannot be used.
struct UnreadablePage {
  std::uint32_t page = 0;
  std::string what;
};

/// What Database::salvage() has found, and what not.
struct SalvageReport {
  /// Sorted by name.
  std::vector<SalvagedCollection> collections;

  std::uint64_t pages = 0;  // of the broken database
  /// Of them, those that are gone because the file was cut.
  std::uint64_t missing_pages = 0;
  std::uint64_t unreadable_page_count = 0;
  std::vector<UnreadablePage> unreadable_pages;  // the first 1000
  /// The newest commit that is there; nothing if the header is lost and the log does not tell.
  std::optional<std::uint64_t> seq;

  /// Neither header slot is intact and this database's.
  bool header_lost = false;
  /// A header slot is intact, but no page or log agrees with its uuid: it is another database's, or
  /// all pages are damaged. If `header_lost` too, pages agree with SalvageOptions::uuid or the log.
  bool header_foreign = false;
  /// The catalog could not be read as a whole: names may be missing.
  bool catalog_lost = false;
  /// Pages were compared with their sums. False if nothing tells the uuid: then any page may be
  /// damaged unseen.
  bool sums_compared = true;
  /// SalvageOptions::uuid was given, and the header or the pages say that it is another's.
  bool uuid_rejected = false;
  /// Why the log was not replayed to its end; empty if it was, or if there is none.
  std::string log_damage;
  /// False if nobody can say which commit the file holds: then all collections are named
  /// "salvaged/unverified/..".
  bool is_certain = true;

  /// Nothing is missing or in doubt.
  bool ok() const noexcept {
    return !catalog_lost && is_certain && log_damage.empty() &&
           std::all_of(collections.begin(), collections.end(),
                       [](const SalvagedCollection& collection) { return collection.whole; });
  }
};

}  // namespace quire
