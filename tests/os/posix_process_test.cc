#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <string>

#include "os/posix_file_system.h"
#include "tests/os/child.h"
#include "tests/os/contract.h"

// What the files of the machine do under limits, as another user, on other file systems, and in
// forked children. Each body runs in a child and returns 0, or the number of the step that failed.

namespace quire::os {
namespace {

constexpr int kNotPermitted = 99;  // the child may not mount here
constexpr std::uint64_t kLimit = 64 << 10;

/// Root may at once; anybody else as the only user of a namespace of their own.
bool enter_mount_namespace() {
  if (::unshare(CLONE_NEWNS) == 0) return true;
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << user << ' ' << user << " 1";
  std::ofstream gid_map("/proc/self/gid_map");
  gid_map << group << ' ' << group << " 1" << std::flush;
  return gid_map.good();
}

class PosixProcessTest : public ::testing::Test {
 protected:
  FileSystem& files() { return posix_file_system(); }
  std::string path(std::string_view name) const { return directory_ / name; }
  const std::string& directory() const { return directory_.path(); }

  /// Runs `body` where the directory is a file system of its own, if this machine permits that.
  void on_file_system(const char* type, const char* options, const std::function<int()>& body) {
    const int code = in_child([&] {
      if (!enter_mount_namespace()) return kNotPermitted;
      // Private first, so that the mount is seen by this child only and ends with it.
      if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount("none", directory().c_str(), type, 0, options) != 0) {
        return kNotPermitted;
      }
      return body();
    });
    if (code == kNotPermitted) GTEST_SKIP() << "no permission to mount " << type;
    EXPECT_EQ(code, 0);
  }

 private:
  const quire::testing::TemporaryDirectory directory_;
};

int limit_file_size() {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {kLimit, kLimit};
  return ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(PosixProcessTest, WritesUpToTheFileSizeLimitAndThenThrows) {
  EXPECT_EQ(
      in_child([&] {
        const auto file = files().open(path("f"), OpenMode::create);
        if (limit_file_size() != 0) return 1;
        const std::string text(kLimit + 5000, 'x');
        const std::array<ByteView, 2> parts = {ByteView(text).sub(0, 100), ByteView(text).sub(100)};
        if (errno_of([&] { file->write_at(0, parts); }) != EFBIG) return 2;
        if (file->status().size != kLimit) return 3;
        if (read_text(*file) != std::string(kLimit, 'x')) return 4;
        if (errno_of([&] { file->write_at(kLimit, "y"); }) != EFBIG) return 5;
        return 0;
      }),
      0);
}

TEST_F(PosixProcessTest, IsAsLongAsBeforeWhenTheFileSizeLimitStopsAllocation) {
  EXPECT_EQ(in_child([&] {
              const auto file = files().open(path("f"), OpenMode::create);
              file->write_at(0, "keep");
              if (limit_file_size() != 0) return 1;
              if (errno_of([&] { file->allocate(0, kLimit + 1); }) != EFBIG) return 2;
              if (errno_of([&] { file->truncate(kLimit + 1); }) != EFBIG) return 3;
              return read_text(*file) == "keep" ? 0 : 4;
            }),
            0);
}

TEST_F(PosixProcessTest, IsAsLongAsBeforeWhenTheDiskIsFull) {
  on_file_system("tmpfs", "size=1m", [&] {
    const auto file = files().open(path("f"), OpenMode::create);
    file->write_at(0, "keep");
    if (errno_of([&] { file->allocate(0, 4 << 20); }) != ENOSPC) return 1;
    if (read_text(*file) != "keep") return 2;
    if (errno_of([&] { file->write_at(0, std::string(2 << 20, 'x')); }) != ENOSPC) return 3;
    return 0;
  });
}

TEST_F(PosixProcessTest, WritesZerosWhereTheSystemCannotAllocate) {
  on_file_system("ramfs", nullptr, [&] {
    const auto file = files().open(path("f"), OpenMode::create);
    file->write_at(0, "keep");
    file->allocate(2, 200'000);
    if (file->status().size != 200'002) return 1;
    if (read_text(*file) != "keep" + std::string(199'998, '\0')) return 2;
    file->allocate(300'000, 10);
    if (file->status().size != 300'010) return 3;
    if (read_text(*file, 200'002) != std::string(100'008, '\0')) return 4;
    return 0;
  });
}

TEST_F(PosixProcessTest, IsAsLongAsBeforeWhenZerosCannotBeWritten) {
  on_file_system("ramfs", nullptr, [&] {
    const auto file = files().open(path("f"), OpenMode::create);
    file->write_at(0, "keep");
    if (limit_file_size() != 0) return 1;
    if (errno_of([&] { file->allocate(0, 2 * kLimit); }) != EFBIG) return 2;
    return read_text(*file) == "keep" ? 0 : 3;
  });
}

TEST_F(PosixProcessTest, LocksOutAnotherProcess) {
  const auto file = files().open(path("f"), OpenMode::create);
  const auto can_lock = [&](LockKind kind) {
    return in_child(
        [&] { return files().open(path("f"), OpenMode::read_write)->try_lock(kind) ? 1 : 0; });
  };
  ASSERT_TRUE(file->try_lock(LockKind::exclusive));
  EXPECT_EQ(can_lock(LockKind::shared), 0);
  EXPECT_EQ(can_lock(LockKind::exclusive), 0);
  ASSERT_TRUE(file->try_lock(LockKind::shared));
  EXPECT_EQ(can_lock(LockKind::shared), 1);
  EXPECT_EQ(can_lock(LockKind::exclusive), 0);
}

TEST_F(PosixProcessTest, AChildThatClosesItsCopyReleasesNoLock) {
  auto file = files().open(path("f"), OpenMode::create);
  ASSERT_TRUE(file->try_lock(LockKind::exclusive));
  ASSERT_EQ(in_child([&] {
              file.reset();
              return 0;
            }),
            0);
  EXPECT_FALSE(files().open(path("f"), OpenMode::read_write)->try_lock(LockKind::shared));
}

TEST_F(PosixProcessTest, FreesTheLockOfAKilledProcess) {
  files().open(path("f"), OpenMode::create);
  EXPECT_EQ(in_child([&] {
              const auto file = files().open(path("f"), OpenMode::read_write);
              if (!file->try_lock(LockKind::exclusive)) return 1;
              return ::kill(::getpid(), SIGKILL);
            }),
            -SIGKILL);
  EXPECT_TRUE(files().open(path("f"), OpenMode::read_write)->try_lock(LockKind::exclusive));
}

TEST_F(PosixProcessTest, AnotherUserOpensOnlyWhatItMay) {
  files().open(path("secret"), OpenMode::create, 0000);
  files().open(path("public"), OpenMode::create, 0444)->write_at(0, "hello");
  EXPECT_EQ(in_child([&] {
              // From inside, so that the parents of the directory do not matter.
              if (::chmod(directory().c_str(), 0555) != 0) return 1;
              if (::chdir(directory().c_str()) != 0) return 2;
              if (::geteuid() == 0 && ::setuid(65534) != 0) return 3;
              if (errno_of([&] { files().open("secret", OpenMode::read_only); }) != EACCES)
                return 4;
              if (errno_of([&] { files().open("public", OpenMode::read_write); }) != EACCES)
                return 5;
              if (errno_of([&] { files().open("new", OpenMode::create); }) != EACCES) return 6;
              if (errno_of([&] { files().remove("public"); }) != EACCES) return 7;
              return read_text(*files().open("public", OpenMode::read_only)) == "hello" ? 0 : 8;
            }),
            0);
  EXPECT_EQ(::chmod(directory().c_str(), 0700), 0);
}

}  // namespace
}  // namespace quire::os
