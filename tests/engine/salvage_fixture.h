#pragma once

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "os/memory_file_system.h"
#include "pager/page_format.h"
#include "tests/support/bag.h"
#include "tests/support/database_test.h"
#include "tests/testing/modelled_transaction.h"

namespace quire::testing {

inline const std::string kSalvageDirectory = "/dir";
inline const std::string kBrokenPath = kSalvageDirectory + "/broken.quire";
inline const std::string kNewPath = kSalvageDirectory + "/new.quire";

/// Bytes that differ for each number and repeat nowhere soon.
std::string salvage_text(std::size_t count, std::size_t number);

/// Files with a database that can be damaged page by page, and every state that was committed.
class SalvageFiles {
 public:
  SalvageFiles();

  /// Commits to the database, which is opened for it, and closes it or leaves it as a crash would.
  enum class End { closed, crashed };
  void commit(const std::vector<ModelledTransaction::Change>& changes, End end = End::closed);

  /// Commits and leaves the files as a crash would; returns the database file as it would be had it
  /// been closed instead.
  std::vector<std::byte> commit_and_close_later(
      const std::vector<ModelledTransaction::Change>& changes);

  FileSystem& files() noexcept { return *files_; }
  const std::vector<Model>& history() const noexcept { return history_; }
  const Model& newest() const noexcept { return history_.back(); }

  std::vector<std::byte> read(const std::string& path) const;
  void write(const std::string& path, const std::vector<std::byte>& bytes);
  std::size_t page_count() const;
  /// As the intact database tells it.
  std::string uuid() const;
  /// What a page says it is, intact or not.
  StructurePageHeader header(Pid pid) const;
  /// The pages of that owner and type, by number; stale ones too.
  std::vector<Pid> pages(CollectionId owner, PageType type) const;
  void zero(Pid pid);
  /// Puts the page as another state of the file has it.
  void put_page_of(const std::vector<std::byte>& image, Pid pid);
  void flip(Pid pid, std::size_t offset);
  void damage_headers();
  std::vector<std::string> segments() const;

  /// Salvages into kNewPath, after it has removed what is there. Fails the test if the broken files
  /// have changed, if a temporary file is left, or if the new database is not sound.
  SalvageReport salvage(SalvageOptions options = {});
  /// What the last salvage has made.
  Model result() const;
  /// The account of what had that name, or of a child.
  static const SalvagedCollection& account(const SalvageReport& report, const std::string& former);

 private:
  std::map<std::string, std::vector<std::byte>> broken_files() const;

  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  std::vector<std::unique_ptr<os::MemoryFileSystem>> left_behind_;
  Options options_;
  std::vector<Model> history_{Model{}};
};

/// Fails the test if the new database holds anything that no commit of `history` has: what has its
/// own name must be what one commit has left; entries and items elsewhere must have been committed
/// in a collection of that kind; what is left of a blob must be what one commit has left of it.
void expect_committed(const Model& result, const SalvageReport& report,
                      const std::vector<Model>& history);

}  // namespace quire::testing
