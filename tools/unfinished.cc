#include "tools/unfinished.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <quire/error.h>

namespace quire::tools {

namespace {

constexpr std::string_view kPrefix = ".quire-unfinished.";

std::string next_name() {
  static std::uint64_t count = 0;
  return fmt::format("{}{}.{}", kPrefix, getpid(), ++count);
}

// False if a command that looks for left-overs has had the lock first, and removed it. A file system
// without locks has nobody who removes anything, either.
bool lock_new(int descriptor) {
  flock(descriptor, LOCK_EX);
  struct stat status {};
  return fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

std::vector<std::string> unfinished_names(int directory) {
  std::vector<std::string> names;
  const int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(again < 0 ? nullptr : fdopendir(again),
                                                   closedir);
  while (const dirent* entry = stream ? readdir(stream.get()) : nullptr) {
    if (is_unfinished_name(entry->d_name)) names.emplace_back(entry->d_name);
  }
  return names;
}

}  // namespace

bool is_unfinished_name(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t dot = name.find('.');
  return dot != name.npos && dot > 0 && dot + 1 < name.size() &&
         std::ranges::all_of(name.substr(0, dot), is_digit) &&
         std::ranges::all_of(name.substr(dot + 1), is_digit);
}

Unfinished make_unfinished_file(int directory, mode_t mode, const std::string& path) {
  for (;;) {
    std::string name = next_name();
    Descriptor file(openat(directory, name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (file && lock_new(file.get())) return {std::move(name), std::move(file)};
    // One of that name is of a killed process that had the same number.
    if (!file && errno != EEXIST) throw IoError("open", path, errno);
  }
}

Unfinished make_unfinished_directory(int directory, const std::string& path) {
  for (;;) {
    std::string name = next_name();
    if (mkdirat(directory, name.c_str(), kUsualDirectoryMode) != 0) {
      if (errno == EEXIST) continue;
      throw IoError("mkdir", path, errno);
    }
    Descriptor made(
        openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (made && lock_new(made.get())) return {std::move(name), std::move(made)};
    if (!made && errno != ENOENT) throw IoError("open", path, errno);
  }
}

void remove_unfinished(int directory, const std::string& name) noexcept {
  if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
  // By way of the descriptor: no link in the directory's path can lead elsewhere.
  std::error_code ignored;
  std::filesystem::remove_all(fmt::format("/proc/self/fd/{}/{}", directory, name), ignored);
}

void remove_left_overs(int directory) noexcept {
  for (const std::string& name : unfinished_names(directory)) {
    const Descriptor found(
        openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (found && flock(found.get(), LOCK_EX | LOCK_NB) == 0) remove_unfinished(directory, name);
  }
}

}  // namespace quire::tools
