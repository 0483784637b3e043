#include "pager/page_pool.h"

#include <quire/error.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"

namespace quire::pager {
namespace {

constexpr std::size_t kSlicePages = 256;  // 1 MiB a write
constexpr std::size_t kSumBytes = 8;

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
  if (header.type != wanted) {
    throw CorruptionError(pid, "page type", type_name(wanted), type_name(header.type));
  }
  if (header.pid != pid) {
    throw CorruptionError(pid, "page number", std::to_string(pid), std::to_string(header.pid));
  }
  if (header.owner != owner) {
    throw CorruptionError(pid, "owner", "collection " + std::to_string(owner),
                          "collection " + std::to_string(header.owner));
  }
  if (header.seq > seq) {
    throw CorruptionError(pid, "commit number", "at most " + std::to_string(seq),
                          std::to_string(header.seq));
  }
}

}  // namespace

std::uint64_t PagePool::structure_sum(Pid pid, PageBytes bytes) const noexcept {
  return checksum64(ByteView(bytes.data() + kSumBytes, kPageSize - kSumBytes),
                    page_seed(uuid_hash_, pid));
}

Sum32 PagePool::data_sum(Pid pid, PageBytes bytes) const noexcept {
  return static_cast<Sum32>(checksum64(bytes, page_seed(uuid_hash_, pid)));
}

FramePtr PagePool::read_base(Pid pid) {
  auto frame = std::make_shared<Frame>();
  const std::size_t read = base_->read_at(byte_offset(pid), frame->bytes);
  ++counters_.loads;
  return read == kPageSize ? frame : nullptr;
}

void PagePool::write_base(Pid pid, bool is_structure, MutablePageBytes bytes) {
  if (is_structure) {
    reinterpret_cast<StructurePageHeader*>(bytes.data())->sum = structure_sum(pid, bytes);
  }
  base_->write_at(byte_offset(pid), ByteView(bytes.data(), bytes.size()));
}

void PagePool::trim() {
  if (versions_.frame_count() < budget_) return;
  counters_.evictions +=
      versions_.evict(budget_ - budget_ / 8);  // some room at once: a sweep looks at every frame
}

PagePool::Found PagePool::find_or_load(Pid pid, Seq seq) {
  if (FramePtr found = versions_.find(pid, seq)) {
    ++counters_.hits;
    return {std::move(found), false};
  }
  trim();
  FramePtr loaded = read_base(pid);
  if (!loaded) {
    throw CorruptionError(pid, "page", "a page within the file", "the end of the file before it");
  }
  return {std::move(loaded), true};
}

void PagePool::verify_structure_sum(Pid pid, Frame& frame) const {
  const std::uint64_t sum = structure_sum(pid, frame.bytes);
  if (frame.header().sum != sum) {
    throw CorruptionError(pid, "checksum", std::to_string(sum), std::to_string(frame.header().sum));
  }
  frame.verified = Frame::Verified::structure;
}

FramePtr PagePool::structure(Pid pid, PageType type, CollectionId owner, Seq seq) {
  const auto [frame, is_new] = find_or_load(pid, seq);
  if (frame->verified == Frame::Verified::structure) {
    require_header(pid, frame->header(), type, owner, seq);
    return frame;
  }
  if (frame->verified == Frame::Verified::data) {
    // A pointer of one kind to a page of another: its own frame stays as it was verified.
    auto copy = std::make_shared<Frame>(*frame);
    verify_structure_sum(pid, *copy);
    require_header(pid, copy->header(), type, owner, seq);
    return copy;
  }
  verify_structure_sum(pid, *frame);
  require_header(pid, frame->header(), type, owner, seq);
  if (is_new) versions_.install_base(pid, frame);
  return frame;
}

FramePtr PagePool::data(Pid pid, Sum32 sum, Seq seq) {
  const auto [frame, is_new] = find_or_load(pid, seq);
  if (frame->verified == Frame::Verified::data && frame->sum == sum) return frame;
  const Sum32 found = data_sum(pid, frame->bytes);
  if (found != sum) {
    throw CorruptionError(pid, "checksum of a data page", std::to_string(sum),
                          std::to_string(found));
  }
  if (frame->verified == Frame::Verified::no) {
    frame->verified = Frame::Verified::data;
    frame->sum = sum;
  }
  if (is_new) versions_.install_base(pid, frame);
  return frame;
}

void PagePool::keep_base_for(Pid pid, const Readers& readers) {
  if (versions_.base_is_needed(pid, readers)) {
    // Nothing to keep where the file ended: the page is younger than the reader.
    if (FramePtr old = read_base(pid)) versions_.install_base(pid, std::move(old));
  }
  versions_.before_overwrite(pid);
}

std::uint64_t PagePool::save_dirty(const Readers& readers) {
  const std::set<Pid>& dirty = versions_.dirty();
  std::vector<std::byte> slice;
  Pid first = 0;
  const auto write_slice = [&] {
    if (slice.empty()) return;
    base_->write_at(byte_offset(first), ByteView(slice));
    slice.clear();
  };
  for (const Pid pid : dirty) {
    keep_base_for(pid, readers);
    const std::size_t pages = slice.size() / kPageSize;
    if (pid != first + pages || pages == kSlicePages) write_slice();
    if (slice.empty()) first = pid;
    const FramePtr frame = versions_.newest(pid);
    slice.insert(slice.end(), frame->bytes.begin(), frame->bytes.end());
    if (frame->verified == Frame::Verified::structure) {
      // The sum is made in the buffer (rule K3): a published frame never changes.
      std::byte* page = slice.data() + slice.size() - kPageSize;
      reinterpret_cast<StructurePageHeader*>(page)->sum =
          structure_sum(pid, PageBytes(page, kPageSize));
    }
  }
  write_slice();
  counters_.saved += dirty.size();
  return dirty.size();
}

}  // namespace quire::pager
