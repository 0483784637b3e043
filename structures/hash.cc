// A hash table that grows one bucket at a time (linear hashing, W. Litwin, VLDB 1980).
//
// Bytes (hash_format.h):
//
//     root -----> segments: 1, 1, 2, 4 .. 1024, 1024 .. contiguous bucket pages
//       |         bucket b: records, and a chain of overflow pages for what has no room
//       +-------> directory pages, which name the segments that the root has no room for
//     record ---> extents of value pages, or a blob, for a key or value over 1000 bytes
//
// Invariants, all of which walk() checks:
//
//   1  A key lies in the chain of bucket_of(h, bucket_count), h = XXH3-64(key, seed), and once.
//   2  The fingerprint beside each record is the top byte of h: a search looks at a record only
//      where that byte agrees, so in a full bucket at hardly any other than the one it wants.
//   3  record_bytes and entries are those of all chains; they alone say when to split.
//   4  Each page belongs to one segment, chain, directory or run; pages_owned counts all but the
//      segments, whose number follows from bucket_count.
//   5  No page of overflow is empty.
//
// Algorithm. get: h -> bucket -> page, by arithmetic on the root (and one directory page in tables
// of more than two gigabytes); compare fingerprints, then keys. put: the same, then write into the
// first page of the chain that has room. When records fill more than three quarters of the buckets,
// bucket n = bucket_count comes into being: it takes from bucket n - bit_floor(n) the records whose
// next bit of h is set. One put makes one split at most: a record adds less than a bucket's worth.
// erase: when the records would fill less than a quarter of one bucket fewer, the last bucket gives
// its records back to the one they came from, and a segment goes with its first bucket. One erase
// makes two merges at most, for the same reason. A split and the merge that undoes it lie half the
// buckets apart, which is more than any record: no put and erase of one key makes both.
//
// Reason. The table grows and shrinks smoothly: no rehash of everything, no directory that doubles,
// and one page read for a key whatever the size. The load counts bytes rather than entries, so
// chains stay short for large records too. A crash leaves nothing half done: all pages change in one
// commit. An error in the middle of a change does: the transaction must then be rolled back.

#include "structures/hash.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "structures/hash_chain.h"
#include "structures/hash_root.h"
#include "structures/value_runs.h"

namespace quire::structures {

namespace {

bool is_key(pager::PageReader& pages, Pid page, const RecordPart& stored, ByteView key,
            std::uint64_t hash) {
  if (stored.length != key.size()) return false;
  if (stored.form == PartForm::bytes) return stored.stored == key;
  if (stored.hash != hash) return false;
  const ValueRunsView runs(pages);
  return runs.equals(runs.describe(page, stored), key);
}

std::optional<FoundEntry> find(pager::PageReader& pages, const HashRoot& root, ByteView key,
                               std::uint64_t hash) {
  const auto fingerprint = fingerprint_of(hash);
  ChainReader chain(pages, root, root.bucket_of(hash));
  do {
    const BucketView& page = chain.page();
    for (std::size_t i = 0; (i = page.find(fingerprint, i)) < page.count(); ++i) {
      const Record record = page.record(i);
      if (is_key(pages, chain.pid(), record.key, key, hash))
        return FoundEntry{std::move(chain), i, record};
    }
  } while (chain.next());
  return std::nullopt;
}

/// A key or value of a record on the page where `chain` stands.
Value value_of(pager::PageReader& pages, const ChainReader& chain, const RecordPart& part) {
  if (part.form == PartForm::bytes) {
    const std::ptrdiff_t offset = part.stored.data() - chain.ref().bytes().data();
    return chain.ref().value(static_cast<std::size_t>(offset), part.stored.size());
  }
  const ValueRunsView runs(pages);
  return runs.read(runs.describe(chain.pid(), part));
}

void format_table(pager::PageWriter& pages, Pid pid, std::uint64_t seed, std::uint8_t cap_log2) {
  auto& root = page_as<HashRootPage>(pages.renew(pid, PageType::hash_root));
  const Pid bucket = pages.allocate(1, PageState::owned);
  root.seed = seed;
  root.cap_log2 = cap_log2;
  root.bucket_count = 1;
  root.segments[0] = bucket;
  BucketPage::format(bucket, pages.renew(bucket, PageType::hash_bucket), 0);
}

/// One change of one table.
class Change {
 public:
  Change(pager::PageWriter& pages, Pid root, const HashGeometry& geometry)
      : pages_(&pages), root_(pages, root, geometry), chains_(pages, root_), runs_(pages) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  const HashRootPage& root() const noexcept { return root_.fields(); }
  std::optional<FoundEntry> find(ByteView key) const {
    return structures::find(*pages_, root_, key, root_.hash(key));
  }

  void insert(ByteView key, ByteView value);
  void set_value(const FoundEntry& entry, ByteView value);
  void append(const FoundEntry& entry, ByteView bytes);
  void erase(const FoundEntry& entry);
  /// Makes up for what the change did to the load; the last step of each but taking apart.
  void rebalance();
  /// Frees every page but the root.
  void free_all();
  /// Frees `pages` or somewhat more; or all but the root, and is true.
  bool free_some(std::uint64_t pages);

 private:
  RunDescription store(ByteView bytes);
  void free_run(Pid page, const RecordPart& part);
  void free_chain(std::uint32_t bucket);
  std::optional<FoundEntry> find_long(std::uint32_t bucket) const;
  void free_part(const FoundEntry& entry, std::uint64_t pages);
  NewRecord make_record(const RecordPart& key, ByteView value);
  void replace(const FoundEntry& entry, const RecordPart& value);

  pager::PageWriter* pages_;
  EditableHashRoot root_;
  ChainWriter chains_;
  ValueRuns runs_;
};

RunDescription Change::store(ByteView bytes) {
  const ValueRun run = runs_.create(bytes);
  root_.change_pages(0, runs_.pages(run));
  return RunDescription(run);
}

void Change::free_run(Pid page, const RecordPart& part) {
  if (part.form == PartForm::bytes) return;
  const ValueRun run = runs_.describe(page, part);
  root_.change_pages(runs_.pages(run), 0);
  runs_.destroy(run);
}

NewRecord Change::make_record(const RecordPart& key, ByteView value) {
  if (value.size() <= kMaxInlinePart) return NewRecord(key, inline_part(value));
  return NewRecord(key, store(value).part());
}

void Change::insert(ByteView key, ByteView value) {
  const std::uint64_t hash = root_.hash(key);
  const NewRecord record = key.size() <= kMaxInlinePart ? make_record(inline_part(key), value)
                                                        : make_record(store(key).part(hash), value);
  chains_.insert(hash, record.bytes());
  root_.add_entry();
}

void Change::set_value(const FoundEntry& entry, ByteView value) {
  const RecordPart old = entry.record.value;
  if (old.form != PartForm::bytes && old.length == value.size()) {
    return runs_.overwrite(runs_.describe(entry.chain.pid(), old), value);
  }
  free_run(entry.chain.pid(), old);
  if (value.size() <= kMaxInlinePart) return replace(entry, inline_part(value));
  replace(entry, store(value).part());
}

void Change::append(const FoundEntry& entry, ByteView bytes) {
  if (bytes.empty()) return;
  const RecordPart old = entry.record.value;
  if (old.form == PartForm::bytes && old.length + bytes.size() <= kMaxInlinePart) {
    std::array<std::byte, kMaxInlinePart> both;
    std::memcpy(both.data(), old.stored.data(), old.length);
    std::memcpy(both.data() + old.length, bytes.data(), bytes.size());
    return replace(entry, inline_part(ByteView(both.data(), old.length + bytes.size())));
  }
  const bool is_inline = old.form == PartForm::bytes;
  ValueRun run = is_inline ? runs_.create(old.stored) : runs_.describe(entry.chain.pid(), old);
  const std::uint64_t pages_before = is_inline ? 0 : runs_.pages(run);
  runs_.append(run, bytes);
  root_.change_pages(pages_before, runs_.pages(run));
  replace(entry, RunDescription(run).part());
}

/// An inline key that another writer let grow longer than ours is moved out on the way, so that the
/// new record fits a page.
void Change::replace(const FoundEntry& entry, const RecordPart& value) {
  const RecordPart& key = entry.record.key;
  const std::uint64_t hash = root_.hash(key);
  const NewRecord record = key.form != PartForm::bytes || key.length <= kMaxInlinePart
                               ? NewRecord(key, value)
                               : NewRecord(store(key.stored).part(hash), value);
  chains_.replace(entry, hash, record.bytes());
}

void Change::erase(const FoundEntry& entry) {
  free_run(entry.chain.pid(), entry.record.key);
  free_run(entry.chain.pid(), entry.record.value);
  chains_.erase(entry);
  root_.remove_entries(1);
}

/// Keeps the load between a quarter and three quarters, where one record cannot take it from one
/// bound to the other.
void Change::rebalance() {
  if (root_.overloaded()) {
    if (root().bucket_count < root_.max_buckets()) chains_.split();
    return;
  }
  constexpr unsigned kMostMerges = 2;
  static_assert(kMaxRecord + kSlotSize <= kMostMerges * kLowLoad);
  for (unsigned i = 0; i < kMostMerges && root_.underloaded(); ++i) chains_.merge();
}

void Change::free_chain(std::uint32_t bucket) {
  std::vector<Pid> overflow;
  ChainReader chain(*pages_, root_, bucket);
  do {
    for (std::size_t i = 0; i < chain.page().count(); ++i) {
      const Record record = chain.page().record(i);
      free_run(chain.pid(), record.key);
      free_run(chain.pid(), record.value);
    }
    if (chain.type() == PageType::hash_overflow) overflow.push_back(chain.pid());
  } while (chain.next());
  for (const Pid pid : overflow) pages_->free(pid, 1);
}

/// An entry of the bucket that has pages of its own.
std::optional<FoundEntry> Change::find_long(std::uint32_t bucket) const {
  ChainReader chain(*pages_, root_, bucket);
  do {
    for (std::size_t i = 0; i < chain.page().count(); ++i) {
      const Record record = chain.page().record(i);
      if (record.key.form != PartForm::bytes || record.value.form != PartForm::bytes)
        return FoundEntry{std::move(chain), i, record};
    }
  } while (chain.next());
  return std::nullopt;
}

/// Erases the entry, or cuts `pages` pages off its value if that has more.
void Change::free_part(const FoundEntry& entry, std::uint64_t pages) {
  const RecordPart& value = entry.record.value;
  if (value.form != PartForm::blob) return erase(entry);
  ValueRun run = runs_.describe(entry.chain.pid(), value);
  const std::uint64_t before = runs_.pages(run);
  if (before <= pages) return erase(entry);
  runs_.cut_pages(run, pages);
  root_.change_pages(before, runs_.pages(run));
  replace(entry, RunDescription(run).part());
}

bool Change::free_some(std::uint64_t pages) {
  const std::uint64_t before = root_.all_pages();
  while (before < root_.all_pages() + pages) {
    const std::uint64_t wanted = root_.all_pages() + pages - before;
    const std::uint32_t bucket = root().bucket_count - 1;
    const bool has_runs =
        root().pages_owned > std::uint64_t{root().directory_pages} + root().overflow_pages;
    const auto entry = has_runs ? find_long(bucket) : std::nullopt;
    if (root_.all_pages() <= wanted || (bucket == 0 && !entry)) {
      free_all();
      return true;
    }
    if (entry) {
      free_part(*entry, wanted);
    } else {
      chains_.drop_last();
    }
  }
  return false;
}

void Change::free_all() {
  // Buckets that own no page beyond the segments need not be read.
  if (root().pages_owned > root().directory_pages) {
    for (std::uint32_t b = 0; b < root().bucket_count; ++b) free_chain(b);
  }
  for (std::uint32_t s = 0; s < root_.segment_count(); ++s) {
    pages_->free(root_.segment_first(s), root_.layout().pages(s));
  }
  for (std::uint32_t d = 0; d < root().directory_pages; ++d) pages_->free(root().directories[d], 1);
}

}  // namespace

std::uint64_t HashView::size() const {
  return HashRoot(*reader_, root_, geometry_).fields().entries;
}

std::uint64_t HashView::pages() const { return HashRoot(*reader_, root_, geometry_).all_pages(); }

std::optional<Value> HashView::get(ByteView key) const {
  const HashRoot root(*reader_, root_, geometry_);
  const auto entry = find(*reader_, root, key, root.hash(key));
  if (!entry) return std::nullopt;
  return value_of(*reader_, entry->chain, entry->record.value);
}

bool HashView::contains(ByteView key) const {
  const HashRoot root(*reader_, root_, geometry_);
  return find(*reader_, root, key, root.hash(key)).has_value();
}

std::optional<HashEntry> HashView::next(HashCursor& cursor) const {
  const HashRoot root(*reader_, root_, geometry_);
  for (; cursor.bucket < root.fields().bucket_count; cursor = {cursor.bucket + 1, 0, 0}) {
    ChainReader chain(*reader_, root, cursor.bucket);
    bool there = true;
    for (std::uint32_t i = 0; there && i < cursor.overflow; ++i) there = chain.next();
    for (; there; there = chain.next(), ++cursor.overflow, cursor.entry = 0) {
      if (cursor.entry >= chain.page().count()) continue;
      const Record record = chain.page().record(cursor.entry++);
      return HashEntry{value_of(*reader_, chain, record.key),
                       value_of(*reader_, chain, record.value)};
    }
  }
  return std::nullopt;
}

Pid Hash::create(pager::PageWriter& pages, std::uint64_t seed, const HashGeometry& geometry) {
  const Pid root = pages.allocate(1, PageState::structure);
  create_at(pages, root, seed, geometry);
  return root;
}

void Hash::create_at(pager::PageWriter& pages, Pid root, std::uint64_t seed,
                     const HashGeometry& geometry) {
  format_table(pages, root, seed, static_cast<std::uint8_t>(geometry.segment_cap_log2));
}

bool Hash::put(ByteView key, ByteView value) {
  Change change(*writer_, root_, geometry_);
  const auto entry = change.find(key);
  if (entry) {
    change.set_value(*entry, value);
  } else {
    change.insert(key, value);
  }
  change.rebalance();
  return !entry;
}

bool Hash::insert(ByteView key, ByteView value) {
  Change change(*writer_, root_, geometry_);
  if (change.find(key)) return false;
  change.insert(key, value);
  change.rebalance();
  return true;
}

bool Hash::erase(ByteView key) {
  Change change(*writer_, root_, geometry_);
  const auto entry = change.find(key);
  if (!entry) return false;
  change.erase(*entry);
  change.rebalance();
  return true;
}

void Hash::append(ByteView key, ByteView bytes) {
  Change change(*writer_, root_, geometry_);
  const auto entry = change.find(key);
  if (entry) {
    change.append(*entry, bytes);
  } else {
    change.insert(key, bytes);
  }
  change.rebalance();
}

bool Hash::update(ByteView key, const std::function<void(std::span<std::byte>)>& change) {
  const auto old = get(key);
  if (!old) return false;
  std::vector<std::byte> bytes(old->view().begin(), old->view().end());
  change(bytes);

  // Found again, because user code has run meanwhile.
  Change write(*writer_, root_, geometry_);
  const auto entry = write.find(key);
  if (!entry || entry->record.value.length != bytes.size()) {
    throw InvalidArgument("an update may not put or erase the key that it updates");
  }
  write.set_value(*entry, bytes);
  write.rebalance();
  return true;
}

void Hash::clear() {
  Change change(*writer_, root_, geometry_);
  const std::uint64_t seed = change.root().seed;
  const std::uint8_t cap_log2 = change.root().cap_log2;
  change.free_all();
  format_table(*writer_, root_, seed, cap_log2);
}

bool Hash::destroy_some(std::uint32_t pages) {
  if (!Change(*writer_, root_, geometry_).free_some(std::max(pages, 1u))) return false;
  writer_->free(root_, 1);
  return true;
}

void Hash::destroy() {
  while (!destroy_some(UINT32_MAX)) {
  }
}

}  // namespace quire::structures
