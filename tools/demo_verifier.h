#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quire/database.h>

#include "tools/demo_content.h"
#include "tools/demo_directories.h"
#include "tools/demo_importer.h"
#include "tools/demo_plan.h"
#include "tools/demo_words.h"

namespace quire::tools {

/// Compares the demo's database with what its importers acknowledged and with the source files.
/// Reads only. Remembers what it has compared, so that a file is compared once after the kill that
/// it survived first, and once more at the end. One thread at a time.
class DemoVerifier {
 public:
  explicit DemoVerifier(const DemoPlan& plan) : plan_(plan), directories_(plan.paths) {}

  /// After a recovery: everything acknowledged is there, every file that is there is whole and
  /// equal to its source, and nothing is there of a transaction that is not there as a whole.
  /// Returns how far the import has come.
  DemoProgress verify_recovered(const Database& database, const Acknowledgement& last);

  /// After the import: everything is there, and every byte of every file equals its source.
  void verify_complete(const Database& database);

  /// What did not hold, in words; empty is success.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

  // Of verify_complete():
  std::uint64_t files_compared() const noexcept { return files_compared_; }
  std::uint64_t bytes_compared() const noexcept { return bytes_compared_; }
  /// Files whose source has changed, or gone, since it was read.
  std::uint64_t files_changed() const noexcept { return files_changed_; }
  /// Files that could not be read when their turn came.
  std::uint64_t files_unreadable() const noexcept { return files_unreadable_; }
  /// Keys in "words".
  std::uint64_t word_keys() const noexcept { return word_keys_; }

 private:
  /// What was found under the paths that progress speaks of.
  struct Found {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t word_count = 0;
    WordsByKey words;
  };
  using PathsView = RecordsView<PathRecord>;

  void require(bool holds, const std::string& what);
  /// `content_from`: index of the first path whose content is compared too.
  DemoProgress verify(const Snapshot& snapshot, std::uint64_t content_from);
  void verify_arrivals(const ListView& arrivals, std::uint64_t count);
  void verify_facades(const Snapshot& snapshot, const DemoProgress& progress, const Found& found,
                      std::uint64_t content_from);
  Found verify_paths(const Snapshot& snapshot, const PathsView& records, std::uint64_t count,
                     std::uint64_t content_from);
  void verify_path(const Snapshot& snapshot, const PathsView& records, std::uint64_t index,
                   bool with_content, Found& found);
  void verify_content(const std::string& path, const PathRecord& record, const BlobView& blob);

  const DemoPlan& plan_;
  DemoDirectories directories_;
  std::vector<std::string> problems_;
  std::uint64_t verified_ = 0;  // paths whose content was compared after a kill
  std::uint64_t files_compared_ = 0;
  std::uint64_t bytes_compared_ = 0;
  std::uint64_t files_changed_ = 0;
  std::uint64_t files_unreadable_ = 0;
  std::uint64_t word_keys_ = 0;
};

}  // namespace quire::tools
