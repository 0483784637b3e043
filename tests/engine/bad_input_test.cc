#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "base/checksum.h"
#include "pager/header_format.h"
#include "tests/engine/file_database_test.h"
#include "tests/os/child.h"

// Paths and files that are no database, or not one that can be opened here: each is refused with an
// error that says which and why, and stays as it was.

namespace quire {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

class BadInputTest : public testing::FileDatabaseTest {
 protected:
  /// Whether opening for writing and for reading both fail like that and change no file.
  ::testing::AssertionResult refused(ErrorCode code,
                                     std::initializer_list<std::string_view> texts) {
    const Contents before = contents_of(directory);
    for (const Options& how : {options, read_only()}) {
      if (auto result = open_fails(code, texts, how); !result) {
        return result << (how.read_only ? " (read-only)" : "");
      }
    }
    if (contents_of(directory) != before) return ::testing::AssertionFailure() << "files changed";
    return ::testing::AssertionSuccess();
  }

  /// The same for what the system refuses.
  ::testing::AssertionResult refused_by_system(int error_number,
                                               std::initializer_list<std::string_view> texts) {
    for (const Options& how : {options, read_only()}) {
      try {
        Database::open(path, how);
      } catch (const IoError& error) {
        if (error.error_number() != error_number) {
          return ::testing::AssertionFailure() << "wrong errno: " << error.what();
        }
      } catch (const Error&) {
        // Of another code: the comparison below tells.
      }
      if (auto result = open_fails(ErrorCode::io, texts, how); !result) {
        return result << (how.read_only ? " (read-only)" : "");
      }
    }
    return ::testing::AssertionSuccess();
  }

  /// Changes both header slots, with sums as a writer of such slots would leave them.
  template <class Change>
  void change_header_slots(Change&& change) {
    std::string bytes = read_file(path);
    for (const std::size_t offset : {std::size_t{0}, kPageSize}) {
      HeaderSlot slot;
      std::memcpy(&slot, bytes.data() + offset, sizeof slot);
      change(slot);
      std::uint64_t seed = 0;
      std::memcpy(&seed, kHeaderMagic.data(), sizeof seed);
      const auto* start = reinterpret_cast<const std::byte*>(&slot);
      slot.sum = checksum64(ByteView(start + 16, sizeof slot - 16), seed);
      std::memcpy(bytes.data() + offset, &slot, sizeof slot);
    }
    write_file(path, bytes);
  }
};

// ---- not a database

TEST_F(BadInputTest, RefusesAFileThatIsNotADatabase) {
  const std::string text = "Dear diary, today I was not a database.\n";
  for (const std::string& bytes :
       {text.substr(0, 3), text, std::string(100'000, 'x'), std::string(100'000, '\0')}) {
    write_file(path, bytes);
    EXPECT_TRUE(refused(ErrorCode::format, {"not a Quire database"})) << bytes.size() << " bytes";
  }
}

TEST_F(BadInputTest, RefusesAnEmptyFileInsteadOfTakingItForANewDatabase) {
  write_file(path, "");
  EXPECT_TRUE(refused(ErrorCode::format, {"empty", "not a Quire database"}));
}

TEST_F(BadInputTest, RefusesADirectory) {
  fs::create_directory(path);
  EXPECT_TRUE(refused_by_system(EISDIR, {"directory"}));
  EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(BadInputTest, RefusesAFifoWithoutWaitingForItsOtherEnd) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(refused_by_system(EINVAL, {"FIFO"}));
}

TEST_F(BadInputTest, RefusesADevice) {
  fs::create_symlink("/dev/zero", path);
  for (const Options& how : {options, read_only()}) {
    try {
      Database::open(path, how);
      ADD_FAILURE() << "opened /dev/zero";
    } catch (const IoError& error) {
      EXPECT_EQ(error.error_number(), EINVAL);
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
    }
  }
}

// ---- paths

TEST_F(BadInputTest, RefusesALoopOfSymbolicLinks) {
  fs::create_symlink(path, directory + "/other");
  fs::create_symlink(directory + "/other", path);
  EXPECT_TRUE(refused_by_system(ELOOP, {"circle"}));
}

TEST_F(BadInputTest, RefusesAFileInADirectoryThatIsMissing) {
  fs::remove(directory);
  EXPECT_TRUE(refused_by_system(ENOENT, {"No such file or directory"}));
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(BadInputTest, RefusesANameThatIsTooLong) {
  const std::string name = path + std::string(300, 'x');
  EXPECT_TRUE(fails(ErrorCode::io, {"File name too long"}, [&] { Database::open(name, options); }));
}

TEST_F(BadInputTest, RefusesADirectorysName) {
  EXPECT_TRUE(fails(ErrorCode::io, {}, [&] { Database::open(path + "/", options); }));
  EXPECT_TRUE(fs::is_empty(directory));
}

TEST_F(BadInputTest, RefusesAPathWithANulInsteadOfOpeningWhatStandsBeforeIt) {
  make_clean();
  EXPECT_TRUE(fails(ErrorCode::io, {"\\x00behind", "NUL"},
                    [&] { Database::open(path + "\0behind"s, options); }));
  expect_content(1);
}

TEST_F(BadInputTest, TakesAPathThatIsNotUtf8) {
  const std::string name = directory + "/\xff\xfe\n.quire";
  Database database = Database::open(name, options);
  store(database, 1);
  EXPECT_EQ(database.info().path, name);
  database.close();
  EXPECT_TRUE(fs::exists(name));
  expect_content(Database::open(name, read_only()), 1);
}

TEST_F(BadInputTest, KeepsTheLogBesideTheFileThatALinkLeadsTo) {
  const std::string link = elsewhere("link");
  fs::create_symlink(path, link);
  {
    Database database = Database::open(link, options);
    store(database, 1);
    EXPECT_EQ(database.info().path, path);
    EXPECT_TRUE(fs::exists(segment(1)));
  }
  EXPECT_TRUE(fs::is_symlink(link));
  expect_content(1);
}

// ---- no permission

/// What a user may do who owns nothing here. Each body runs in a child and returns 0, or the number
/// of the step that failed.
class PermissionTest : public BadInputTest {
 protected:
  PermissionTest() { EXPECT_EQ(::chmod(elsewhere("").c_str(), 0755), 0); }
  void TearDown() override { EXPECT_EQ(::chmod(directory.c_str(), 0755), 0); }

  void expect_as_nobody(const std::function<int()>& body) const {
    const int code = os::in_child([&] {
      if (::geteuid() == 0 && ::setuid(65534) != 0) return kCannotTry;
      return ::access(directory.c_str(), X_OK) == 0 ? body() : kCannotTry;
    });
    if (code == kCannotTry) GTEST_SKIP() << "no other user, or one who cannot reach " << directory;
    EXPECT_EQ(code, 0);
  }
  bool is_denied(const std::function<void()>& call) const {
    return fails(ErrorCode::io, {"Permission denied"}, call);
  }
  bool holds(const Database& database, std::string_view value) const {
    return database.snapshot().open<Hash>("table").get("key 7")->text() == value;
  }

 private:
  static constexpr int kCannotTry = 99;
};

TEST_F(PermissionTest, RefusesWhoMayNotReadTheFile) {
  make_clean();
  ASSERT_EQ(::chmod(path.c_str(), 0000), 0);
  expect_as_nobody([&] {
    if (!is_denied([&] { Database::open(path, options); })) return 1;
    return is_denied([&] { Database::open(path, read_only()); }) ? 0 : 2;
  });
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  expect_content(1);
}

TEST_F(PermissionTest, ReadsForWhoMayReadButNotWrite) {
  make_crashed();
  const Contents files = contents_of(directory);
  const auto chmod_all = [&](mode_t mode) {
    for (const auto& [name, bytes] : files) {
      ASSERT_EQ(::chmod((directory + "/" + name).c_str(), mode), 0);
    }
  };
  chmod_all(0444);
  ASSERT_EQ(::chmod(directory.c_str(), 0555), 0);
  expect_as_nobody([&] {
    if (!is_denied([&] { Database::open(path, options); })) return 1;
    return holds(Database::open(path, read_only()), "value 7002") ? 0 : 2;
  });
  ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
  chmod_all(0600);
  expect_content(2);
}

TEST_F(PermissionTest, CreatesNothingWhereTheUserMayNot) {
  ASSERT_EQ(::chmod(directory.c_str(), 0555), 0);
  expect_as_nobody([&] { return is_denied([&] { Database::open(path, options); }) ? 0 : 1; });
  EXPECT_TRUE(fs::is_empty(directory));
}

TEST_F(PermissionTest, FailsTheCommitOfWhoMayNotCreateALogAndLosesNothing) {
  make_clean();
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(directory.c_str(), 0555), 0);
  expect_as_nobody([&] {
    Database database = Database::open(path, options);
    if (!is_denied([&] { store(database, 2); })) return 1;
    return holds(database, "value 7001") ? 0 : 2;
  });
  ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
  expect_content(1);
}

// ---- newer formats

TEST_F(BadInputTest, RefusesANewerFormat) {
  make_clean();
  change_header_slots([](HeaderSlot& slot) { slot.major = kHeaderMajor + 1; });
  EXPECT_TRUE(refused(ErrorCode::format, {"format 2.0", "newer version"}));
  try {
    Database::open(path, options);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_EQ(error.reason(), FormatError::Reason::newer);
  }
  change_header_slots([](HeaderSlot& slot) { slot.major = kHeaderMajor; });
  expect_content(1);
}

TEST_F(BadInputTest, RefusesFeaturesWithoutWhichTheFileIsNotUnderstood) {
  make_clean();
  change_header_slots([](HeaderSlot& slot) { slot.incompat = std::uint64_t{1} << 63; });
  EXPECT_TRUE(refused(ErrorCode::format, {"features", "newer version"}));
  change_header_slots([](HeaderSlot& slot) { slot.incompat = 0; });
  expect_content(1);
}

TEST_F(BadInputTest, OnlyReadsAFileWithFeaturesThatItCannotWrite) {
  make_clean();
  change_header_slots([](HeaderSlot& slot) { slot.ro_compat = 1; });
  const Contents before = contents_of(directory);
  EXPECT_TRUE(open_fails(ErrorCode::format, {"features", "read-only"}));
  expect_content(Database::open(path, read_only()), 1);
  EXPECT_EQ(contents_of(directory), before);
}

TEST_F(BadInputTest, OpensANewerMinorFormatWithFeaturesThatMayBeIgnored) {
  make_clean();
  change_header_slots([](HeaderSlot& slot) {
    slot.minor = kHeaderMinor + 1;
    slot.compat = 1;
  });
  expect_content(1);
}

// ---- truncated

TEST_F(BadInputTest, RefusesAFileThatWasCut) {
  make_clean();
  const std::string whole = read_file(path);
  for (const std::size_t size : {whole.size() - 1, whole.size() - kPageSize, 3 * kPageSize,
                                 kPageSize, kPageSize - 1, std::size_t{100}}) {
    write_file(path, whole.substr(0, size));
    EXPECT_TRUE(refused(ErrorCode::corruption, {})) << size << " bytes";
  }
  write_file(path, whole.substr(0, whole.size() - 1));
  EXPECT_TRUE(refused(ErrorCode::corruption, {"file size", std::to_string(whole.size())}));
  write_file(path, whole);
  expect_content(1);
}

TEST_F(BadInputTest, RefusesAFileThatWasCutBesideItsLiveLog) {
  make_crashed();
  const std::string whole = read_file(path);
  for (const std::size_t size : {3 * kPageSize, kPageSize, std::size_t{100}}) {
    write_file(path, whole.substr(0, size));
    EXPECT_TRUE(refused(ErrorCode::corruption, {})) << size << " bytes";
  }
  write_file(path, whole);
  expect_content(2);
}

TEST_F(BadInputTest, RecoversAFileThatLostWhatItGrewByAfterItsCheckpoint) {
  make_crashed();
  std::string bytes = read_file(path);
  HeaderSlot slot;
  std::memcpy(&slot, bytes.data(), sizeof slot);
  ASSERT_LT(slot.page_count * kPageSize, bytes.size());
  write_file(path, bytes.substr(0, slot.page_count * kPageSize));
  expect_content(Database::open(path, read_only()), 2);
  expect_content(2);
}

}  // namespace
}  // namespace quire
