#pragma once

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/memory_file_system.h"

namespace quire::testing {

/// Fails the test, naming each problem, unless check() finds every page of the database accounted
/// for exactly once and every structure sound, and composites as `options` have them checked.
inline void expect_sound(const Database& database, const CheckOptions& options = {}) {
  const CheckReport report = database.check(options);
  for (const CheckProblem& problem : report.problems) {
    ADD_FAILURE() << "check: page " << problem.page << " of '" << problem.collection
                  << "': " << problem.what;
  }
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.pages, report.header_pages + report.map_pages + report.catalog_pages +
                              report.blob_pages + report.list_pages + report.hash_pages +
                              report.free_pages + report.unaccounted_pages);
}

/// Files in memory without threads, so that a copy of them is what a crash between two calls would
/// leave.
inline std::unique_ptr<os::MemoryFileSystem> memory_files() {
  return std::make_unique<os::MemoryFileSystem>(os::MemoryFileSystem::Threads::no);
}

/// A copy of all files in a directory, with the content that a read returns now.
inline std::unique_ptr<os::MemoryFileSystem> copy_of(FileSystem& files,
                                                     const std::string& directory) {
  auto copies = memory_files();
  for (const std::string& name : files.list(directory)) {
    const std::string path = directory + "/" + name;
    const auto from = files.open(path, OpenMode::read_only);
    const FileStatus status = from->status();
    std::vector<std::byte> bytes(status.size);
    from->read_at(0, bytes);
    copies->open(path, OpenMode::create, status.mode)->write_at(0, ByteView(bytes));
  }
  return copies;
}

/// A database on files in memory that is checked when the test ends, open or not.
class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() { options.file_system = files.get(); }

  void TearDown() override {
    if (!checks_at_end || !files->status(kPath)) return;
    if (!database) open();
    expect_sound(*database, check_options);
    close();
    open();  // and once more from the bytes of the clean file
    expect_sound(*database, check_options);
    database.reset();
  }

  void close() {
    database->close();
    database.reset();
  }

  Database& open() {
    database.reset();
    database.emplace(Database::open(kPath, options));
    return *database;
  }

  /// Goes on with a copy of the files as they are now, as if the process had been killed: nothing
  /// that the database does afterwards is seen. Opens the copy.
  Database& crash_and_reopen() {
    crash();
    return open();
  }
  /// The same without opening it.
  void crash() {
    auto copies = copy_of(*files, "/dir");
    database.reset();  // writes to the files that are left behind
    left_behind.push_back(std::exchange(files, std::move(copies)));
    options.file_system = files.get();
  }

  static constexpr const char* kPath = "/dir/test.quire";

  std::unique_ptr<os::MemoryFileSystem> files = memory_files();
  std::vector<std::unique_ptr<os::MemoryFileSystem>>
      left_behind;  // what a killed process may still use
  Options options;
  std::optional<Database> database;
  bool checks_at_end = true;
  CheckOptions check_options;
};

/// All entries of a table.
inline std::map<std::string, std::string> contents(const HashView& table) {
  std::map<std::string, std::string> entries;
  for (const auto [key, value] : table) entries.emplace(key.str(), value.str());
  return entries;
}

/// All items of a list.
inline std::vector<std::string> contents(const ListView& list) {
  std::vector<std::string> items;
  for (const Value item : list) items.push_back(item.str());
  return items;
}

inline std::string contents(const BlobView& blob) {
  const std::vector<std::byte> bytes = blob.read_all();
  return ByteView(bytes).str();
}

}  // namespace quire::testing
