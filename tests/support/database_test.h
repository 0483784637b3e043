#pragma once

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <map>
#include <optional>
#include <string>

#include "os/memory_file_system.h"

namespace quire::testing {

/// Fails the test, naming each problem, unless check() finds every page of the database accounted for exactly once and
/// every structure sound.
inline void expect_sound(const Database& database) {
  const CheckReport report = database.check();
  for (const CheckProblem& problem : report.problems) {
    ADD_FAILURE() << "check: page " << problem.page << " of '" << problem.collection
                  << "': " << problem.what;
  }
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.pages, report.header_pages + report.map_pages + report.catalog_pages +
                              report.blob_pages + report.list_pages + report.hash_pages +
                              report.free_pages + report.unaccounted_pages);
}

/// A database on files in memory that is checked when the test ends, open or not.
class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() { options.file_system = &files; }

  void TearDown() override {
    if (!checks_at_end || !files.status(kPath)) return;
    if (!database) ASSERT_NO_THROW(open());
    expect_sound(*database);
    database->close();
    open();  // and once more from the bytes of the clean file
    expect_sound(*database);
    database.reset();
  }

  Database& open() {
    database.reset();
    database.emplace(Database::open(kPath, options));
    return *database;
  }

  /// Lets go without closing, as a killed process does: files stay as they are, locks go. Only for databases with
  /// nothing open.
  Database& crash_and_reopen();

  static constexpr const char* kPath = "/dir/test.quire";

  os::MemoryFileSystem files;
  Options options;
  std::optional<Database> database;
  bool checks_at_end = true;
};

/// All entries of a table.
inline std::map<std::string, std::string> contents(const HashView& table) {
  std::map<std::string, std::string> entries;
  for (const auto [key, value] : table) entries.emplace(key.str(), value.str());
  return entries;
}

inline std::string contents(const BlobView& blob) {
  const std::vector<std::byte> bytes = blob.read_all();
  return ByteView(bytes).str();
}

}  // namespace quire::testing
