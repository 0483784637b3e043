#include "fuzz/seals.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/checksum.h"
#include "pager/header_format.h"
#include "pager/header_slots.h"
#include "pager/page_format.h"
#include "structures/blob_format.h"
#include "wal/log_record.h"

namespace quire::fuzz {
namespace {

using structures::BlobEntry;

constexpr int kHeaderSlots = 2;

template <class Format>
Format* format_at(Bytes& bytes, std::size_t offset) noexcept {
  static_assert(alignof(Format) == 1);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Format)) return nullptr;
  return reinterpret_cast<Format*>(&bytes[offset]);
}

/// A sum over a struct from `from` on, seeded by the 8 bytes that it begins with.
template <class Format>
std::uint64_t sum_behind_magic(const Format& format, std::size_t from) noexcept {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&format);
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return checksum64(ByteView(bytes + from, sizeof format - from), seed);
}

/// The uuid that most readers will take for the file's: that of the slot with the newest header.
std::uint64_t uuid_hash_of(Bytes& database) noexcept {
  const HeaderSlot* const first = format_at<HeaderSlot>(database, 0);
  const HeaderSlot* const second = format_at<HeaderSlot>(database, kPageSize);
  if (first == nullptr) return 0;
  const bool use_second = second != nullptr && second->magic == first->magic &&
                          second->header_generation > first->header_generation;
  return pager::hash_uuid(use_second ? second->uuid : first->uuid);
}

std::span<BlobEntry> blob_entries(std::byte* page) noexcept {
  const auto type = static_cast<PageType>(reinterpret_cast<StructurePageHeader*>(page)->type);
  if (type == PageType::blob_table) {
    return reinterpret_cast<structures::BlobTablePage*>(page)->entries;
  }
  auto& root = *reinterpret_cast<structures::BlobRootPage*>(page);
  if (type == PageType::blob_root && root.height > 0) return root.entries;
  return {};
}

/// Seals the chunks of a segment, from the first to the last.
class ChunkSealer {
 public:
  ChunkSealer(std::uint64_t salt, std::uint64_t chain, Seals::Log log) noexcept
      : salt_(salt), chain_(chain), with_chain_(log == Seals::Log::sums_and_chain) {}

  void seal(Bytes& segment, std::uint64_t at) {
    auto* const chunk = format_at<wal::ChunkHeader>(segment, at);
    if (chunk == nullptr) return;
    const std::size_t room = segment.size() - at - sizeof *chunk;
    const std::span body(reinterpret_cast<std::byte*>(chunk) + sizeof *chunk,
                         std::min<std::size_t>(chunk->body_length, room));
    const auto kind = static_cast<wal::ChunkKind>(chunk->kind);
    if (kind == wal::ChunkKind::commit) take_parts(body);
    chunk->body_sum = wal::body_sum(ByteView(body), salt_, at);
    if (kind == wal::ChunkKind::part) parts_.push_back(chunk->body_sum);
    if (with_chain_) chunk->prev_sum = chain_;
    wal::seal(*chunk, salt_, at);
    chain_ = chunk->sum;
  }
  /// The sum of the last chunk's header.
  std::uint64_t chain() const noexcept { return chain_; }

 private:
  /// A commit takes all parts before it, whatever their seq.
  void take_parts(std::span<std::byte> body) {
    if (with_chain_ && body.size() >= sizeof(wal::CommitTrailer)) {
      const std::span place = body.last(sizeof(wal::CommitTrailer));
      const auto* const sums = reinterpret_cast<const std::byte*>(parts_.data());
      reinterpret_cast<wal::CommitTrailer*>(place.data())->part_sums =
          checksum64(ByteView(sums, parts_.size() * sizeof(Le64)), 0);
    }
    parts_.clear();
  }

  std::uint64_t salt_;
  std::uint64_t chain_;
  bool with_chain_;
  std::vector<Le64> parts_;  // body sums since the last commit
};

}  // namespace

bool looks_like_structure(const std::byte* page) noexcept {
  const auto& header = *reinterpret_cast<const StructurePageHeader*>(page);
  return header.type > 0 && header.type <= kMaxPageType &&
         std::all_of(header.zero.begin(), header.zero.end(), [](auto byte) { return byte == 0; });
}

std::vector<std::uint64_t> chunk_offsets(const Bytes& segment) {
  std::vector<std::uint64_t> offsets;
  std::uint64_t at = wal::kBlockSize;
  while (at + sizeof(wal::ChunkHeader) <= segment.size()) {
    const auto& chunk = *reinterpret_cast<const wal::ChunkHeader*>(&segment[at]);
    const bool is_chunk = chunk.kind >= 1 && chunk.kind <= 4 && chunk.sum != 0;
    if (!is_chunk || chunk.body_length > segment.size() - at - sizeof chunk) break;
    offsets.push_back(at);
    const bool group_ends = (chunk.flags & wal::kGroupEndsFlag) != 0;
    at = wal::round_up(at + sizeof chunk + chunk.body_length,
                       group_ends ? wal::kBlockSize : wal::kChunkAlignment);
  }
  return offsets;
}

Seals::Seals(const Image& image) {
  for (Pid pid = kHeaderSlots; (pid + std::uint64_t{1}) * kPageSize <= image.database.size();
       ++pid) {
    if (looks_like_structure(&image.database[pid * kPageSize])) structure_pages_.insert(pid);
  }
  for (const auto& [number, segment] : image.segments) chunks_[number] = chunk_offsets(segment);
}

void Seals::restore(Image& image, Log log) const {
  seal_header_slots(image.database);
  seal_pages(image.database);
  std::uint64_t chain = 0;
  for (auto& [number, segment] : image.segments) {
    chain = seal_segment(number, segment, chain, log);
  }
}

void Seals::seal_header_slots(Bytes& database) const {
  for (int number = 0; number < kHeaderSlots; ++number) {
    HeaderSlot* const slot =
        format_at<HeaderSlot>(database, static_cast<std::size_t>(number) * kPageSize);
    if (slot != nullptr) slot->sum = sum_behind_magic(*slot, offsetof(HeaderSlot, major));
  }
}

/// Sums of data pages first: they lie in structure pages.
void Seals::seal_pages(Bytes& database) const {
  const std::uint64_t uuid_hash = uuid_hash_of(database);
  const auto pages = static_cast<Pid>(database.size() / kPageSize);
  const auto is_structure = [&](Pid pid) {
    return structure_pages_.contains(pid) || looks_like_structure(&database[pid * kPageSize]);
  };
  std::vector<Pid> to_seal;
  for (Pid pid = kHeaderSlots; pid < pages; ++pid) {
    if (!is_structure(pid)) continue;
    to_seal.push_back(pid);
    for (BlobEntry& entry : blob_entries(&database[pid * kPageSize])) {
      if (entry.pid < kHeaderSlots || entry.pid >= pages || is_structure(entry.pid)) continue;
      const ByteView data(&database[std::size_t{entry.pid} * kPageSize], kPageSize);
      entry.sum = static_cast<Sum32>(checksum64(data, page_seed(uuid_hash, entry.pid)));
    }
  }
  for (const Pid pid : to_seal) {
    const std::byte* const page = &database[pid * kPageSize];
    auto& header = *format_at<StructurePageHeader>(database, pid * kPageSize);
    header.sum = checksum64(ByteView(page + sizeof header.sum, kPageSize - sizeof header.sum),
                            page_seed(uuid_hash, pid));
  }
}

/// Returns the sum that the next segment's chain begins with; `chain` is that of the one before.
std::uint64_t Seals::seal_segment(std::uint32_t number, Bytes& segment, std::uint64_t chain,
                                  Log log) const {
  auto* const header = format_at<wal::SegmentHeader>(segment, 0);
  const auto noted = chunks_.find(number);
  if (header == nullptr || noted == chunks_.end()) return chain;
  if (log == Log::sums_and_chain && chain != 0) header->prev_end_sum = chain;
  header->sum = sum_behind_magic(*header, offsetof(wal::SegmentHeader, major));
  ChunkSealer sealer(header->salt, header->prev_end_sum, log);
  for (const std::uint64_t at : noted->second) sealer.seal(segment, at);
  return sealer.chain();
}

}  // namespace quire::fuzz
