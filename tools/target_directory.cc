#include "tools/target_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>
#include <streambuf>

#include <quire/error.h>

namespace quire::tools {

namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kUsualDirectoryMode = 0777;  // the umask narrows it
constexpr mode_t kUsualFileMode = 0666;
constexpr mode_t kPermissions = 0777;  // not setuid and setgid: the file has another owner now
constexpr std::int64_t kSecond = 1'000'000'000;

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// A file under a temporary name, which the destructor removes.
class TemporaryFile {
 public:
  TemporaryFile(int directory, std::string name, mode_t mode, const std::string& path)
      : directory_(directory), name_(std::move(name)), path_(path) {
    file_ = Descriptor(openat(directory_, name_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file_) throw IoError("open", path_, errno);
  }
  ~TemporaryFile() { unlinkat(directory_, name_.c_str(), 0); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write_all(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw IoError("write", path_, errno);
      bytes = bytes.sub(static_cast<std::size_t>(count));
    }
  }

  void set(const TargetDirectory::Attributes& attributes) const {
    if (fchmod(file_.get(), attributes.mode & kPermissions) != 0) {
      throw IoError("fchmod", path_, errno);
    }
    timespec changed{attributes.mtime_ns / kSecond, attributes.mtime_ns % kSecond};
    if (changed.tv_nsec < 0) {  // before 1970
      --changed.tv_sec;
      changed.tv_nsec += kSecond;
    }
    const timespec times[] = {{0, UTIME_OMIT}, changed};
    if (futimens(file_.get(), times) != 0) throw IoError("futimens", path_, errno);
  }

  void move_to(const std::string& name, bool overwrite) {
    // link() never replaces what is there; rename() does so at one moment.
    const int result = overwrite ? renameat(directory_, name_.c_str(), directory_, name.c_str())
                                 : linkat(directory_, name_.c_str(), directory_, name.c_str(), 0);
    if (result == 0) return;
    if (errno == EEXIST) throw KeyExists("'" + path_ + "' exists; --force overwrites files");
    throw IoError(overwrite ? "rename" : "link", path_, errno);
  }

 private:
  int directory_;
  std::string name_;
  const std::string& path_;  // of the file to be, for messages
  Descriptor file_;
};

// Collects what a stream is given and writes it in large pieces. What a write throws sets badbit,
// so the stream throws it on.
class FileBuffer : public std::streambuf {
 public:
  explicit FileBuffer(const TemporaryFile& file) : file_(file) { reset(); }

 protected:
  int overflow(int byte) override {
    write_out();
    if (byte != traits_type::eof()) sputc(static_cast<char>(byte));
    return traits_type::not_eof(byte);
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    if (count > epptr() - pptr()) write_out();
    if (count > epptr() - pptr()) {
      file_.write_all({reinterpret_cast<const std::byte*>(text), static_cast<std::size_t>(count)});
    } else {
      std::memcpy(pptr(), text, static_cast<std::size_t>(count));
      pbump(static_cast<int>(count));
    }
    return count;
  }
  int sync() override {
    write_out();
    return 0;
  }

 private:
  void write_out() {
    const auto count = static_cast<std::size_t>(pptr() - pbase());
    file_.write_all({reinterpret_cast<const std::byte*>(pbase()), count});
    reset();
  }
  void reset() { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

  const TemporaryFile& file_;
  std::array<char, 65536> bytes_;
};

}  // namespace

std::string reason_against(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return "it has a byte 0";
  if (path.starts_with('/')) return "it is absolute";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name.empty()) return "it has an empty name";
    if (name == "." || name == "..") return fmt::format("it has a name '{}'", name);
    begin = end + 1;
  }
  return {};
}

TargetDirectory::TargetDirectory(const std::string& path) : root_path_(path) {
  if (mkdir(path.c_str(), kUsualDirectoryMode) != 0 && errno != EEXIST) {
    if (errno == ENOENT) throw NotFound("there is no directory to make '" + path + "' in");
    throw IoError("mkdir", path, errno);
  }
  root_ = Descriptor(open(path.c_str(), kDirectory));
  if (!root_) throw IoError("open", path, errno);
}

Descriptor TargetDirectory::open_parent(const std::string& path) const {
  Descriptor directory(openat(root_.get(), ".", kDirectory));
  for (std::size_t begin = 0, end; (end = path.find('/', begin)) != std::string::npos;
       begin = end + 1) {
    const std::string name = path.substr(begin, end - begin);
    if (mkdirat(directory.get(), name.c_str(), kUsualDirectoryMode) != 0 && errno != EEXIST) {
      throw IoError("mkdir", full_path(path.substr(0, end)), errno);
    }
    directory = Descriptor(openat(directory.get(), name.c_str(), kDirectory | O_NOFOLLOW));
    if (!directory) throw IoError("open", full_path(path.substr(0, end)), errno);
  }
  return directory;
}

bool TargetDirectory::exists(const std::string& path) const {
  struct stat status {};
  return fstatat(root_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void TargetDirectory::write(const std::string& path, ByteView content,
                            const std::optional<Attributes>& attributes, bool overwrite) {
  write(
      path, [&](std::ostream& out) { out << content.text(); }, attributes, overwrite);
}

void TargetDirectory::write(const std::string& path,
                            const std::function<void(std::ostream&)>& content,
                            const std::optional<Attributes>& attributes, bool overwrite) {
  const std::string shown = full_path(path);
  const Descriptor parent = open_parent(path);
  TemporaryFile file(parent.get(), fmt::format(".quire-export.{}.{}", getpid(), ++file_count_),
                     attributes ? S_IRUSR | S_IWUSR : kUsualFileMode, shown);
  FileBuffer buffer(file);
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit | std::ios::failbit);
  content(out);
  out.flush();
  if (attributes) file.set(*attributes);
  file.move_to(std::string(last_name(path)), overwrite);
}

void TargetDirectory::sync() {
  if (syncfs(root_.get()) != 0) throw IoError("syncfs", root_path_, errno);
}

}  // namespace quire::tools
