#include "testing/simulation.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include <quire/error.h>

#include "testing/faults.h"

namespace quire::simulation {
namespace {

constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 32;

std::uint64_t next_device() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

/// What a file of this size takes.
std::uint64_t whole_blocks(std::uint64_t size) {
  return (size + BlockBytes::kBlockBytes - 1) / BlockBytes::kBlockBytes * BlockBytes::kBlockBytes;
}

std::shared_ptr<const std::string> shared(const std::string& path) {
  return std::make_shared<const std::string>(path);
}

/// What the paths of all that is in a directory begin with.
std::string prefix_of(const std::string& directory) {
  return directory == "/" ? directory : directory + "/";
}

[[noreturn]] void fail(FileOperation operation, const std::string& path, int number) {
  throw IoError(system_name(operation), path, number, "injected by the simulated disk");
}

void require_possible(FileOperation operation, const OpenFile& file, std::uint64_t offset,
                      std::uint64_t length) {
  if (!file.is_writable) throw IoError(system_name(operation), *file.path, EBADF);
  if (offset > kMostFileBytes || length > kMostFileBytes - offset) {
    throw IoError(system_name(operation), *file.path, EFBIG, "a simulated file ends at 4 GiB");
  }
}

/// Nothing that the call itself notices.
bool is_event(FaultKind kind) { return kind == FaultKind::write_back || kind == FaultKind::evict; }

}  // namespace

std::string to_string(const Call& call) {
  std::string text = std::string(quire::to_string(call.operation)) + " " + *call.path;
  switch (call.operation) {
    case FileOperation::read:
    case FileOperation::write:
    case FileOperation::allocate:
      return text + " at " + std::to_string(call.offset) + ", " + std::to_string(call.length) +
             " bytes";
    case FileOperation::truncate:
      return text + " to " + std::to_string(call.offset) + " bytes";
    case FileOperation::rename:
    case FileOperation::link:
      return text + " to " + *call.target;
    default:
      return text;
  }
}

Simulation::Simulation(Disk disk, std::uint64_t seed, FaultPlan plan)
    : disk_(std::move(disk)), device_(next_device()), random_(seed), plan_(std::move(plan)) {}

// ---- counting and failing

/// Counts the call. A fault that it returns has to be acted on by the caller; one that leaves
/// everything undone is thrown here. `bytes`: of a write.
std::optional<FaultKind> Simulation::begin(Call call, ByteView bytes) {
  const std::uint64_t index = calls_.size();
  const FileOperation operation = call.operation;
  if (changes_disk(operation)) {
    if (observer_) observer_(disk_, index, false);
    show(call, bytes);
  }
  calls_.push_back(std::move(call));
  const std::optional<FaultKind> fault = take_fault(operation, index);
  if (!fault) return std::nullopt;
  injected_.push_back(std::to_string(index) + ": " + to_string(calls_.back()));
  if (fails_undone(*fault, operation)) {
    fail(operation, *calls_.back().path, error_number(*fault));
  }
  if (fault == FaultKind::write_back) disk_.write_back(random_);
  if (fault == FaultKind::evict) disk_.evict();
  return is_event(*fault) ? std::nullopt : fault;
}

void Simulation::show(const Call& call, ByteView bytes) {
  for (const Watcher& watcher : watchers_) {
    try {
      watcher({call.operation, *call.path, call.target ? *call.target : std::string_view(),
               call.offset, call.length, bytes, disk_});
    } catch (const std::exception& complaint) {
      complaints_.push_back(std::to_string(calls_.size()) + ": " + to_string(call) + ": " +
                            complaint.what());
    }
  }
}

/// A system stops the write of a process that is killed between two pages.
void Simulation::observe_within(const OpenFile& file, std::uint64_t offset, ByteView bytes) const {
  constexpr std::uint64_t kPageBytes = 4096;
  if (!observer_ || bytes.empty()) return;
  const std::uint64_t first = offset / kPageBytes;
  const std::uint64_t last = (offset + bytes.size() - 1) / kPageBytes;
  if (first == last) return;
  const std::uint64_t index = calls_.size() - 1;
  const std::uint64_t end = (first + 1 + mix(index) % (last - first)) * kPageBytes;
  Disk disk = disk_;
  disk.write(file.inode, offset, bytes.sub(0, end - offset));
  observer_(disk, index, true);
}

std::optional<FaultKind> Simulation::take_fault(FileOperation operation, std::uint64_t index) {
  for (Fault& fault : plan_.faults) {
    if (index < fault.first_operation || fault.count == 0 || !can_fail(fault.kind, operation)) {
      continue;
    }
    if (fault.count != Fault::kForever) --fault.count;
    return fault.kind;
  }
  return std::nullopt;
}

// ---- names

bool Simulation::is_directory(const std::string& path) const {
  if (path == "/") return true;
  const std::string prefix = prefix_of(path);
  const auto found = disk_.names().lower_bound(prefix);
  return found != disk_.names().end() && found->first.starts_with(prefix);
}

void Simulation::require_no_file_above(const char* name, const std::string& path) const {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (disk_.names().contains(path.substr(0, slash))) throw IoError(name, path, ENOTDIR);
  }
}

InodeNumber Simulation::find_file(const char* name, const std::string& path) const {
  require_no_file_above(name, path);
  if (is_directory(path)) throw IoError(name, path, EISDIR, "this is a directory");
  const auto found = disk_.names().find(path);
  if (found == disk_.names().end()) throw IoError(name, path, ENOENT);
  return found->second;
}

FileStatus Simulation::status_of(InodeNumber number) const {
  const Inode& inode = disk_.inode(number);
  return {.kind = FileKind::regular,
          .identity = {.device = device_, .inode = number},
          .size = inode.cache.size(),
          .mode = inode.mode};
}

std::shared_ptr<OpenFile> Simulation::opened(InodeNumber inode,
                                             std::shared_ptr<const std::string> path,
                                             bool is_writable) {
  auto file = std::make_shared<OpenFile>(OpenFile{inode, std::move(path), is_writable});
  open_files_.insert(file.get());
  return file;
}

std::shared_ptr<OpenFile> Simulation::open(const std::string& path, OpenMode how,
                                           std::uint32_t mode) {
  const std::lock_guard guard(mutex_);
  const auto name = shared(path);
  if (how != OpenMode::create) {
    begin({FileOperation::open, name});
    return opened(find_file("open", path), name, how == OpenMode::read_write);
  }
  begin({FileOperation::create, name});
  require_no_file_above("open", path);
  if (is_directory(path) || disk_.names().contains(path)) throw IoError("open", path, EEXIST);
  const InodeNumber inode = disk_.create(mode & 07777u);
  disk_.change({NameChange::Kind::add, path, {}, inode});
  return opened(inode, name, true);
}

std::shared_ptr<OpenFile> Simulation::open_unnamed(const std::string& directory) {
  const std::lock_guard guard(mutex_);
  const auto name = shared(prefix_of(directory) + "(unnamed)");
  begin({FileOperation::create, name});
  require_no_file_above("open", *name);
  return opened(disk_.create(0600), name, true);
}

std::optional<FileStatus> Simulation::status(const std::string& path) {
  const std::lock_guard guard(mutex_);
  begin({FileOperation::status, shared(path)});
  const auto found = disk_.names().find(path);
  if (found != disk_.names().end()) return status_of(found->second);
  if (!is_directory(path)) return std::nullopt;
  return FileStatus{.kind = FileKind::directory, .identity = {.device = device_}, .mode = 0700};
}

void Simulation::rename(const std::string& from, const std::string& to) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::rename, shared(from), 0, 0, shared(to)});
  const InodeNumber inode = find_file("rename", from);
  require_no_file_above("rename", to);
  if (is_directory(to)) throw IoError("rename", to, EISDIR, "this is a directory");
  const auto target = disk_.names().find(to);
  // Two names of one file: POSIX keeps both.
  if (target == disk_.names().end() || target->second != inode) {
    disk_.change({NameChange::Kind::rename, from, to, inode});
  }
  if (fault) fail(FileOperation::rename, to, EIO);
}

void Simulation::link(const std::string& existing, const std::string& name) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::link, shared(existing), 0, 0, shared(name)});
  const InodeNumber inode = find_file("link", existing);
  require_no_file_above("link", name);
  if (is_directory(name) || disk_.names().contains(name)) throw IoError("link", name, EEXIST);
  disk_.change({NameChange::Kind::add, name, {}, inode});
  if (fault) fail(FileOperation::link, name, EIO);
}

void Simulation::remove(const std::string& path) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::remove, shared(path)});
  disk_.change({NameChange::Kind::remove, path, {}, find_file("unlink", path)});
  if (fault) fail(FileOperation::remove, path, EIO);
}

std::vector<std::string> Simulation::list(const std::string& directory) {
  const std::lock_guard guard(mutex_);
  begin({FileOperation::list, shared(directory)});
  const std::string prefix = prefix_of(directory);
  require_no_file_above("opendir", prefix);
  std::vector<std::string> names;
  for (auto entry = disk_.names().lower_bound(prefix);
       entry != disk_.names().end() && entry->first.starts_with(prefix); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(prefix.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    // All that is in one subdirectory stands together.
    if (names.empty() || names.back() != name) names.emplace_back(name);
  }
  return names;
}

void Simulation::sync_directory(const std::string& directory) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::sync_directory, shared(directory)});
  require_no_file_above("fsync", prefix_of(directory));
  if (fault == FaultKind::sync_lies) return;
  disk_.sync_directory(directory);
}

// ---- open files

void Simulation::close(const OpenFile& file) noexcept {
  const std::lock_guard guard(mutex_);
  open_files_.erase(const_cast<OpenFile*>(&file));
  const auto lock = locks_.find(file.inode);
  if (lock == locks_.end()) return;
  if (lock->second.exclusive == &file) lock->second.exclusive = nullptr;
  lock->second.shared.erase(&file);
}

std::size_t Simulation::read(const OpenFile& file, std::uint64_t offset,
                             std::span<std::byte> buffer) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::read, file.path, offset, buffer.size()});
  if (fault == FaultKind::bad_sector) disk_.make_unreadable(file.inode, offset / kSectorBytes);
  if (fault == FaultKind::bad_sector ||
      disk_.unreadable_sector(file.inode, offset, buffer.size())) {
    fail(FileOperation::read, *file.path, EIO);
  }
  const std::size_t count = disk_.inode(file.inode).cache.read(offset, buffer);
  if (!fault || count == 0) return count;
  const std::size_t chosen = random_() % count;
  if (fault == FaultKind::short_read) return chosen;
  if (fault == FaultKind::wrong_read) buffer[chosen] ^= std::byte{1} << (chosen % 8);
  return count;
}

std::uint64_t Simulation::bytes_in_use() const {
  std::set<InodeNumber> numbers;  // a file may have two names
  for (const auto& [name, number] : disk_.names()) numbers.insert(number);
  for (const OpenFile* const file : open_files_) numbers.insert(file->inode);
  std::uint64_t sum = 0;
  for (const InodeNumber number : numbers) {
    sum += whole_blocks(disk_.inode(number).cache.size());
  }
  return sum;
}

/// How long the file may be.
std::uint64_t Simulation::most_bytes(InodeNumber number) const {
  if (capacity_ == SimulatedFileSystem::kUnlimited) return kMostFileBytes;
  const std::uint64_t used = bytes_in_use();
  const std::uint64_t free = used < capacity_ ? capacity_ - used : 0;
  const std::uint64_t blocks = free / BlockBytes::kBlockBytes;
  return whole_blocks(disk_.inode(number).cache.size()) + blocks * BlockBytes::kBlockBytes;
}

void Simulation::require_room(FileOperation operation, const OpenFile& file,
                              std::uint64_t size) const {
  if (size > most_bytes(file.inode)) {
    throw IoError(system_name(operation), *file.path, ENOSPC, "the simulated disk is full");
  }
}

void Simulation::write_part(const OpenFile& file, std::uint64_t offset, ByteView bytes) {
  if (!bytes.empty()) disk_.write(file.inode, offset, bytes.sub(0, random_() % bytes.size()));
}

void Simulation::write(const OpenFile& file, std::uint64_t offset, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  require_possible(FileOperation::write, file, offset, bytes.size());
  const auto fault = begin({FileOperation::write, file.path, offset, bytes.size()}, bytes);
  if (fault && fault != FaultKind::complete_write) {
    write_part(file, offset, bytes);
  } else {
    const std::uint64_t most = most_bytes(file.inode);
    if (offset < most) {
      const ByteView fitting = bytes.sub(0, most - offset);
      observe_within(file, offset, fitting);
      disk_.write(file.inode, offset, fitting);
    }
    require_room(FileOperation::write, file, offset + bytes.size());
  }
  if (fault) fail(FileOperation::write, *file.path, error_number(*fault));
}

void Simulation::allocate(const OpenFile& file, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard guard(mutex_);
  require_possible(FileOperation::allocate, file, offset, length);
  const auto fault = begin({FileOperation::allocate, file.path, offset, length});
  const bool partial = fault == FaultKind::partial_write;
  require_room(FileOperation::allocate, file, offset + length);
  disk_.grow(file.inode, offset + (partial ? length / 2 : length));
  if (fault) fail(FileOperation::allocate, *file.path, error_number(*fault));
}

void Simulation::truncate(const OpenFile& file, std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  require_possible(FileOperation::truncate, file, size, 0);
  const auto fault = begin({FileOperation::truncate, file.path, size});
  require_room(FileOperation::truncate, file, size);
  disk_.truncate(file.inode, size);
  if (fault) fail(FileOperation::truncate, *file.path, EIO);
}

void Simulation::sync(OpenFile& file, Disk::SyncOf what) {
  const std::lock_guard guard(mutex_);
  const auto fault = begin({FileOperation::sync, file.path});
  if (late_errors_.erase(file.inode) > 0) return fail_sync(file, FaultKind::sync_loses);
  if (std::exchange(file.owes_error, false)) fail(FileOperation::sync, *file.path, EIO);
  if (fault == FaultKind::sync_lies) return;
  if (fault == FaultKind::sync_reports_late) {
    late_errors_.insert(file.inode);
  } else if (fault) {
    return fail_sync(file, *fault);
  }
  disk_.sync(file.inode, what);
}

void Simulation::fail_sync(OpenFile& file, FaultKind kind) {
  const SyncLoss loss = kind == FaultKind::sync_reverts ? SyncLoss::cache_reverts
                        : kind == FaultKind::sync_keeps_some || kind == FaultKind::sync_no_space
                            ? SyncLoss::some_kept
                            : SyncLoss::cache_keeps;
  disk_.lose(file.inode, loss, random_);
  for (OpenFile* const other : open_files_) {
    if (kind == FaultKind::sync_tells_each && other->inode == file.inode && other != &file) {
      other->owes_error = true;
    }
  }
  fail(FileOperation::sync, *file.path, error_number(kind));
}

bool Simulation::try_lock(const OpenFile& file, LockKind kind) {
  const std::lock_guard guard(mutex_);
  begin({FileOperation::lock, file.path});
  if (kind == LockKind::exclusive && !file.is_writable) throw IoError("fcntl", *file.path, EBADF);
  Holders& holders = locks_[file.inode];
  if (holders.exclusive != nullptr && holders.exclusive != &file) return false;
  if (kind == LockKind::exclusive && holders.shared.size() > holders.shared.count(&file)) {
    return false;
  }
  holders.exclusive = kind == LockKind::exclusive ? &file : nullptr;
  if (kind == LockKind::exclusive) {
    holders.shared.erase(&file);
  } else {
    holders.shared.insert(&file);
  }
  return true;
}

FileStatus Simulation::status(const OpenFile& file) {
  const std::lock_guard guard(mutex_);
  begin({FileOperation::status, file.path});
  return status_of(file.inode);
}

// ---- chance, time, and what the tests ask

void Simulation::fill_random(std::span<std::byte> bytes) {
  const std::lock_guard guard(mutex_);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_() >> 24);
}

std::chrono::nanoseconds Simulation::tick() {
  const std::lock_guard guard(mutex_);
  return std::chrono::microseconds(++ticks_);
}

Disk Simulation::disk() const {
  const std::lock_guard guard(mutex_);
  return disk_;
}

std::uint64_t Simulation::call_count() const {
  const std::lock_guard guard(mutex_);
  return calls_.size();
}

Call Simulation::call(std::uint64_t index) const {
  const std::lock_guard guard(mutex_);
  return calls_.at(index);
}

std::vector<std::string> Simulation::injected() const {
  const std::lock_guard guard(mutex_);
  return injected_;
}

void Simulation::set_faults(FaultPlan plan) {
  const std::lock_guard guard(mutex_);
  plan_ = std::move(plan);
}

void Simulation::set_capacity(std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  capacity_ = bytes;
}

std::uint64_t Simulation::used_bytes() const {
  const std::lock_guard guard(mutex_);
  return bytes_in_use();
}

void Simulation::damage(const std::string& path, const std::function<void(BlockBytes&)>& change) {
  const std::lock_guard guard(mutex_);
  disk_.damage(find_file("damage", path), change);
}

void Simulation::set_observer(Observer observer) {
  const std::lock_guard guard(mutex_);
  observer_ = std::move(observer);
}

void Simulation::watch(Watcher watcher) {
  const std::lock_guard guard(mutex_);
  watchers_.push_back(std::move(watcher));
}

std::vector<std::string> Simulation::complaints() const {
  const std::lock_guard guard(mutex_);
  return complaints_;
}

}  // namespace quire::simulation
