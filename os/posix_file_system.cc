#include "os/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "os/host_file_system.h"
#include "os/posix_file.h"
#include "os/system_call.h"

namespace quire::os {

namespace {

constexpr int kMaxLinks = 40;  // as many as the kernel follows
constexpr int kAlways = O_CLOEXEC | O_NOCTTY;
constexpr std::uint32_t kPrivate = 0600;

class PosixFileSystem final : public HostFileSystem {
 public:
  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override;
  std::unique_ptr<File> open_unnamed(const std::string& directory) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::string canonical(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void link_without_replace(const std::string& existing, const std::string& name) override;
  void remove(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;
  void sync_directory(const std::string& directory) override;
};

struct DirectoryCloser {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// The path as the system takes it. A NUL inside would silently name another file.
const char* system_path(const char* operation, const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    throw IoError(operation, path, EINVAL, "a path cannot contain a NUL");
  }
  return path.c_str();
}

int open_flags(OpenMode how) noexcept {
  switch (how) {
    case OpenMode::read_only:
      return O_RDONLY;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create:
      break;
  }
  return O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
}

const char* advice_for(int error_number) noexcept {
  switch (error_number) {
    case EISDIR:
      return "this is a directory; give the path of a regular file";
    case EINVAL:
    case ENXIO:
      return "this is a FIFO, socket or device; give the path of a regular file";
    case ELOOP:
      return "its symbolic links lead in a circle, or through too many others";
    case EMFILE:
      return "raise the limit on open files (ulimit -n)";
    case ENFILE:
      return "the whole system has too many files open; close some, or raise fs.file-max";
  }
  return "";
}

UniqueFd open_descriptor(const std::string& path, int flags, mode_t mode) {
  const char* const name = system_path("open", path);
  UniqueFd fd(uninterrupted([&] { return ::open(name, flags | kAlways, mode); }));
  if (!fd) throw_errno("open", path, advice_for(errno));
  return fd;
}

void require_regular(const UniqueFd& fd, const std::string& path) {
  struct stat found;
  if (::fstat(fd.get(), &found) != 0) throw_errno("fstat", path);
  if (S_ISREG(found.st_mode)) return;
  const int error_number = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
  throw IoError("open", path, error_number, advice_for(error_number));
}

void let_it_wait(const UniqueFd& fd, const std::string& path) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) throw_errno("fcntl", path);
}

/// open() applied the umask, so the mode was never wider than asked for; this makes it exact.
void set_mode(const UniqueFd& fd, const std::string& path, mode_t mode) {
  if (uninterrupted([&] { return ::fchmod(fd.get(), mode); }) == 0) return;
  const int error_number = errno;
  ::unlink(path.c_str());  // else the next try would find a file that nobody wanted
  throw IoError("fchmod", path, error_number, "this file system cannot store the mode");
}

struct Freer {
  void operator()(char* text) const noexcept { std::free(text); }
};

/// realpath(); empty, and errno set, if that fails.
std::string resolved(const char* path) {
  const std::unique_ptr<char, Freer> found(::realpath(path, nullptr));
  return found ? std::string(found.get()) : std::string();
}

/// Where a symbolic link points; empty if `path` is none, or no longer there.
std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) {
    if (errno == ENOENT || errno == EINVAL) return {};
    throw_errno("readlink", path);
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

std::string unnamed_in(const std::string& directory) { return directory + "/(unnamed)"; }

std::unique_ptr<File> PosixFileSystem::open(const std::string& path, OpenMode how,
                                            std::uint32_t mode) {
  UniqueFd fd = open_descriptor(path, open_flags(how) | O_NONBLOCK, mode);
  require_regular(fd, path);
  if (how == OpenMode::create) set_mode(fd, path, mode);
  let_it_wait(fd, path);
  return std::make_unique<PosixFile>(std::move(fd), path);
}

std::unique_ptr<File> PosixFileSystem::open_unnamed(const std::string& directory) {
  try {
    UniqueFd fd = open_descriptor(directory, O_TMPFILE | O_RDWR | O_EXCL, kPrivate);
    return std::make_unique<PosixFile>(std::move(fd), unnamed_in(directory));
  } catch (const IoError& error) {
    // EISDIR: the file system, or the kernel, took O_TMPFILE for a plain O_DIRECTORY.
    if (error.error_number() != EOPNOTSUPP && error.error_number() != EISDIR) throw;
  }
  return open_and_remove(directory);
}

std::optional<FileStatus> PosixFileSystem::status(const std::string& path) {
  struct stat found;
  if (::stat(system_path("stat", path), &found) == 0) return to_file_status(found);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno("stat", path, advice_for(errno));
}

std::string PosixFileSystem::canonical(const std::string& path) {
  std::string rest = path;
  for (int links = 0; links <= kMaxLinks; ++links) {
    if (std::string whole = resolved(system_path("realpath", rest)); !whole.empty()) return whole;
    if (errno != ENOENT) throw_errno("realpath", path, advice_for(errno));
    // The last component is missing, or a link that leads to something missing.
    const std::size_t slash = rest.rfind('/');
    const std::string name = slash == std::string::npos ? rest : rest.substr(slash + 1);
    const std::string above = slash == std::string::npos ? "." : rest.substr(0, slash + 1);
    std::string parent = resolved(above.c_str());
    if (parent.empty()) throw_errno("realpath", path);
    if (name.empty()) throw IoError("realpath", path, ENOENT);
    if (parent != "/") parent += '/';
    const std::string target = link_target(parent + name);
    if (target.empty()) return parent + name;
    rest = target.front() == '/' ? target : parent + target;
  }
  throw IoError("realpath", path, ELOOP, advice_for(ELOOP));
}

void PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(system_path("rename", from), system_path("rename", to)) == 0) return;
  const int error_number = errno;
  throw IoError("rename", from, error_number, "the new name was to be '" + to + "'");
}

void PosixFileSystem::link_without_replace(const std::string& existing, const std::string& name) {
  if (::link(system_path("link", existing), system_path("link", name)) == 0) return;
  const int error_number = errno;
  throw IoError("link", name, error_number, "it was to be a second name of '" + existing + "'");
}

void PosixFileSystem::remove(const std::string& path) {
  if (::unlink(system_path("unlink", path)) != 0) throw_errno("unlink", path);
}

std::vector<std::string> PosixFileSystem::list(const std::string& directory) {
  const std::unique_ptr<DIR, DirectoryCloser> open(::opendir(system_path("opendir", directory)));
  if (!open) throw_errno("opendir", directory);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;  // readdir tells its end from an error by this only
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr && errno != 0) throw_errno("readdir", directory);
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

void PosixFileSystem::sync_directory(const std::string& directory) {
  const UniqueFd fd = open_descriptor(directory, O_RDONLY | O_DIRECTORY, 0);
  if (::fsync(fd.get()) != 0) {
    throw_errno("fsync", directory, "names must be durable; use a file system that can sync them");
  }
}

}  // namespace

std::unique_ptr<File> open_and_remove(const std::string& directory) {
  std::array<std::byte, 16> random;
  posix_file_system().fill_random(random);
  std::string name = directory + "/.quire-unnamed-";
  for (const std::byte byte : random) {
    std::array<char, 3> digits;
    std::snprintf(digits.data(), digits.size(), "%02x", std::to_integer<unsigned>(byte));
    name += digits.data();
  }
  UniqueFd fd = open_descriptor(name, open_flags(OpenMode::create), kPrivate);
  if (::unlink(name.c_str()) != 0) throw_errno("unlink", name);
  return std::make_unique<PosixFile>(std::move(fd), unnamed_in(directory));
}

FileSystem& posix_file_system() {
  static FileSystem& instance = *new PosixFileSystem;
  return instance;
}

}  // namespace quire::os
