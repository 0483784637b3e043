#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tests/engine/file_database_test.h"
#include "tests/os/child.h"
#include "tests/support/budget.h"
#include "tests/support/tally.h"
#include "tests/support/tried.h"

// A process that may not make files longer than a limit (RLIMIT_FSIZE, with SIGXFSZ ignored), or open
// more of them (RLIMIT_NOFILE): as on a full disk, a commit that finds no room is OutOfSpace and
// leaves no trace, the database goes on, and all that was acknowledged is there.

namespace quire {
namespace {

using testing::Tally;

constexpr std::uint64_t kMostCommits = 40;
constexpr std::size_t kOneThread = 1;
constexpr int kFailure = 60;  // codes of the child from here on; below, the number of its commits

void limit_file_size(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {bytes, bytes};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("setrlimit");
}

void commit(Database& database, std::uint64_t number, std::size_t blob_bytes) {
  database.transact([&](Transaction& transaction) {
    Tally::count(transaction, 0, number);
    transaction.open<Blob>("blob").append(std::string(blob_bytes, 'b'));
  });
}

/// False if there was no room.
bool try_commit(Database& database, std::uint64_t number, std::size_t blob_bytes) {
  try {
    commit(database, number, blob_bytes);
    return true;
  } catch (const OutOfSpace&) {
    return false;
  }
}

bool holds(const Database& database, std::uint64_t commits) {
  const Tally tally = Tally::read(database.snapshot(), kOneThread);
  tally.require_whole();
  return tally.total == commits && database.check().ok();
}

/// Commits until there is no room for a large one, then until there is none for a small one.
int fill(Database& database) {
  std::uint64_t commits = 0;
  for (const std::size_t blob_bytes : {std::size_t{30'000}, std::size_t{10}}) {
    while (commits < kMostCommits && try_commit(database, commits + 1, blob_bytes)) ++commits;
    if (!holds(database, commits)) return kFailure;
  }
  database.checkpoint();
  if (!holds(database, commits)) return kFailure + 1;
  database.close();
  return static_cast<int>(commits);
}

class FileLimitTest : public testing::FileDatabaseTest {
 protected:
  /// The number of commits that fit; less than kFailure unless something was wrong.
  int fill_under(rlim_t limit) const {
    return os::in_child([&] {
      limit_file_size(limit);
      try {
        Database database = Database::open(path, options);
        return fill(database);
      } catch (const IoError& error) {
        return error.error_number() == EFBIG ? 0 : kFailure + 2;  // there is no room for anything
      } catch (const OutOfSpace&) {
        return 0;
      }
    });
  }

  void expect_fills_up_without_harm(std::initializer_list<rlim_t> limits) {
    int most = 0;
    for (const rlim_t limit : limits) {
      SCOPED_TRACE(std::to_string(limit) + " bytes");
      replace_contents(directory, {});
      const int commits = fill_under(limit);
      ASSERT_GE(commits, 0) << "a signal";
      ASSERT_LT(commits, kFailure);
      most = std::max(most, commits);
      Database database = Database::open(path, options);
      testing::expect_sound(database);
      EXPECT_TRUE(holds(database, static_cast<std::uint64_t>(commits)));
      EXPECT_NO_THROW(commit(database, static_cast<std::uint64_t>(commits) + 1, 200'000));
      database.close();
    }
    testing::tried("limits of file sizes", limits.size());
    EXPECT_GT(most, 1);
  }
};

TEST_F(FileLimitTest, DatabaseFileThatMayNotGrowIsOutOfSpaceAndHarmsNothing) {
  options.wal_limit = std::size_t{128} << 10;
  expect_fills_up_without_harm({4096, 10'000, 16'384, 50'000, 65'536, 70'000, 262'144, 300'000,
                                332'800, 400'001, 524'288, 600'000, 786'432, 900'000});
}

TEST_F(FileLimitTest, LogThatMayNotGrowIsOutOfSpaceAndHarmsNothing) {
  options.wal_segment_size = std::size_t{8} << 20;  // the second segment has 2 MiB, if it may
  expect_fills_up_without_harm({1'000'000, 1'048'576, 1'500'000, 2'000'000});
}

// ---- open files; not where the sanitizer opens pipes to look at an exception

#if !QUIRE_IS_SANITIZED

/// While it lives, only `spare` more files can be opened.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit limit = {static_cast<rlim_t>(lowest_free) + spare, before_.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("setrlimit");
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_;
};

/// Commits a few times with so few descriptors, then with as many as are needed. The number of the
/// first ones that were made, or a failure.
int commit_with(Database& database, rlim_t spare) {
  constexpr std::uint64_t kAttempts = 5;
  std::uint64_t commits = 0;
  {
    const FewDescriptors few(spare);
    // Large enough that each needs another segment.
    for (std::uint64_t i = 0; i < kAttempts; ++i) {
      if (try_commit(database, commits + 1, 100'000)) ++commits;
    }
    try {
      database.checkpoint();
    } catch (const OutOfSpace&) {
    }
  }
  if (!holds(database, commits)) return kFailure;
  commit(database, commits + 1, 100'000);
  database.checkpoint();
  if (!holds(database, commits + 1)) return kFailure + 1;
  database.close();
  return static_cast<int>(commits);
}

TEST_F(FileLimitTest, NoDescriptorForALogSegmentIsOutOfSpaceAndHarmsNothing) {
  for (const bool has_log : {false, true}) {
    for (const rlim_t spare : {0u, 1u, 2u, 3u, 10u}) {
      SCOPED_TRACE(std::to_string(spare) + " descriptors" + (has_log ? ", with a log" : ""));
      replace_contents(directory, {});
      const int commits = os::in_child([&] {
        try {
          Database database = Database::open(path, options);
          if (has_log) database.transact([](Transaction& txn) { txn.create<List>("l"); });
          return commit_with(database, spare);
        } catch (const IoError&) {
          return kFailure + 2;
        }
      });
      ASSERT_LT(commits, kFailure);
      if (spare <= 1) {
        EXPECT_EQ(commits, 0) << "each of them needs two segments";
      } else if (spare == 10) {
        EXPECT_GT(commits, 0);
      }
      Database database = Database::open(path, options);
      EXPECT_TRUE(holds(database, static_cast<std::uint64_t>(commits) + 1));
    }
  }
}

#endif

}  // namespace
}  // namespace quire
