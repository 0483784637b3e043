#include <gtest/gtest-spi.h>

#include "engine/recovery.h"
#include "engine/session.h"
#include "structures/blob_format.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

/// Damages databases on purpose, so the fixture's own check at the end is left out.
class CheckTest : public DatabaseTest {
 protected:
  CheckTest() { checks_at_end = false; }

  /// Runs `damage(PrivatePages&)` inside a transaction and commits it with valid checksums.
  template <class Damage>
  void commit_damage(const Damage& damage) {
    database.reset();
    auto core = engine::Core::start(engine::open_file(kPath, options), options);
    auto session = engine::TransactionSession::start(core, nullptr);
    damage(session->pages());
    session->commit(Durability::immediate);
    session.reset();
    core->close();
    open();
  }

  void fill() {
    open().transact([](Transaction& txn) {
      txn.open<Hash>("h").put("k", std::string(5000, 'v'));
      txn.open<Blob>("b").append(std::string(50'000, 'x'));
    });
  }

  /// Flips a bit in the file, behind the back of the database.
  void flip_bit(std::uint64_t offset) {
    const auto file = files->open(kPath, OpenMode::read_write);
    std::array<std::byte, 1> byte;
    file->read_at(offset, byte);
    byte[0] ^= std::byte{4};
    file->write_at(offset, ByteView(byte));
  }

  /// The header of the first page of this type, once all is saved.
  StructurePageHeader header_of(PageType type) {
    database->checkpoint();
    const auto file = files->open(kPath, OpenMode::read_only);
    StructurePageHeader header{};
    for (Pid pid = kFirstMapPage; header.type != static_cast<std::uint8_t>(type); ++pid) {
      const auto bytes = std::as_writable_bytes(std::span(&header, 1));
      if (file->read_at(std::uint64_t{pid} * kPageSize, bytes) != sizeof header) {
        throw std::runtime_error("the file has no such page");
      }
    }
    return header;
  }

  bool has_problem(const std::string& what) {
    const CheckReport report = database->check();
    return std::any_of(
        report.problems.begin(), report.problems.end(),
        [&](const CheckProblem& problem) { return problem.what.find(what) != std::string::npos; });
  }
};

TEST_F(CheckTest, AccountsForEveryPageOfASoundDatabase) {
  fill();
  const CheckReport report = database->check();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.pages, database->info().page_count);
  EXPECT_EQ(report.header_pages, 2u);
  EXPECT_EQ(report.map_pages, 1u);
  EXPECT_EQ(report.blob_pages, 14u);
  EXPECT_EQ(report.collections, 2u);
  EXPECT_EQ(report.unaccounted_pages, 0u);
}

TEST_F(CheckTest, TheFixtureTurnsRedWhenAPageLeaks) {
  fill();
  commit_damage([](pager::PrivatePages& pages) { pages.allocate(1, PageState::data); });

  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &failures);
    expect_sound(*database);
  }
  ASSERT_GT(failures.size(), 0);
  EXPECT_NE(std::string(failures.GetTestPartResult(0).message()).find("leaked"), std::string::npos);
  EXPECT_EQ(database->check().unaccounted_pages, 1u);
}

TEST_F(CheckTest, FindsAPageThatIsUsedAndFree) {
  fill();
  commit_damage([](pager::PrivatePages& pages) { pages.free(pages.page_count() - 1, 1); });
  EXPECT_TRUE(has_problem("but the space map says it is free"));
}

// Both places have the same bytes, and the sum is that of the page: no read notices.
TEST_F(CheckTest, FindsAPageThatIsClaimedTwice) {
  fill();
  const StructurePageHeader root = header_of(PageType::blob_root);
  commit_damage([&](pager::PrivatePages& pages) {
    auto& page = *reinterpret_cast<structures::BlobRootPage*>(
        pages.modify(root.pid, PageType::blob_root, root.owner).data());
    page.entries[1] = page.entries[0];
  });
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), std::string(50'000, 'x'));
  EXPECT_TRUE(has_problem("claimed a second time"));
}

TEST_F(CheckTest, FindsAFlippedBitOnAnyPage) {
  fill();
  const std::uint64_t pages = database->info().page_count;
  close();
  for (Pid pid = 2; pid < pages; ++pid) {
    const std::uint64_t offset = std::uint64_t{pid} * kPageSize + 2000;
    flip_bit(offset);
    try {
      const CheckReport report = open().check();
      EXPECT_FALSE(report.ok()) << "page " << pid;
      for (const CheckProblem& problem : report.problems)
        EXPECT_EQ(problem.what.find("restore"), std::string::npos) << problem.what;
      close();
    } catch (const CorruptionError& error) {
      EXPECT_EQ(error.page(), pid);
    }
    database.reset();
    flip_bit(offset);
  }
  EXPECT_TRUE(open().check().ok());
}

TEST_F(CheckTest, ReportsADamagedHeaderSlotThatTheNextWriterRepairs) {
  fill();
  for (const Pid slot : {0u, 1u}) {
    close();
    flip_bit(slot * kPageSize + 2000);
    options.read_only = true;
    const CheckReport report = open().check();
    ASSERT_EQ(report.problem_count, 1u);
    EXPECT_EQ(report.problems[0].page, slot);
    EXPECT_NE(report.problems[0].what.find("header slot is damaged"), std::string::npos);
    close();
    options.read_only = false;
    EXPECT_TRUE(open().check().ok());
  }
}

TEST_F(CheckTest, ReportsAHeaderSlotThatChangesWhileTheDatabaseIsOpen) {
  fill();
  database->checkpoint();
  EXPECT_TRUE(database->check().ok());
  flip_bit(kPageSize + 2000);
  EXPECT_TRUE(has_problem("header slot is damaged"));
  flip_bit(kPageSize + 2000);
  const auto file = files->open(kPath, OpenMode::read_write);
  pager::HeaderSlots slots(*file);
  pager::Header stale = *slots.read_one(1);
  stale.generation -= 1;
  slots.write(1, stale);
  EXPECT_TRUE(has_problem("not what was written last"));
}

TEST_F(CheckTest, ReportsADamagedPageOfTheCatalogOnce) {
  fill();
  const Pid bucket = 4;  // the catalog's only one
  close();
  flip_bit(bucket * kPageSize + 2000);
  std::map<std::string, int> told;
  for (const CheckProblem& problem : open().check().problems) {
    ++told[problem.what];
    EXPECT_EQ(problem.what.find("leaked"), std::string::npos) << problem.what;
  }
  int of_the_page = 0;
  for (const auto& [what, times] : told) {
    if (what.find("checksum") == std::string::npos) continue;
    of_the_page += times;
  }
  EXPECT_EQ(of_the_page, 1);
  database.reset();
}

TEST_F(CheckTest, ReportsAtMostAsManyProblemsAsAskedButCountsAll) {
  fill();
  commit_damage([](pager::PrivatePages& pages) { pages.allocate(50, PageState::structure); });
  CheckOptions few;
  few.max_problems = 3;
  const CheckReport report = database->check(few);
  EXPECT_EQ(report.problems.size(), 3u);
  EXPECT_EQ(report.problem_count, 50u);
}

TEST_F(CheckTest, LooksAtASnapshotWhileWritersGoOn) {
  fill();
  bool done = false;
  database->check({}, [&](std::uint64_t, std::uint64_t) {
    if (done) return;
    done = true;
    database->transact([](Transaction& txn) { txn.drop("b"); });
  });
  EXPECT_TRUE(done);
  EXPECT_TRUE(database->check().ok());
}

}  // namespace
}  // namespace quire::testing
