#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>

#include "tests/engine/file_database_test.h"

// One writer or many readers, whoever and wherever they are; everybody else is told so at once.

namespace quire {
namespace {

namespace fs = std::filesystem;

class LockTest : public testing::FileDatabaseTest {
 protected:
  ::testing::AssertionResult locked(const std::string& name, const Options& how) const {
    return fails(ErrorCode::locked, {"open elsewhere"}, [&] { Database::open(name, how); });
  }
};

TEST_F(LockTest, RefusesASecondOpenerInThisProcess) {
  make_clean();
  Database first = Database::open(path, options);
  store(first, 2);
  EXPECT_TRUE(locked(path, options));
  EXPECT_TRUE(locked(path, read_only()));
  store(first, 3);
  expect_content(first, 3);
  first.close();
  expect_content(3);
}

/// A process that opens the database, changes it, and keeps it open until this object goes.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<Database()>& open) {
    if (::pipe(to_child_) != 0 || ::pipe(from_child_) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) ::_exit(run(open));
    char byte = 0;
    has_opened_ = ::read(from_child_[0], &byte, 1) == 1;
  }
  ~OtherProcess() {
    EXPECT_EQ(::write(to_child_[1], "x", 1), 1);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_EQ(status, 0);
    for (const int fd : {to_child_[0], to_child_[1], from_child_[0], from_child_[1]}) ::close(fd);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  bool has_opened() const noexcept { return has_opened_; }

 private:
  int run(const std::function<Database()>& open) const noexcept {
    try {
      const Database database = open();
      char byte = 'x';
      if (::write(from_child_[1], &byte, 1) != 1) return 1;
      return ::read(to_child_[0], &byte, 1) == 1 ? 0 : 2;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 3;
    }
  }

  int to_child_[2] = {};
  int from_child_[2] = {};
  pid_t pid_ = -1;
  bool has_opened_ = false;
};

TEST_F(LockTest, RefusesASecondOpenerWhileAnotherProcessWrites) {
  make_clean();
  {
    const OtherProcess writer([&] {
      Database database = Database::open(path, options);
      store(database, 2);
      return database;
    });
    ASSERT_TRUE(writer.has_opened());
    EXPECT_TRUE(locked(path, options));
    EXPECT_TRUE(locked(path, read_only()));
  }
  expect_content(2);
}

TEST_F(LockTest, SharesTheFileWithAnotherProcessThatReads) {
  make_clean();
  {
    const OtherProcess reader([&] { return Database::open(path, read_only()); });
    ASSERT_TRUE(reader.has_opened());
    EXPECT_TRUE(locked(path, options));
    expect_content(Database::open(path, read_only()), 1);
  }
  expect_content(1);
}

TEST_F(LockTest, RefusesASecondOpenerByAnotherNameOfTheSameFile) {
  make_clean();
  const std::string hard_link = elsewhere("hard-shop.quire");
  const std::string symbolic_link = elsewhere("link");
  fs::create_hard_link(path, hard_link);
  fs::create_symlink(path, symbolic_link);
  const Database database = Database::open(path, options);
  EXPECT_THROW(Database::open(hard_link, options), LockedError);
  EXPECT_THROW(Database::open(symbolic_link, options), LockedError);
  EXPECT_THROW(Database::open(directory + "/../db/./shop.quire", options), LockedError);
  EXPECT_EQ(fs::file_size(path), fs::file_size(hard_link));
  expect_content(database, 1);
}

TEST_F(LockTest, RefusesASecondNameWithoutTheLogThatLiesBesideTheFirst) {
  make_crashed();
  const std::string second = directory + "/second.quire";
  fs::create_hard_link(path, second);
  const Contents before = contents_of(directory);
  try {
    Database::open(second, options);
    FAIL() << "opened without its log";
  } catch (const CorruptionError& error) {
    EXPECT_NE(std::string(error.what()).find(second), std::string::npos) << error.what();
  }
  EXPECT_EQ(contents_of(directory), before);
  fs::remove(second);
  expect_content(2);
}

TEST_F(LockTest, LetsReadersShareTheFileButNoWriter) {
  make_clean();
  {
    const Database one = Database::open(path, read_only());
    const Database two = Database::open(path, read_only());
    EXPECT_TRUE(locked(path, options));
    expect_content(one, 1);
    expect_content(two, 1);
  }
  expect_content(1);
}

TEST_F(LockTest, LetsNoWriterInBeforeTheLastReaderIsGone) {
  make_clean();
  Database one = Database::open(path, read_only());
  {
    const Database two = Database::open(path, read_only());
    one.close();
    EXPECT_TRUE(locked(path, options));
  }
  expect_content(1);
}

TEST_F(LockTest, KeepsTheLockWhenTheObjectMoves) {
  make_clean();
  Database first = Database::open(path, options);
  Database second = std::move(first);
  EXPECT_TRUE(locked(path, options));
  second.close();
  expect_content(1);
}

TEST_F(LockTest, KeepsTheLockForASnapshotThatOutlivesTheDatabase) {
  make_clean();
  {
    std::optional<Database> database = Database::open(path, options);
    const Snapshot snapshot = database->snapshot();
    database.reset();
    EXPECT_TRUE(locked(path, options));
    EXPECT_EQ(snapshot.open<Hash>("table").get("key 7")->text(), "value 7001");
  }
  expect_content(1);
}

TEST_F(LockTest, ReleasesTheLockWhenAnOpenFails) {
  make_clean();
  const std::string whole = read_file(path);
  write_file(path, whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(open_fails(ErrorCode::corruption, {}));
  write_file(path, whole);
  expect_content(1);
}

TEST_F(LockTest, NoticesThatTheFileWasReplacedWhileItWasOpen) {
  make_clean();
  const std::string bytes = read_file(path);
  const Database first = Database::open(path, options);
  fs::remove(path);
  write_file(path, bytes);
  // Another file now, which nobody has locked.
  expect_content(1);
  expect_content(first, 1);
}

}  // namespace
}  // namespace quire
