#include "testing/disk.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "testing/sole_owner.h"

namespace quire::simulation {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

void apply_change(Names& names, const NameChange& change) {
  if (change.kind == NameChange::Kind::add) {
    names[change.name] = change.inode;
    return;
  }
  // If an earlier change of this name was lost, another file may stand there.
  const auto found = names.find(change.name);
  if (found != names.end() && found->second == change.inode) names.erase(found);
  if (change.kind == NameChange::Kind::rename) names[change.target] = change.inode;
}

// ---- one file

std::pair<std::uint64_t, std::uint64_t> whole_sectors(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t first = (offset + kSectorBytes - 1) / kSectorBytes;
  return {first, std::max(first, (offset + size) / kSectorBytes)};
}

void Inode::make_durable(const FileChange& change) {
  switch (change.kind) {
    case FileChange::Kind::data: {
      durable.write(change.offset, *change.bytes);
      const auto [from, to] = whole_sectors(change.offset, change.bytes->size());
      unreadable.erase(unreadable.lower_bound(from), unreadable.lower_bound(to));
      return;
    }
    case FileChange::Kind::growth:
    case FileChange::Kind::extension:
      durable_size = std::max(durable_size, change.offset);
      return;
    case FileChange::Kind::cut:
      durable.resize(std::min(durable.size(), change.offset));
      durable_size = change.offset;
      return;
  }
}

BlockBytes Inode::on_disk() const {
  BlockBytes content = durable;
  content.resize(durable_size);
  return content;
}

// ---- files

Inode& Disk::writable(InodeNumber number) {
  auto& inode = inodes_.at(number);
  if (!is_sole_owner(inode)) inode = std::make_shared<Inode>(*inode);
  return *inode;
}

InodeNumber Disk::create(std::uint32_t mode) {
  auto inode = std::make_shared<Inode>();
  inode->mode = mode;
  inodes_.emplace(++last_inode_, std::move(inode));
  return last_inode_;
}

void Disk::write(InodeNumber number, std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  Inode& inode = writable(number);
  const std::uint64_t end = offset + bytes.size();
  if (end > inode.cache.size()) inode.pending.push_back({FileChange::Kind::extension, end});
  inode.pending.push_back(
      {FileChange::Kind::data, offset,
       std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end())});
  inode.cache.write(offset, bytes);
}

void Disk::grow(InodeNumber number, std::uint64_t size) {
  Inode& inode = writable(number);
  if (size <= inode.cache.size()) return;
  inode.pending.push_back({FileChange::Kind::growth, size});
  inode.cache.resize(size);
}

void Disk::truncate(InodeNumber number, std::uint64_t size) {
  Inode& inode = writable(number);
  if (size >= inode.cache.size()) return grow(number, size);
  inode.pending.push_back({FileChange::Kind::cut, size});
  inode.cache.resize(size);
}

void Disk::sync(InodeNumber number, SyncOf what) {
  if (profile_.syncs_lie) return;
  Inode& inode = writable(number);
  std::vector<FileChange> rest;
  for (FileChange& change : inode.pending) {
    const bool is_growth =
        change.kind == FileChange::Kind::growth || change.kind == FileChange::Kind::extension;
    if (is_growth && what == SyncOf::data && profile_.data_sync_leaves_length) {
      rest.push_back(std::move(change));
      continue;
    }
    // A cut that is durable has taken with it what it cut off, however that had grown.
    if (change.kind == FileChange::Kind::cut) rest.clear();
    inode.make_durable(change);
  }
  inode.pending = std::move(rest);
}

void Disk::write_back(std::mt19937_64& random) {
  for (const InodeNumber number : reachable()) {
    if (inode(number).pending.empty()) continue;
    Inode& file = writable(number);
    std::vector<FileChange> rest;
    bool is_cut = false;  // what comes behind a cut does not reach the disk before it
    for (FileChange& change : file.pending) {
      is_cut = is_cut || change.kind == FileChange::Kind::cut;
      if (!is_cut && random() % 2 == 0) {
        file.make_durable(change);
      } else {
        rest.push_back(std::move(change));
      }
    }
    file.pending = std::move(rest);
  }
}

void Disk::evict() {
  for (auto& [number, shared] : inodes_) {
    if (!shared->pending.empty()) continue;
    BlockBytes content = shared->on_disk();
    if (content.hash() != shared->cache.hash()) writable(number).cache = std::move(content);
  }
}

std::optional<std::uint64_t> Disk::unreadable_sector(InodeNumber number, std::uint64_t offset,
                                                     std::uint64_t size) const {
  const Inode& file = inode(number);
  const auto is_cached = [&](std::uint64_t sector) {
    return std::any_of(file.pending.begin(), file.pending.end(), [&](const FileChange& change) {
      if (change.kind != FileChange::Kind::data) return false;
      const auto [from, to] = whole_sectors(change.offset, change.bytes->size());
      return from <= sector && sector < to;
    });
  };
  for (auto sector = file.unreadable.lower_bound(offset / kSectorBytes);
       sector != file.unreadable.end() && *sector * kSectorBytes < offset + size; ++sector) {
    if (!is_cached(*sector)) return *sector;
  }
  return std::nullopt;
}

void Disk::make_unreadable(InodeNumber number, std::uint64_t sector) {
  writable(number).unreadable.insert(sector);
}

void Disk::lose(InodeNumber number, SyncLoss loss, std::mt19937_64& random) {
  Inode& inode = writable(number);
  for (const FileChange& change : inode.pending) {
    if (loss == SyncLoss::some_kept && random() % 2 == 0) inode.make_durable(change);
  }
  inode.pending.clear();
  if (loss == SyncLoss::cache_reverts) inode.cache = inode.on_disk();
}

void Disk::damage(InodeNumber number, const std::function<void(BlockBytes&)>& change) {
  Inode& inode = writable(number);
  for (const FileChange& pending : inode.pending) inode.make_durable(pending);
  inode.pending.clear();
  BlockBytes content = inode.on_disk();
  change(content);
  inode.durable_size = content.size();
  inode.durable = inode.cache = std::move(content);
}

void Disk::change(NameChange change) {
  apply_change(names_, change);
  if (change.kind == NameChange::Kind::rename &&
      directory_of(change.name) != directory_of(change.target)) {
    pending_names_.push_back({NameChange::Kind::add, change.target, "", change.inode});
    pending_names_.push_back({NameChange::Kind::remove, change.name, "", change.inode});
  } else {
    pending_names_.push_back(std::move(change));
  }
}

void Disk::sync_directory(const std::string& directory) {
  if (profile_.syncs_lie) return;
  std::vector<NameChange> rest;
  for (NameChange& change : pending_names_) {
    if (directory_of(change.name) == directory) {
      apply_change(durable_names_, change);
    } else {
      rest.push_back(std::move(change));
    }
  }
  pending_names_ = std::move(rest);
}

std::vector<InodeNumber> Disk::reachable() const {
  std::set<InodeNumber> numbers;
  for (const auto& [name, number] : durable_names_) numbers.insert(number);
  for (const NameChange& change : pending_names_) {
    if (change.kind != NameChange::Kind::remove) numbers.insert(change.inode);
  }
  return {numbers.begin(), numbers.end()};
}

void Disk::replace_all(Names names, std::map<InodeNumber, Remains> files) {
  std::map<InodeNumber, std::shared_ptr<Inode>> kept;
  for (const auto& [name, number] : names) {
    auto& inode = kept[number];
    if (inode) continue;
    inode = std::make_shared<Inode>();
    inode->durable = inode->cache = std::move(files.at(number).content);
    inode->durable_size = inode->durable.size();
    inode->unreadable = std::move(files.at(number).unreadable);
    inode->mode = inodes_.at(number)->mode;
  }
  inodes_ = std::move(kept);
  durable_names_ = names;
  names_ = std::move(names);
  pending_names_.clear();
}

void Disk::drop_unnamed() {
  std::set<InodeNumber> kept;
  for (const InodeNumber number : reachable()) kept.insert(number);
  for (auto inode = inodes_.begin(); inode != inodes_.end();) {
    inode = kept.contains(inode->first) ? std::next(inode) : inodes_.erase(inode);
  }
}

namespace {

std::uint64_t hash_of(const FileChange& change) {
  std::uint64_t hash = mix(change.offset + mix(static_cast<std::uint64_t>(change.kind) + 1));
  if (!change.bytes) return hash;
  const std::string_view text(reinterpret_cast<const char*>(change.bytes->data()),
                              change.bytes->size());
  return mix(hash + std::hash<std::string_view>()(text));
}

}  // namespace

std::uint64_t Disk::hash() const {
  const std::hash<std::string> hash_text;
  std::uint64_t sum = 0;
  for (const auto& [name, number] : durable_names_) {
    sum += mix(hash_text(name) + inode(number).durable.hash());
  }
  std::set<InodeNumber> with_pending;
  for (const auto& [name, number] : names_) {
    const Inode& file = inode(number);
    sum += mix(hash_text(name) + mix(file.cache.hash()));
    for (const std::uint64_t sector : file.unreadable)
      sum += mix(mix(sector + 1) + hash_text(name));
    if (!file.pending.empty()) with_pending.insert(number);
  }
  for (const InodeNumber number : with_pending) {
    const Inode& file = inode(number);
    sum += mix(file.durable.hash() + mix(file.durable_size));
    for (const FileChange& change : file.pending) sum = mix(sum + hash_of(change));
  }
  for (const NameChange& change : pending_names_) {
    sum = mix(sum + hash_text(change.name + '\0' + change.target) +
              static_cast<std::uint64_t>(change.kind));
  }
  return mix(sum);
}

}  // namespace quire::simulation
