#include <functional>

#include "tests/engine/file_database_test.h"

// I20: a reader writes nothing. What it sees is what the next writer will see.

namespace quire {
namespace {

class ReadOnlyTest : public testing::FileDatabaseTest {};

TEST_F(ReadOnlyTest, MakesNoFile) {
  EXPECT_TRUE(open_fails(ErrorCode::not_found, {"no such file"}, read_only()));
  EXPECT_TRUE(std::filesystem::is_empty(directory));
}

TEST_F(ReadOnlyTest, RefusesEveryChange) {
  make_clean();
  const Contents before = contents_of(directory);
  {
    Database database = Database::open(path, read_only());
    const std::function<void()> calls[] = {
        [&] { database.begin(); },
        [&] { database.try_begin(std::chrono::nanoseconds(0)); },
        [&] { store(database, 2); },
        [&] { database.checkpoint(); },
    };
    for (const auto& call : calls) {
      EXPECT_TRUE(fails(ErrorCode::read_only, {"read-only"}, call));
    }
    EXPECT_NO_THROW(database.sync());
    expect_content(database, 1);
    database.close();
  }
  EXPECT_EQ(contents_of(directory), before);
}

TEST_F(ReadOnlyTest, ReplaysALiveLogIntoMemoryAndLeavesEveryByteAlone) {
  make_crashed();
  const Contents before = contents_of(directory);
  ASSERT_GE(before.size(), 4u);
  {
    Database database = Database::open(path, read_only());
    EXPECT_EQ(database.info().recovered_commits, 3u);
    expect_content(database, 2);
    EXPECT_EQ(contents_of(directory), before) << "while open";
    database.close();
  }
  { const Database database = Database::open(path, read_only()); }  // closed by its destructor
  EXPECT_EQ(contents_of(directory), before);
  expect_content(2);
}

TEST_F(ReadOnlyTest, ReplaysTheSameLogForTwoReadersAtOnce) {
  make_crashed();
  const Database one = Database::open(path, read_only());
  const Database two = Database::open(path, read_only());
  EXPECT_EQ(one.snapshot().seq(), two.snapshot().seq());
  expect_content(one, 2);
  expect_content(two, 2);
}

TEST_F(ReadOnlyTest, RefusesALogThatIsLargerThanItsCache) {
  options.wal_segment_size = std::size_t{1} << 20;
  {
    Database database = Database::open(path, options);
    database.transact([](Transaction& transaction) {
      transaction.open<Blob>("large").append(std::string(300'000, 'x'));
    });
    const Contents left = contents_of(directory);
    database.close();
    replace_contents(directory, left);
  }
  const Contents before = contents_of(directory);
  Options small = read_only();
  small.cache_size = std::size_t{64} << 10;
  EXPECT_TRUE(open_fails(ErrorCode::invalid_argument,
                         {"cache_size", "open the database for writing"}, small));
  EXPECT_EQ(contents_of(directory), before);

  const Database database = Database::open(path, read_only());
  EXPECT_EQ(testing::contents(database.snapshot().open<Blob>("large")), std::string(300'000, 'x'));
  testing::expect_sound(database);
  EXPECT_EQ(contents_of(directory), before);
}

TEST_F(ReadOnlyTest, ReadsALargeFileThroughASmallCache) {
  make_clean();
  {
    Database database = Database::open(path, options);
    database.transact([](Transaction& transaction) {
      transaction.open<Blob>("large").append(std::string(1'000'000, 'x'));
    });
    database.close();
  }
  Options small = read_only();
  small.cache_size = std::size_t{64} << 10;
  const Database database = Database::open(path, small);
  EXPECT_EQ(testing::contents(database.snapshot().open<Blob>("large")),
            std::string(1'000'000, 'x'));
  expect_content(database, 1);
}

TEST_F(ReadOnlyTest, LeavesTheLeftOversOfOthersAlone) {
  make_clean();
  write_file(segment(1), std::string(65'536, '\0'));
  write_file(path + "-wal-new.0123456789abcdef", "unfinished");
  write_file(path + "-new.0123456789abcdef", "unfinished");
  const Contents before = contents_of(directory);
  expect_content(Database::open(path, read_only()), 1);
  EXPECT_EQ(contents_of(directory), before);
  expect_content(1);
  EXPECT_EQ(contents_of(directory).size(), 1u) << "a writer tidies up";
}

}  // namespace
}  // namespace quire
