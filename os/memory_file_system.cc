#include "os/memory_file_system.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <shared_mutex>
#include <string_view>
#include <utility>

#include <quire/error.h>

#include "os/memory_file.h"

namespace quire::os {

namespace {

std::uint64_t next_device() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

/// The path from "/", without ".", ".." and empty components.
std::string canonical_path(const char* operation, const std::string& path) {
  if (path.empty()) throw IoError(operation, path, ENOENT);
  std::string result;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    if (name == "..") {
      result.resize(result.empty() ? 0 : result.rfind('/'));
    } else if (!name.empty() && name != ".") {
      result.append("/").append(name);
    }
    begin = end + 1;
  }
  return result.empty() ? "/" : result;
}

/// What the paths of all that is in a directory begin with.
std::string prefix_of(const std::string& directory) {
  return directory == "/" ? directory : directory + "/";
}

}  // namespace

MemoryFileSystem::MemoryFileSystem(Threads threads) : threads_(threads), device_(next_device()) {}
MemoryFileSystem::~MemoryFileSystem() = default;

std::unique_ptr<Thread> MemoryFileSystem::start_thread(std::function<void()> body) {
  return threads_ == Threads::yes ? HostFileSystem::start_thread(std::move(body)) : nullptr;
}

MemoryFileSystem::InodePtr MemoryFileSystem::make_inode(std::uint32_t mode) {
  return std::make_shared<MemoryInode>(FileIdentity{.device = device_, .inode = ++last_inode_},
                                       mode);
}

bool MemoryFileSystem::is_directory(const std::string& path) const {
  if (path == "/") return true;
  const std::string prefix = prefix_of(path);
  const auto found = files_.lower_bound(prefix);
  return found != files_.end() && found->first.starts_with(prefix);
}

void MemoryFileSystem::require_no_file_above(const char* operation, const std::string& path) const {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (files_.contains(path.substr(0, slash))) throw IoError(operation, path, ENOTDIR);
  }
}

MemoryFileSystem::Names::iterator MemoryFileSystem::find_file(const char* operation,
                                                              const std::string& path) {
  require_no_file_above(operation, path);
  if (is_directory(path)) throw IoError(operation, path, EISDIR, "this is a directory");
  const auto found = files_.find(path);
  if (found == files_.end()) throw IoError(operation, path, ENOENT);
  return found;
}

std::unique_ptr<File> MemoryFileSystem::open(const std::string& path, OpenMode how,
                                             std::uint32_t mode) {
  const std::string place = canonical_path("open", path);
  const std::lock_guard guard(mutex_);
  if (how != OpenMode::create) {
    return std::make_unique<MemoryFile>(find_file("open", place)->second, path,
                                        how == OpenMode::read_write);
  }
  require_no_file_above("open", place);
  if (is_directory(place) || files_.contains(place)) throw IoError("open", path, EEXIST);
  const InodePtr inode = make_inode(mode);
  auto file = std::make_unique<MemoryFile>(inode, path, true);
  files_.emplace(place, inode);
  return file;
}

std::unique_ptr<File> MemoryFileSystem::open_unnamed(const std::string& directory) {
  const std::string name = prefix_of(canonical_path("open", directory)) + "(unnamed)";
  const std::lock_guard guard(mutex_);
  require_no_file_above("open", name);
  return std::make_unique<MemoryFile>(make_inode(0600), name, true);
}

std::optional<FileStatus> MemoryFileSystem::status(const std::string& path) {
  const std::string place = canonical_path("stat", path);
  const std::lock_guard guard(mutex_);
  if (const auto found = files_.find(place); found != files_.end()) return found->second->status();
  if (!is_directory(place)) return std::nullopt;
  return FileStatus{.kind = FileKind::directory, .identity = {.device = device_}, .mode = 0700};
}

std::string MemoryFileSystem::canonical(const std::string& path) {
  return canonical_path("realpath", path);
}

void MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::string target = canonical_path("rename", to);
  const std::string source = canonical_path("rename", from);
  const std::lock_guard guard(mutex_);
  const auto found = find_file("rename", source);
  require_no_file_above("rename", target);
  if (is_directory(target)) throw IoError("rename", to, EISDIR, "this is a directory");
  InodePtr& named = files_[target];
  if (named == found->second) return;  // two names of one file: POSIX keeps both
  named = found->second;
  files_.erase(found);
}

void MemoryFileSystem::link_without_replace(const std::string& existing, const std::string& name) {
  const std::string source = canonical_path("link", existing);
  const std::string target = canonical_path("link", name);
  const std::lock_guard guard(mutex_);
  const InodePtr inode = find_file("link", source)->second;
  require_no_file_above("link", target);
  if (is_directory(target) || !files_.emplace(target, inode).second) {
    throw IoError("link", name, EEXIST);
  }
}

void MemoryFileSystem::remove(const std::string& path) {
  const std::string place = canonical_path("unlink", path);
  const std::lock_guard guard(mutex_);
  files_.erase(find_file("unlink", place));
}

std::vector<std::string> MemoryFileSystem::list(const std::string& directory) {
  const std::string prefix = prefix_of(canonical_path("opendir", directory));
  const std::lock_guard guard(mutex_);
  require_no_file_above("opendir", prefix);
  std::vector<std::string> names;
  for (auto entry = files_.lower_bound(prefix);
       entry != files_.end() && entry->first.starts_with(prefix); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(prefix.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    // All that is in one subdirectory stands together.
    if (names.empty() || names.back() != name) names.emplace_back(name);
  }
  return names;
}

void MemoryFileSystem::sync_directory(const std::string& directory) {
  const std::string place = canonical_path("fsync", directory);
  const std::lock_guard guard(mutex_);
  require_no_file_above("fsync", prefix_of(place));
  ++directory_syncs_[place];
}

std::uint64_t MemoryFileSystem::sync_count(const std::string& path) {
  const std::string place = canonical_path("stat", path);
  const std::lock_guard guard(mutex_);
  if (const auto found = files_.find(place); found != files_.end()) {
    const std::shared_lock inode_guard(found->second->mutex);
    return found->second->syncs;
  }
  const auto synced = directory_syncs_.find(place);
  return synced == directory_syncs_.end() ? 0 : synced->second;
}

}  // namespace quire::os
