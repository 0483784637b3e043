#include "tools/target_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>
#include <streambuf>

#include <quire/error.h>

#include "tools/unfinished.h"

namespace quire::tools {

namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kUsualFileMode = 0666;
constexpr mode_t kPermissions = 0777;  // not setuid and setgid: the file has another owner now
constexpr std::int64_t kSecond = 1'000'000'000;

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// A file that is called unfinished until it moves; the destructor removes what has not.
class TemporaryFile {
 public:
  TemporaryFile(int directory, mode_t mode, const std::string& path)
      : directory_(directory), file_(make_unfinished_file(directory, mode, path)), path_(path) {}
  ~TemporaryFile() { unlinkat(directory_, file_.name.c_str(), 0); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write_all(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_.descriptor.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw IoError("write", path_, errno);
      bytes = bytes.sub(static_cast<std::size_t>(count));
    }
  }

  void set(const TargetDirectory::Attributes& attributes) const {
    if (fchmod(file_.descriptor.get(), attributes.mode & kPermissions) != 0) {
      throw IoError("fchmod", path_, errno);
    }
    timespec changed{attributes.mtime_ns / kSecond, attributes.mtime_ns % kSecond};
    if (changed.tv_nsec < 0) {  // before 1970
      --changed.tv_sec;
      changed.tv_nsec += kSecond;
    }
    const timespec times[] = {{0, UTIME_OMIT}, changed};
    if (futimens(file_.descriptor.get(), times) != 0) throw IoError("futimens", path_, errno);
  }

  // False if there is something of that name already, which is not to be overwritten.
  bool move_to(const std::string& name, bool overwrite) {
    const char* own = file_.name.c_str();
    if (overwrite) require_replaceable(name);
    // link() never replaces what is there; rename() does so at one moment.
    const int result = overwrite ? renameat(directory_, own, directory_, name.c_str())
                                 : linkat(directory_, own, directory_, name.c_str(), 0);
    if (result == 0) return true;
    if (errno == EEXIST) return false;
    throw IoError(overwrite ? "rename" : "link", path_, errno);
  }

 private:
  // A device or a pipe would be gone for everybody.
  void require_replaceable(const std::string& name) const {
    struct stat there {};
    if (fstatat(directory_, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISREG(there.st_mode) || S_ISLNK(there.st_mode) || S_ISDIR(there.st_mode)) return;
    throw KeyExists("'" + path_ +
                    "' is a device or a pipe, which no file replaces; give another path");
  }

  int directory_;
  Unfinished file_;
  const std::string& path_;  // of the file to be, for messages
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
    if (name.size() > kLongestName) {
      return fmt::format("it has a name of {} bytes, and {} is the limit", name.size(),
                         kLongestName);
    }
    if (is_unfinished_name(name)) {
      return fmt::format("'{}' is what this command calls a file that it has not finished", name);
    }
    begin = end + 1;
  }
  return {};
}

TargetDirectory::TargetDirectory(const std::string& path) : root_path_(path) {
  was_made_ = mkdir(path.c_str(), kUsualDirectoryMode) == 0;
  if (!was_made_ && errno != EEXIST) {
    if (errno == ENOENT) throw NotFound("there is no directory to make '" + path + "' in; make it");
    throw IoError("mkdir", path, errno);
  }
  root_ = Descriptor(open(path.c_str(), kDirectory));
  if (!root_) throw IoError("open", path, errno);
}

TargetDirectory::~TargetDirectory() {
  if (was_made_ && !is_synced_) rmdir(root_path_.c_str());  // fails if something lies in it
}

Descriptor TargetDirectory::open_directory(const std::string& path) const {
  Descriptor directory(openat(root_.get(), ".", kDirectory));
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    if (mkdirat(directory.get(), name.c_str(), kUsualDirectoryMode) != 0 && errno != EEXIST) {
      throw IoError("mkdir", full_path(path.substr(0, end)), errno);
    }
    directory = Descriptor(openat(directory.get(), name.c_str(), kDirectory | O_NOFOLLOW));
    if (!directory) throw IoError("open", full_path(path.substr(0, end)), errno);
    begin = end + 1;
  }
  return directory;
}

void TargetDirectory::clear_once(const std::string& directory, const Descriptor& descriptor) {
  if (cleared_.insert(directory).second) remove_left_overs(descriptor.get());
}

bool TargetDirectory::exists(const std::string& path) const {
  struct stat status {};
  return fstatat(root_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void TargetDirectory::throw_exists(const std::string& path) const {
  throw KeyExists("'" + full_path(path) + "' exists; --force overwrites files");
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
  const std::string_view name = last_name(path);
  const std::string directory = path.substr(0, path.size() - name.size());
  const Descriptor parent = open_directory(directory);
  clear_once(directory, parent);
  TemporaryFile file(parent.get(), attributes ? S_IRUSR | S_IWUSR : kUsualFileMode, shown);
  FileBuffer buffer(file);
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit | std::ios::failbit);
  content(out);
  out.flush();
  if (attributes) file.set(*attributes);
  if (!file.move_to(std::string(name), overwrite)) throw_exists(path);
}

void TargetDirectory::sync() {
  if (syncfs(root_.get()) != 0) throw IoError("syncfs", root_path_, errno);
  is_synced_ = true;
}

}  // namespace quire::tools
