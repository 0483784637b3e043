// A file that is moved away, or replaced by another, while it is being opened: the lock is on the
// inode, so the path is looked at again behind it (rule F4).

#include <functional>
#include <string>

#include "tests/support/database_test.h"
#include "tests/support/forwarding_file_system.h"

namespace quire::testing {
namespace {

/// Does something just before, or just after, the database file is opened.
class MeddledFileSystem final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::function<void()> before_open = [] {};
  std::function<void()> after_open = [] {};

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    if (how == OpenMode::create) return ForwardingFileSystem::open(path, how, mode);
    before_open();
    auto file = ForwardingFileSystem::open(path, how, mode);
    after_open();
    return file;
  }
};

class ReplacedFileTest : public DatabaseTest {
 protected:
  ReplacedFileTest() {
    make(kPath, "this");
    make(kOther, "other");
    options.file_system = &meddled;
  }

  void make(const std::string& path, const std::string& value) {
    Database made = Database::open(path, options);
    made.transact([&](Transaction& txn) { txn.open<Blob>("whose").append(value); });
    made.close();
  }
  std::string whose() { return contents(database->snapshot().open<Blob>("whose")); }

  static constexpr const char* kOther = "/dir/other.quire";
  MeddledFileSystem meddled{*files};
};

TEST_F(ReplacedFileTest, TheOneThatHasTakenItsPlaceIsOpened) {
  meddled.after_open = [&] {
    if (files->status(kOther)) files->rename(kOther, kPath);
  };
  open();
  EXPECT_EQ(whose(), "other");
  EXPECT_THROW(Database::open(kPath, options), LockedError);
}

TEST_F(ReplacedFileTest, AgainAndAgainIsRefused) {
  int count = 0;
  meddled.after_open = [&] {
    const std::string next = "/dir/next " + std::to_string(++count);
    options.file_system = files.get();
    make(next, next);
    options.file_system = &meddled;
    files->rename(next, kPath);
  };
  try {
    open();
    FAIL() << "opened a file that is not there any more";
  } catch (const LockedError& error) {
    EXPECT_NE(std::string_view(error.what()).find("again and again"), std::string_view::npos);
  }
  EXPECT_GT(count, 1);
  meddled.after_open = [] {};
  open();
  EXPECT_EQ(whose(), "/dir/next " + std::to_string(count));
}

TEST_F(ReplacedFileTest, RemovedJustBeforeItIsOpenedItIsMissing) {
  meddled.before_open = [&] {
    if (files->status(kPath)) files->remove(kPath);
  };
  options.create = false;
  EXPECT_THROW(open(), NotFound);
  EXPECT_FALSE(files->status(kPath));
  meddled.before_open = [] {};
  options.create = true;
  make(kPath, "this");
  meddled.before_open = [&] {
    files->remove(kPath);
    meddled.before_open = [] {};
  };
  open();
  EXPECT_TRUE(database->snapshot().collections().empty()) << "made anew";
}

TEST_F(ReplacedFileTest, RemovedJustAfterItIsOpenedItIsMissing) {
  meddled.after_open = [&] {
    files->remove(kPath);
    meddled.after_open = [] {};
  };
  options.create = false;
  EXPECT_THROW(open(), NotFound);
  options.create = true;
  open();
  EXPECT_TRUE(database->snapshot().collections().empty()) << "made anew";
}

}  // namespace
}  // namespace quire::testing
