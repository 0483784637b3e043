#include "tools/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <quire/error.h>

#include "tools/descriptor.h"
#include "tools/interrupt.h"

namespace quire::tools {

namespace {

struct CloseStream {
  void operator()(DIR* stream) const noexcept { closedir(stream); }
};
using Stream = std::unique_ptr<DIR, CloseStream>;

[[noreturn]] void throw_unusable(const std::string& directory, int error_number) {
  if (error_number == ENOENT) {
    throw NotFound("no such directory: '" + directory + "'; check the path");
  }
  if (error_number == ENOTDIR) {
    throw InvalidArgument("not a directory: '" + directory + "'; give one");
  }
  throw IoError("open", directory, error_number);
}

class Walk {
 public:
  explicit Walk(const std::string& directory)
      : root_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!root_) throw_unusable(directory, errno);
  }

  FileTree run() {
    pending_.emplace_back();
    while (!pending_.empty()) {
      throw_if_interrupted();
      const std::string path = std::move(pending_.back());
      pending_.pop_back();
      list(path);
    }
    std::ranges::sort(tree_.files, {}, &FileTree::File::path);
    std::ranges::sort(tree_.unreadable, {}, &FileTree::Unreadable::path);
    return std::move(tree_);
  }

 private:
  // `path` is relative to the root, and empty for the root itself.
  void list(const std::string& path) {
    const char* name = path.empty() ? "." : path.c_str();
    Descriptor descriptor(
        openat(root_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    Stream stream(descriptor ? fdopendir(descriptor.get()) : nullptr);
    if (!stream) return note_unreadable(path, errno);
    descriptor.release();
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
      const std::string_view entry_name = entry->d_name;
      if (entry_name != "." && entry_name != "..") visit(dirfd(stream.get()), path, entry->d_name);
      errno = 0;
    }
    if (errno != 0) note_unreadable(path, errno);
  }

  void visit(int parent, const std::string& parent_path, const char* name) {
    std::string path = parent_path.empty() ? name : parent_path + "/" + name;
    struct stat status {};
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      note_unreadable(path, errno);
    } else if (S_ISREG(status.st_mode)) {
      tree_.files.push_back({std::move(path), static_cast<std::uint64_t>(status.st_size)});
    } else if (S_ISDIR(status.st_mode)) {
      pending_.push_back(std::move(path));
    } else if (S_ISLNK(status.st_mode)) {
      ++tree_.symlink_count;
    } else {
      ++tree_.special_count;
    }
  }

  void note_unreadable(const std::string& path, int error_number) {
    tree_.unreadable.push_back({path, std::generic_category().message(error_number)});
  }

  Descriptor root_;
  std::vector<std::string> pending_;
  FileTree tree_;
};

}  // namespace

FileTree walk_files(const std::string& directory) { return Walk(directory).run(); }

}  // namespace quire::tools
