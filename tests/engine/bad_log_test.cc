#include <algorithm>
#include <string>
#include <vector>

#include "tests/engine/file_database_test.h"

// Logs that are missing, or belong to something else. A log that is needed is never ignored, and
// one that is not ours is neither replayed nor deleted.

namespace quire {
namespace {

namespace fs = std::filesystem;

class BadLogTest : public testing::FileDatabaseTest {
 protected:
  BadLogTest() {
    options.on_event = [this](const Event& event) { events_.push_back(event); };
  }

  int segment_count() const {
    int count = 0;
    while (fs::exists(segment(count + 1))) ++count;
    return count;
  }

  /// Takes segment `number` away, expects that nothing opens, and puts it back.
  void expect_needed(int number) {
    const std::string away = elsewhere("segment");
    fs::rename(segment(number), away);
    const Contents before = contents_of(directory);
    EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(number)}));
    EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(number)}, read_only()));
    EXPECT_EQ(contents_of(directory), before);
    fs::rename(away, segment(number));
  }

  /// The bytes of every file whose name tells that it was set aside.
  std::vector<std::string> set_aside() const {
    std::vector<std::string> found;
    for (const auto& [name, bytes] : contents_of(directory)) {
      if (name.starts_with("shop.quire-wal-aside.")) found.push_back(bytes);
    }
    return found;
  }

  /// Expects one event for each file that was set aside, naming it.
  void expect_reported() const {
    for (const auto& [name, bytes] : contents_of(directory)) {
      if (!name.starts_with("shop.quire-wal-aside.")) continue;
      EXPECT_EQ(std::count_if(events_.begin(), events_.end(),
                              [&file = name](const Event& event) {
                                return event.kind == Event::Kind::set_aside &&
                                       event.message.find(file + "'") != std::string::npos;
                              }),
                1)
          << name;
    }
  }

 private:
  std::vector<Event> events_;
};

TEST_F(BadLogTest, RefusesALogWithoutOneOfItsSegmentsWhicheverItIs) {
  make_crashed();
  const int count = segment_count();
  ASSERT_GE(count, 3);
  expect_needed(1);
  expect_needed(2);
  // Behind the last END the next segment may be prepared only; that one is not needed.
  expect_needed(count - 1);
  expect_content(2);
}

TEST_F(BadLogTest, RefusesADirtyFileWithoutAnyLog) {
  make_crashed();
  const Contents before = contents_of(directory);
  for (int number = segment_count(); number > 0; --number) fs::remove(segment(number));
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(1), "which is needed"}));
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(1)}, read_only()));
  replace_contents(directory, before);
  expect_content(2);
}

TEST_F(BadLogTest, RefusesTheLogOfAnotherDatabaseInPlaceOfItsOwn) {
  make_crashed();
  const Contents ours = contents_of(directory);
  replace_contents(directory, {});
  make_crashed();
  const Contents theirs = contents_of(directory);
  Contents mixed = theirs;
  mixed["shop.quire"] = ours.at("shop.quire");
  replace_contents(directory, mixed);
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(1), "another log"}));
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(1), "another log"}, read_only()));
  EXPECT_EQ(contents_of(directory), mixed);
  replace_contents(directory, ours);
  expect_content(2);
}

TEST_F(BadLogTest, RefusesOneSegmentOfAnotherDatabaseAmongItsOwn) {
  make_crashed();
  const Contents ours = contents_of(directory);
  replace_contents(directory, {});
  make_crashed();
  Contents mixed = ours;
  mixed["shop.quire-wal.000002"] = read_file(segment(2));
  replace_contents(directory, mixed);
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {segment(2), "another log"}));
  EXPECT_EQ(contents_of(directory), mixed);
  replace_contents(directory, ours);
  expect_content(2);
}

TEST_F(BadLogTest, SetsTheLogOfAnotherDatabaseBesideACleanFileAside) {
  make_crashed();
  const std::string their_first = read_file(segment(1));
  const std::string their_second = read_file(segment(2));
  replace_contents(directory, {});
  make_clean();
  write_file(segment(1), their_first);
  write_file(segment(2), their_second);

  const Contents before = contents_of(directory);
  expect_content(Database::open(path, read_only()), 1);
  EXPECT_EQ(contents_of(directory), before) << "read-only";

  expect_content(1);
  EXPECT_EQ(set_aside(), (std::vector{their_first, their_second}));
  EXPECT_FALSE(fs::exists(segment(1)));
  expect_reported();
}

TEST_F(BadLogTest, SetsAForeignSegmentBehindItsOwnLogAside) {
  make_crashed();
  const std::string theirs = read_file(segment(1));
  replace_contents(directory, {});
  make_crashed();
  write_file(segment(99), theirs);
  expect_content(2);
  EXPECT_EQ(set_aside(), std::vector{theirs});
  expect_reported();
}

TEST_F(BadLogTest, SetsTheNewerLogAsideWhenAnOlderBackupIsPutBack) {
  make_clean();
  const std::string backup = read_file(path);
  make_crashed();  // a later life of the same file
  const Contents crashed = contents_of(directory);
  write_file(path, backup);

  expect_content(1);
  std::vector<std::string> log;
  for (int number = 1; crashed.contains(fs::path(segment(number)).filename()); ++number) {
    log.push_back(crashed.at(fs::path(segment(number)).filename()));
  }
  // A segment that was only prepared holds nothing and goes.
  std::erase_if(log, [](const std::string& bytes) {
    return bytes.find_first_not_of('\0') == std::string::npos;
  });
  EXPECT_EQ(set_aside(), log);
  expect_reported();

  // Whoever has noticed the mistake puts everything back, under its old names.
  replace_contents(directory, crashed);
  expect_content(2);
}

TEST_F(BadLogTest, SetsASecondLogOfTheSameNameAsideBesideTheFirst) {
  make_clean();
  const std::string backup = read_file(path);
  make_crashed();
  const Contents crashed = contents_of(directory);
  for (int time = 0; time < 2; ++time) {
    write_file(path, backup);
    write_file(segment(1), crashed.at("shop.quire-wal.000001"));
    expect_content(1);
  }
  const std::vector<std::string> aside = set_aside();
  EXPECT_EQ(std::count(aside.begin(), aside.end(), crashed.at("shop.quire-wal.000001")), 2);
}

TEST_F(BadLogTest, GoesOnAfterALogWasSetAside) {
  make_crashed();
  const std::string theirs = read_file(segment(1));
  replace_contents(directory, {});
  make_clean();
  write_file(segment(1), theirs);
  {
    Database database = Database::open(path, options);
    store(database, 3);  // makes a segment of the name that the foreign one had
    expect_content(database, 3);
  }
  EXPECT_EQ(set_aside(), std::vector{theirs});
  expect_content(3);
}

TEST_F(BadLogTest, DeletesLeftOverSegmentsOfItsOwnLog) {
  make_crashed();
  const Contents crashed = contents_of(directory);
  expect_content(2);  // recovers, and leaves a clean file
  for (const auto& [name, bytes] : crashed) {
    if (name != "shop.quire") write_file(directory + "/" + name, bytes);
  }
  expect_content(2);
  EXPECT_EQ(contents_of(directory).size(), 1u);
}

TEST_F(BadLogTest, TouchesNoFileThatALinkPlantedAsASegmentLeadsTo) {
  make_clean();
  const std::string victim = elsewhere("victim");
  write_file(victim, std::string(20'000, 'v'));
  fs::create_symlink(victim, segment(1));
  {
    Database database = Database::open(path, options);
    store(database, 2);
  }
  EXPECT_EQ(read_file(victim), std::string(20'000, 'v'));
  expect_content(2);
}

TEST_F(BadLogTest, FailsTheCommitWhenADirectoryHasTheNameOfItsLog) {
  make_clean();
  fs::create_directory(segment(1));
  {
    Database database = Database::open(path, options);
    EXPECT_TRUE(fails(ErrorCode::io, {segment(1)}, [&] { store(database, 2); }));
    expect_content(database, 1);
  }
  EXPECT_TRUE(fs::is_directory(segment(1)));
  fs::remove(segment(1));
  expect_content(1);
}

}  // namespace
}  // namespace quire
