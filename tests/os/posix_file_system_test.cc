#include "os/posix_file_system.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "os/unique_fd.h"
#include "tests/os/contract.h"

namespace quire::os {
namespace {

/// Descriptor -> its FD_ flags, of everything that is open now.
std::map<int, int> open_descriptors() {
  std::map<int, int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    if (const int flags = ::fcntl(fd, F_GETFD); flags >= 0) found[fd] = flags;
  }
  return found;
}

class PosixFileSystemTest : public ::testing::Test {
 protected:
  FileSystem& files() { return posix_file_system(); }
  std::string path(std::string_view name) const { return directory_ / name; }
  const std::string& directory() const { return directory_.path(); }

  void write_file(std::string_view name, std::string_view content) {
    std::ofstream(path(name)) << content;
  }
  void link_to(const std::string& target, std::string_view name) {
    std::filesystem::create_symlink(target, path(name));
  }

  /// Every way to open what exists is refused with `error_number`, and no descriptor is left open.
  void expect_refused(const std::string& name, int error_number) {
    const auto before = open_descriptors();
    for (const OpenMode how : {OpenMode::read_only, OpenMode::read_write}) {
      EXPECT_EQ(errno_of([&] { files().open(name, how); }), error_number) << name;
    }
    EXPECT_EQ(open_descriptors(), before);
  }

 private:
  const quire::testing::TemporaryDirectory directory_;
};

TEST_F(PosixFileSystemTest, IsOneObjectForTheProcess) {
  EXPECT_EQ(&posix_file_system(), &posix_file_system());
}

TEST_F(PosixFileSystemTest, RefusesAFifoWithoutWaitingForItsOtherEnd) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  expect_refused(path("fifo"), EINVAL);
}

TEST_F(PosixFileSystemTest, RefusesDevicesDirectoriesAndSockets) {
  expect_refused("/dev/null", EINVAL);
  expect_refused("/dev/zero", EINVAL);
  expect_refused(directory(), EISDIR);

  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path("s").size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, path("s").c_str());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_refused(path("s"), ENXIO);
}

TEST_F(PosixFileSystemTest, AdvisesToGiveARegularFile) {
  for (const std::string& name : {std::string("/dev/null"), directory()}) {
    try {
      files().open(name, OpenMode::read_only);
      ADD_FAILURE() << name << " was opened";
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find("give the path of a regular file"),
                std::string::npos);
    }
  }
}

TEST_F(PosixFileSystemTest, RefusesALoopOfSymbolicLinks) {
  link_to(path("b"), "a");
  link_to(path("a"), "b");
  expect_refused(path("a"), ELOOP);
  EXPECT_EQ(errno_of([&] { files().canonical(path("a")); }), ELOOP);
  EXPECT_EQ(errno_of([&] { files().canonical(path("a") + "/f"); }), ELOOP);
  EXPECT_EQ(errno_of([&] { files().status(path("a")); }), ELOOP);
}

TEST_F(PosixFileSystemTest, RefusesAPathWithANulInside) {
  write_file("f", "x");
  const std::string name = path("f") + std::string("\0.old", 5);
  EXPECT_EQ(errno_of([&] { files().open(name, OpenMode::read_only); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().status(name); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().canonical(name); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().remove(name); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().rename(name, path("g")); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().rename(path("f"), name); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().link_without_replace(path("f"), name); }), EINVAL);
  EXPECT_EQ(errno_of([&] { files().list(name); }), EINVAL);
  EXPECT_TRUE(files().status(path("f")));
}

TEST_F(PosixFileSystemTest, CreateNeverFollowsAPlantedLink) {
  write_file("victim", "precious");
  link_to(path("victim"), "to-a-file");
  link_to(path("nowhere"), "to-nothing");
  std::filesystem::create_directory(path("d"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  for (const char* name : {"to-a-file", "to-nothing", "d", "fifo"}) {
    EXPECT_EQ(errno_of([&] { files().open(path(name), OpenMode::create); }), EEXIST) << name;
  }
  EXPECT_FALSE(files().status(path("nowhere")));
  EXPECT_EQ(read_text(*files().open(path("victim"), OpenMode::read_only)), "precious");
}

TEST_F(PosixFileSystemTest, OpensWhatALinkPointsAt) {
  write_file("f", "content");
  link_to("f", "relative");
  EXPECT_EQ(read_text(*files().open(path("relative"), OpenMode::read_only)), "content");
  EXPECT_EQ(files().status(path("relative"))->identity, files().status(path("f"))->identity);
}

TEST_F(PosixFileSystemTest, CanonicalResolvesLinksAlsoToWhatIsMissing) {
  std::filesystem::create_directory(path("d"));
  link_to("d", "dir-link");
  link_to("d/missing", "relative");
  link_to(path("relative"), "absolute");
  const std::string expected = path("d/missing");
  EXPECT_EQ(files().canonical(path("dir-link/missing")), expected);
  EXPECT_EQ(files().canonical(path("relative")), expected);
  EXPECT_EQ(files().canonical(path("absolute")), expected);
  files().open(expected, OpenMode::create);
  EXPECT_EQ(files().canonical(path("absolute")), expected);
  EXPECT_FALSE(files().status(path("d/other")));
}

TEST_F(PosixFileSystemTest, CanonicalNeedsTheDirectoryOfAMissingFile) {
  EXPECT_EQ(errno_of([&] { files().canonical(path("none/f")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().canonical(path("none/")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().canonical(path("none/..")); }), ENOENT);
  write_file("f", "");
  EXPECT_EQ(errno_of([&] { files().canonical(path("f/below")); }), ENOTDIR);
}

TEST_F(PosixFileSystemTest, CanonicalBeginsAtTheWorkingDirectory) {
  const std::string here = std::filesystem::canonical(".").string();
  EXPECT_EQ(files().canonical("none-of-this-name"), here + "/none-of-this-name");
}

TEST_F(PosixFileSystemTest, RefusesToListOrSyncAMissingDirectory) {
  EXPECT_EQ(errno_of([&] { files().list(path("none")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().sync_directory(path("none")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().open_unnamed(path("none")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().open(path("none/f"), OpenMode::create); }), ENOENT);
}

TEST_F(PosixFileSystemTest, GivesTheModeWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    const mode_t old = ::umask(mask);
    const auto file = files().open(path(std::to_string(mask)), OpenMode::create, 0640);
    const auto unnamed = files().open_unnamed(directory());
    ::umask(old);
    EXPECT_EQ(file->status().mode, 0640u);
    EXPECT_EQ(unnamed->status().mode & ~0600u, 0u) << "never wider than for its owner";
  }
}

TEST_F(PosixFileSystemTest, ClosesEveryDescriptorInProgramsThatAreStarted) {
  const auto before = open_descriptors();
  const auto created = files().open(path("f"), OpenMode::create);
  const auto writing = files().open(path("f"), OpenMode::read_write);
  const auto reading = files().open(path("f"), OpenMode::read_only);
  const auto unnamed = files().open_unnamed(directory());
  const auto removed = open_and_remove(directory());
  const auto now = open_descriptors();
  EXPECT_EQ(now.size(), before.size() + 5);
  for (const auto& [fd, flags] : now) {
    EXPECT_TRUE(before.contains(fd) || flags & FD_CLOEXEC) << fd;
  }
}

TEST_F(PosixFileSystemTest, LeavesRegularFilesWaiting) {
  const auto before = open_descriptors();
  const auto file = files().open(path("f"), OpenMode::create);
  for (const auto& [fd, flags] : open_descriptors()) {
    EXPECT_TRUE(before.contains(fd) || (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0) << fd;
  }
}

TEST_F(PosixFileSystemTest, ClosesWhatItOpened) {
  const auto before = open_descriptors();
  files().open(path("f"), OpenMode::create);
  files().open_unnamed(directory());
  files().list(directory());
  files().sync_directory(directory());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(PosixFileSystemTest, RemovesTheNameWhereTheSystemKnowsNoUnnamedFiles) {
  const auto file = open_and_remove(directory());
  EXPECT_TRUE(files().list(directory()).empty());
  file->write_at(0, "spilled");
  EXPECT_EQ(read_text(*file), "spilled");
  EXPECT_EQ(file->status().mode, 0600u);
}

TEST_F(PosixFileSystemTest, AllocatesRoomAndNotAHole) {
  const auto file = files().open(path("f"), OpenMode::create);
  file->allocate(0, std::uint64_t{1} << 20);
  struct stat found;
  ASSERT_EQ(::stat(path("f").c_str(), &found), 0);
  EXPECT_GE(found.st_blocks * 512, 1 << 20);
  file->truncate(std::uint64_t{1} << 30);
  ASSERT_EQ(::stat(path("f").c_str(), &found), 0);
  EXPECT_LT(found.st_blocks * 512, 1 << 24) << "truncate makes a hole";
}

}  // namespace
}  // namespace quire::os
