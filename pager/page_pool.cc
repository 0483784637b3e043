#include "pager/page_pool.h"

#include <quire/error.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/sabotage.h"

namespace quire::pager {
namespace {

constexpr std::size_t kSlicePages = 256;  // 1 MiB a write
constexpr std::size_t kSumBytes = 8;
constexpr std::size_t kLeastSecondBudget = (std::size_t{64} << 20) / kPageSize;
constexpr std::size_t kPrivateFrames = (std::size_t{32} << 20) / kPageSize;
// Chains that a search for frames to evict looks at: enough to pass twice by all that a commit has
// added, and few enough for one load.
constexpr std::size_t kLeastLooks = 1024;
constexpr std::size_t kLooksForAFrame = 4;

std::uint64_t byte_offset(Pid pid) { return std::uint64_t{pid} * kPageSize; }

std::string type_name(unsigned type) {
  static constexpr const char* kNames[] = {
      "data",           "map",         "blob root",     "blob table", "list node", "hash root",
      "hash directory", "hash bucket", "hash overflow", "value"};
  return type <= kMaxPageType ? kNames[type] : "type " + std::to_string(type);
}

void require_header(Pid pid, const StructurePageHeader& header, PageType type, CollectionId owner,
                    Seq seq) {
  const auto wanted = static_cast<unsigned>(type);
  if (header.type != wanted && !is_sabotaged(Sabotage::page_type)) {
    throw CorruptionError(pid, "page type", type_name(wanted), type_name(header.type));
  }
  if (header.pid != pid && !is_sabotaged(Sabotage::page_number)) {
    throw CorruptionError(pid, "page number", std::to_string(pid), std::to_string(header.pid));
  }
  if (header.owner != owner && !is_sabotaged(Sabotage::page_owner)) {
    throw CorruptionError(pid, "owner", "collection " + std::to_string(owner),
                          "collection " + std::to_string(header.owner));
  }
  if (header.seq > seq && !is_sabotaged(Sabotage::page_seq)) {
    throw CorruptionError(pid, "commit number", "at most " + std::to_string(seq),
                          std::to_string(header.seq));
  }
}

}  // namespace

PagePool::PagePool(File& base, std::uint64_t uuid_hash, std::size_t budget)
    : base_(&base), uuid_hash_(uuid_hash), budget_(budget), versions_(budget) {}

std::uint64_t PagePool::structure_sum(Pid pid, PageBytes bytes) const noexcept {
  return checksum64(ByteView(bytes.data() + kSumBytes, kPageSize - kSumBytes),
                    page_seed(uuid_hash_, pid));
}

Sum32 PagePool::data_sum(Pid pid, PageBytes bytes) const noexcept {
  return static_cast<Sum32>(checksum64(bytes, page_seed(uuid_hash_, pid)));
}

FramePtr PagePool::read_base(Pid pid) {
  FramePtr frame = new_frame();
  loads_.fetch_add(1, std::memory_order_relaxed);
  return base_->read_at(byte_offset(pid), frame->bytes) == kPageSize ? frame : nullptr;
}

void PagePool::write_base(Pid pid, bool is_structure, MutablePageBytes bytes) {
  if (is_structure) {
    reinterpret_cast<StructurePageHeader*>(bytes.data())->sum = structure_sum(pid, bytes);
  }
  base_->write_at(byte_offset(pid), ByteView(bytes.data(), bytes.size()));
}

PagePool::Counters PagePool::counters() const noexcept {
  return {hits_.load(std::memory_order_relaxed), loads_.load(std::memory_order_relaxed),
          evictions_.load(std::memory_order_relaxed),
          written_early_.load(std::memory_order_relaxed)};
}

std::size_t PagePool::second_budget() const noexcept {
  return std::max(budget_, kLeastSecondBudget);
}

bool PagePool::is_second_budget_full() const noexcept {
  const std::size_t live = frame_count_->live.load(std::memory_order_relaxed);
  const std::size_t newest = versions_.newest();
  return live > newest && live - newest >= second_budget();
}

std::size_t PagePool::fair_private_frames() const noexcept {
  const std::size_t used = std::min(versions_.newest(), budget_);
  return std::min(budget_, kPrivateFrames) + budget_ - used;
}

FramePtr PagePool::new_private_frame() {
  if (is_second_budget_full()) {
    versions_.evict_old();
    if (is_second_budget_full() && relief_) relief_();
  }
  if (!is_second_budget_full()) return new_frame();
  throw OutOfSpace(
      "the transaction and what open snapshots need fill " +
      std::to_string(second_budget() * kPageSize >> 20) + " MiB of memory (" +
      std::to_string(versions_.superseded() * kPageSize >> 20) +
      " MiB of it for snapshots); commit in smaller steps, end old snapshots, or give a larger "
      "Options::cache_size");
}

FramePtr PagePool::copy_of(const Frame& frame) const {
  FramePtr copy = new_frame();
  copy->bytes = frame.bytes;
  copy->verified = frame.verified;
  copy->sum = frame.sum;
  return copy;
}

void PagePool::trim(std::size_t added) {
  if (versions_.newest() <= budget_) return;
  const std::size_t looks = std::max(kLeastLooks, added * kLooksForAFrame);
  evictions_.fetch_add(versions_.evict(budget_, looks), std::memory_order_relaxed);
}

// ---- reads

FramePtr PagePool::read_whole_base(Pid pid) {
  FramePtr frame = read_base(pid);
  if (frame) return frame;
  throw CorruptionError(pid, "page", "a page within the file", "the end of the file before it");
}

/// Calls `verify(frame, is_new)`, which throws CorruptionError; `is_new`: nobody else has the frame
/// yet.
template <class Verify>
FramePtr PagePool::get(Pid pid, Seq seq, Caching caching, const Verify& verify) {
  for (;;) {
    VersionMap::Found found = versions_.find(pid, seq);
    switch (found.where) {
      case VersionMap::Found::Where::memory:
        hits_.fetch_add(1, std::memory_order_relaxed);
        verify(*found.frame, false);
        return std::move(found.frame);
      case VersionMap::Found::Where::damaged:
        throw CorruptionError(pid, "old version", "what the file held before a checkpoint",
                              "a page that was damaged or could not be read then");
      case VersionMap::Found::Where::nowhere:
        throw CorruptionError(pid, "pointer to a page",
                              "a page in use at commit " + std::to_string(seq), "a free page");
      case VersionMap::Found::Where::base:
        break;
    }
    // Between the note and the check the page may have been overwritten: what was read then is no
    // error, and no version of the page either (rule M2).
    FramePtr loaded;
    try {
      loaded = read_whole_base(pid);
      verify(*loaded, true);
    } catch (const CorruptionError&) {
      if (versions_.holds(pid, found.note)) throw;
      continue;
    }
    const bool current = caching == Caching::yes ? versions_.install(pid, found.note, loaded)
                                                 : versions_.holds(pid, found.note);
    if (!current) continue;
    // Not before: an eviction in the same stripe would void the note.
    if (caching == Caching::yes) trim();
    return loaded;
  }
}

void PagePool::verify_structure(Pid pid, const Frame& frame, PageType type, CollectionId owner,
                                Seq seq) const {
  if (frame.verified != Frame::Verified::structure) {
    const std::uint64_t sum = structure_sum(pid, frame.bytes);
    if (frame.header().sum != sum && !is_sabotaged(Sabotage::structure_page_sum)) {
      throw CorruptionError(pid, "checksum", std::to_string(sum),
                            std::to_string(frame.header().sum));
    }
  }
  require_header(pid, frame.header(), type, owner, seq);
}

void PagePool::verify_data(Pid pid, const Frame& frame, Sum32 sum) const {
  if (frame.verified == Frame::Verified::data && frame.sum == sum) return;
  const Sum32 found = data_sum(pid, frame.bytes);
  if (found == sum || is_sabotaged(Sabotage::data_page_sum)) return;
  throw CorruptionError(pid, "checksum of a data page", std::to_string(sum), std::to_string(found));
}

FramePtr PagePool::structure(Pid pid, PageType type, CollectionId owner, Seq seq, Caching caching) {
  return get(pid, seq, caching, [&](Frame& frame, bool is_new) {
    verify_structure(pid, frame, type, owner, seq);
    if (is_new) frame.verified = Frame::Verified::structure;
  });
}

FramePtr PagePool::data(Pid pid, Sum32 sum, Seq seq, Caching caching) {
  return get(pid, seq, caching, [&](Frame& frame, bool is_new) {
    verify_data(pid, frame, sum);
    if (!is_new) return;
    frame.verified = Frame::Verified::data;
    frame.sum = sum;
  });
}

// ---- the checkpoint

VersionMap::Save PagePool::begin_save(Pid pid, Seq g, const Readers& readers) {
  VersionMap::Save save = versions_.begin_save(pid, g, readers);
  if (save.step != VersionMap::Save::Step::load_base) return save;
  FramePtr old;
  try {
    old = read_base(pid);
  } catch (const IoError&) {
    // The page may have been free in those snapshots: whoever does read it gets the error (V2).
  }
  if (old && save.frame && save.frame->verified == Frame::Verified::structure) {
    // So was the page before, or it has never been written: hash tables allocate many pages at once.
    // Nobody reads what is no page.
    if (structure_sum(pid, old->bytes) == old->header().sum) {
      old->verified = Frame::Verified::structure;
    } else {
      old.reset();
    }
  }
  return versions_.begin_save_with(pid, std::move(old), g, readers);
}

/// Collects neighbours and writes them together.
class PagePool::SliceWriter {
 public:
  explicit SliceWriter(PagePool& pool) : pool_(pool) {}

  /// Adds a page behind those added before; a structure page whose frame has no `seq` yet gets one.
  void add(Pid pid, const Frame& frame, std::optional<Seq> seq = {}) {
    const std::size_t pages = slice_.size() / kPageSize;
    if (pid != first_ + pages || pages == kSlicePages) write();
    if (slice_.empty()) first_ = pid;
    slice_.insert(slice_.end(), frame.bytes.begin(), frame.bytes.end());
    if (frame.verified != Frame::Verified::structure) return;
    // The sum is made in the buffer (rule K3): a published frame never changes.
    std::byte* page = slice_.data() + slice_.size() - kPageSize;
    auto& header = *reinterpret_cast<StructurePageHeader*>(page);
    if (seq) header.seq = *seq;
    header.sum = pool_.structure_sum(pid, PageBytes(page, kPageSize));
  }

  void write() {
    if (slice_.empty()) return;
    pool_.base_->write_at(byte_offset(first_), ByteView(slice_));
    slice_.clear();
  }

 private:
  PagePool& pool_;
  Pid first_ = 0;
  std::vector<std::byte> slice_;
};

void PagePool::save(std::span<const Pid> pids, Seq g, const Readers& readers,
                    std::vector<Saved>& saved) {
  SliceWriter slices(*this);
  for (const Pid pid : pids) {
    const VersionMap::Save version = begin_save(pid, g, readers);
    if (version.step == VersionMap::Save::Step::nothing) continue;
    slices.add(pid, *version.frame);
    saved.push_back({pid, version.seq});
  }
  slices.write();
}

void PagePool::mark_saved(std::span<const Saved> saved) {
  for (const auto& [pid, seq] : saved) versions_.mark_saved(pid, seq);
}

// ---- pages that are written before their commit

void PagePool::write_early(std::span<const EarlyPage> pages, Seq seq) {
  SliceWriter slices(*this);
  for (const auto& [pid, frame] : pages) slices.add(pid, *frame, seq);
  slices.write();
  for (const auto& [pid, frame] : pages) versions_.vacate(pid);
  written_early_.fetch_add(pages.size(), std::memory_order_relaxed);
}

FramePtr PagePool::load_early(Pid pid, PageType type, CollectionId owner, Seq seq) {
  FramePtr frame = read_whole_base(pid);
  verify_structure(pid, *frame, type, owner, seq);
  frame->verified = Frame::Verified::structure;
  return frame;
}

FramePtr PagePool::load_early_data(Pid pid, Sum32 sum) {
  FramePtr frame = read_whole_base(pid);
  verify_data(pid, *frame, sum);
  frame->verified = Frame::Verified::data;
  frame->sum = sum;
  return frame;
}

}  // namespace quire::pager
