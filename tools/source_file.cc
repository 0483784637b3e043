#include "tools/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <quire/error.h>

#include "tools/descriptor.h"

namespace quire::tools {

namespace {

constexpr std::uint64_t kReadStep = std::uint64_t{1} << 20;

SourceStatus regular_status(const struct stat& status, const std::string& path) {
  if (!S_ISREG(status.st_mode)) throw IoError("open", path, 0, "it is not a regular file");
  return {static_cast<std::uint64_t>(status.st_size), status.st_mode & 07777U,
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

// Reads to the end of the file, wherever that is: the size of a file in /proc is zero.
std::string read_to_end(int descriptor, const std::string& path, std::uint64_t expected,
                        std::uint64_t limit) {
  std::string content;
  std::uint64_t size = 0;
  for (;;) {
    // One byte more than expected, so that the end is usually seen without another step.
    if (size == content.size()) content.resize(size == 0 ? expected + 1 : size + kReadStep);
    const ssize_t count = read(descriptor, content.data() + size, content.size() - size);
    if (count < 0) throw IoError("read", path, errno);
    if (count == 0) break;
    size += static_cast<std::uint64_t>(count);
    if (size > limit) throw IoError("read", path, EFBIG);
  }
  content.resize(size);
  return content;
}

}  // namespace

SourceFile read_source_file(const std::string& path, std::uint64_t limit) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) throw IoError("open", path, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) throw IoError("fstat", path, errno);
  const SourceStatus before = regular_status(status, path);
  if (before.size > limit) throw IoError("read", path, EFBIG);
  return {read_to_end(file.get(), path, before.size, limit), before.mode, before.mtime_ns};
}

SourceStatus source_status(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) throw IoError("stat", path, errno);
  return regular_status(status, path);
}

}  // namespace quire::tools
