#include "testing/disk.h"

#include <algorithm>
#include <set>
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

void apply_change(BlockBytes& bytes, const FileChange& change) {
  switch (change.kind) {
    case FileChange::Kind::data:
      bytes.write(change.offset, *change.bytes);
      return;
    case FileChange::Kind::growth:
    case FileChange::Kind::extension:
      bytes.resize(std::max(bytes.size(), change.offset));
      return;
    case FileChange::Kind::cut:
      bytes.resize(change.offset);
      return;
  }
}

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

void Disk::sync(InodeNumber number) {
  Inode& inode = writable(number);
  for (const FileChange& change : inode.pending) apply_change(inode.durable, change);
  inode.pending.clear();
}

void Disk::lose(InodeNumber number, SyncLoss loss, std::mt19937_64& random) {
  Inode& inode = writable(number);
  for (const FileChange& change : inode.pending) {
    if (loss == SyncLoss::some_kept && random() % 2 == 0) apply_change(inode.durable, change);
  }
  inode.pending.clear();
  if (loss == SyncLoss::cache_reverts) inode.cache = inode.durable;
}

void Disk::change(NameChange change) {
  apply_change(names_, change);
  pending_names_.push_back(std::move(change));
}

void Disk::sync_directory(const std::string& directory) {
  std::vector<NameChange> rest;
  for (NameChange& change : pending_names_) {
    const std::string& place =
        change.kind == NameChange::Kind::rename ? change.target : change.name;
    if (directory_of(place) == directory) {
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

void Disk::replace_all(Names names, const std::map<InodeNumber, BlockBytes>& contents) {
  std::map<InodeNumber, std::shared_ptr<Inode>> kept;
  for (const auto& [name, number] : names) {
    auto& inode = kept[number];
    if (inode) continue;
    inode = std::make_shared<Inode>();
    inode->durable = inode->cache = contents.at(number);
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

std::uint64_t Disk::hash() const {
  const std::hash<std::string> hash_text;
  std::uint64_t sum = 0;
  std::set<InodeNumber> with_pending;
  for (const auto& [name, number] : names_) {
    const Inode& file = inode(number);
    sum += mix(hash_text(name) + mix(file.cache.hash()));
    if (!file.pending.empty()) with_pending.insert(number);
  }
  for (const InodeNumber number : with_pending) {
    sum += mix(inode(number).durable.hash() + mix(inode(number).pending.size()));
  }
  return mix(sum + mix(pending_names_.size()));
}

}  // namespace quire::simulation
