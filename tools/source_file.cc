#include "tools/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <quire/error.h>

#include "tools/descriptor.h"

namespace quire::tools {

namespace {

SourceStatus regular_status(const struct stat& status, const std::string& path) {
  if (!S_ISREG(status.st_mode)) throw IoError("open", path, 0, "it is not a regular file");
  return {static_cast<std::uint64_t>(status.st_size), status.st_mode & 07777U,
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Descriptor open_source(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) throw IoError("open", path, errno);
  return file;
}

SourceStatus open_status(const Descriptor& file, const std::string& path) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0) throw IoError("fstat", path, errno);
  return regular_status(status, path);
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
  const Descriptor file = open_source(path);
  const SourceStatus before = open_status(file, path);
  if (before.size > limit) throw IoError("read", path, EFBIG);
  return {read_to_end(file.get(), path, before.size, limit), before.mode, before.mtime_ns};
}

SourceStatus stream_source_file(const std::string& path,
                                const std::function<void(ByteView)>& take) {
  const Descriptor file = open_source(path);
  SourceStatus status = open_status(file, path);
  status.size = 0;
  std::string step(kReadStep, '\0');
  for (;;) {
    const ssize_t count = read(file.get(), step.data(), step.size());
    if (count < 0) throw IoError("read", path, errno);
    if (count == 0) return status;
    take(std::string_view(step.data(), static_cast<std::size_t>(count)));
    status.size += static_cast<std::uint64_t>(count);
  }
}

SourceStatus source_status(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) throw IoError("stat", path, errno);
  return regular_status(status, path);
}

}  // namespace quire::tools
