#include "structures/bucket_page.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/invariant.h"
#include "base/zeros.h"

namespace quire::structures {

namespace {

static_assert(kCapacityStep == 16, "fingerprints are compared 16 at a time");

/// Bit i is set if byte i of the 16 at `group` is `wanted`.
std::uint32_t matches(const std::byte* group, std::uint8_t wanted) noexcept {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(group));
  const __m128i equal = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(wanted)));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(equal));
#else
  std::uint32_t found = 0;
  for (unsigned i = 0; i < kCapacityStep; ++i) {
    found |= static_cast<std::uint32_t>(group[i] == std::byte{wanted}) << i;
  }
  return found;
#endif
}

constexpr std::size_t capacity_for(std::size_t count) noexcept {
  return (count + kCapacityStep - 1) / kCapacityStep * kCapacityStep;
}

}  // namespace

BucketView::BucketView(Pid pid, pager::PageBytes bytes, std::uint32_t bucket)
    : pid_(pid), bytes_(bytes) {
  const BucketHeader& page = header();
  if (page.bucket != bucket) corrupt("bucket", std::to_string(bucket), page.bucket);
  if (page.heap_start > kPageSize) corrupt("heap_start", "at most 4096", page.heap_start);
  if (page.capacity % kCapacityStep != 0 || hole_start(page.capacity) > page.heap_start) {
    corrupt("capacity", "a multiple of 16 that ends before the heap", page.capacity);
  }
  if (page.count > page.capacity) corrupt("count", "at most the capacity", page.count);
  if (page.dead_bytes > kPageSize - page.heap_start) {
    corrupt("dead_bytes", "at most the heap", page.dead_bytes);
  }
}

void BucketView::corrupt(const char* field, const std::string& expected, std::size_t found) const {
  throw CorruptionError(pid_, field, expected, std::to_string(found));
}

std::size_t BucketView::find(std::uint8_t fingerprint, std::size_t from) const noexcept {
  std::size_t group = from / kCapacityStep * kCapacityStep;
  std::uint32_t wanted = ~std::uint32_t{0} << (from - group);
  for (; group < count(); group += kCapacityStep, wanted = ~std::uint32_t{0}) {
    const auto found = matches(bytes_.data() + kBucketHeaderSize + group, fingerprint) & wanted;
    // Slots behind the last entry are zero, as fingerprints may be.
    if (found != 0) return std::min(count(), group + std::countr_zero(found));
  }
  return count();
}

std::uint8_t BucketView::fingerprint(std::size_t index) const noexcept {
  return std::to_integer<std::uint8_t>(bytes_[kBucketHeaderSize + index]);
}

std::size_t BucketView::offset(std::size_t index) const noexcept {
  Le16 offset;
  std::memcpy(&offset,
              bytes_.data() + kBucketHeaderSize + header().capacity + index * sizeof offset,
              sizeof offset);
  return offset;
}

Record BucketView::record(std::size_t index) const {
  const std::size_t at = offset(index);
  if (at < header().heap_start || at >= kPageSize) corrupt("offset", "a place in the heap", at);
  const auto record = parse_record(ByteView(bytes_.data() + at, kPageSize - at));
  if (!record) corrupt("record", "a record that ends in the page", at);
  return *record;
}

bool BucketView::has_room(std::size_t record_size) const noexcept {
  const std::size_t heap = kPageSize - header().heap_start - header().dead_bytes;
  return hole_start(capacity_for(count() + 1)) + heap + record_size <= kPageSize;
}

std::vector<std::string> BucketView::broken_laws() const {
  std::vector<std::string> broken;
  const BucketHeader& page = header();
  std::vector<std::pair<std::size_t, std::size_t>> places;
  std::size_t live = 0;
  for (std::size_t i = 0; i < count(); ++i) {
    try {
      places.emplace_back(offset(i), record(i).bytes.size());
      live += places.back().second;
    } catch (const CorruptionError& error) {
      broken.emplace_back(error.finding());
    }
  }
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i - 1].first + places[i - 1].second > places[i].first) {
      broken.push_back("records overlap at " + std::to_string(places[i].first));
    }
  }
  if (live + page.dead_bytes != kPageSize - page.heap_start) {
    broken.emplace_back("records and dead bytes do not fill the heap");
  }
  const std::size_t hole = hole_start(page.capacity);
  const std::size_t offsets = kBucketHeaderSize + page.capacity;
  const ByteView bytes(bytes_);
  if (!all_zero(bytes.sub(hole, page.heap_start - hole)) ||
      !all_zero(bytes.sub(kBucketHeaderSize + count(), page.capacity - count())) ||
      !all_zero(
          bytes.sub(offsets + count() * sizeof(Le16), (page.capacity - count()) * sizeof(Le16)))) {
    broken.emplace_back("the hole or an unused slot is not zero");
  }
  return broken;
}

BucketPage BucketPage::format(Pid pid, pager::MutablePageBytes bytes, std::uint32_t bucket) {
  auto& page = *reinterpret_cast<BucketHeader*>(bytes.data());
  page.heap_start = kPageSize;
  page.bucket = bucket;
  return BucketPage(pid, bytes, bucket);
}

void BucketPage::set_fingerprint(std::size_t index, std::uint8_t fingerprint) noexcept {
  bytes_[kBucketHeaderSize + index] = std::byte{fingerprint};
}

void BucketPage::set_offset(std::size_t index, std::size_t offset) noexcept {
  const Le16 stored = static_cast<std::uint16_t>(offset);
  std::memcpy(bytes_.data() + kBucketHeaderSize + header().capacity + index * sizeof stored,
              &stored, sizeof stored);
}

void BucketPage::insert(std::uint8_t fingerprint, ByteView record) {
  invariant(has_room(record.size()), "a record is inserted where there is room");
  const std::size_t capacity = std::max<std::size_t>(header().capacity, capacity_for(count() + 1));
  if (hole_start(capacity) + record.size() > header().heap_start) compact();
  if (count() == header().capacity) grow_capacity();
  if (hole_start(header().capacity) + record.size() > header().heap_start) {
    throw CorruptionError(pid(), "dead_bytes", "what compaction frees",
                          std::to_string(header().dead_bytes));
  }

  const std::size_t at = header().heap_start - record.size();
  std::memcpy(bytes_.data() + at, record.data(), record.size());
  set_fingerprint(count(), fingerprint);
  set_offset(count(), at);
  header().heap_start = static_cast<std::uint16_t>(at);
  header().count = static_cast<std::uint16_t>(count() + 1);
}

void BucketPage::erase(std::size_t index) {
  const std::size_t at = offset(index), size = record(index).bytes.size(), last = count() - 1;
  if (last == 0) return wipe();
  if (at == header().heap_start) {
    std::memset(bytes_.data() + at, 0, size);
    header().heap_start = static_cast<std::uint16_t>(at + size);
  } else {
    // Records that overlap would have their bytes counted twice.
    const std::size_t most = kPageSize - header().heap_start;
    header().dead_bytes =
        static_cast<std::uint16_t>(std::min<std::size_t>(header().dead_bytes + size, most));
  }
  set_fingerprint(index, fingerprint(last));
  set_offset(index, offset(last));
  set_fingerprint(last, 0);
  set_offset(last, 0);
  header().count = static_cast<std::uint16_t>(last);
}

void BucketPage::overwrite(std::size_t index, ByteView record) {
  const std::size_t at = offset(index);
  invariant(BucketView::record(index).bytes.size() == record.size(),
            "a record is overwritten with one of its size");
  std::memcpy(bytes_.data() + at, record.data(), record.size());
}

/// The offsets move up by the fingerprints that are new, into the hole.
void BucketPage::grow_capacity() noexcept {
  const std::size_t capacity = header().capacity;
  std::byte* const offsets = bytes_.data() + kBucketHeaderSize + capacity;
  std::memmove(offsets + kCapacityStep, offsets, capacity * sizeof(Le16));
  std::memset(offsets, 0, kCapacityStep);
  header().capacity = static_cast<std::uint16_t>(capacity + kCapacityStep);
}

/// Packs the records at the end of the page and gives back slots that one more entry will not need.
void BucketPage::compact() {
  std::array<std::byte, kPageSize> old;
  std::copy(bytes_.begin(), bytes_.end(), old.begin());
  const BucketView from(pid(), old, header().bucket);

  wipe();
  header().capacity = static_cast<std::uint16_t>(capacity_for(from.count() + 1));
  std::size_t at = kPageSize;
  for (std::size_t i = 0; i < from.count(); ++i) {
    const ByteView record = from.record(i).bytes;
    if (at - hole_start(header().capacity) < record.size()) {
      throw CorruptionError(pid(), "records", "no more than fit the page", "records that overlap");
    }
    at -= record.size();
    std::memcpy(bytes_.data() + at, record.data(), record.size());
    set_fingerprint(i, from.fingerprint(i));
    set_offset(i, at);
  }
  header().heap_start = static_cast<std::uint16_t>(at);
  header().count = static_cast<std::uint16_t>(from.count());
}

/// No records, no slots; the chain goes on.
void BucketPage::wipe() noexcept {
  std::memset(bytes_.data() + kBucketHeaderSize, 0, kBucketUsable);
  header().count = header().capacity = header().dead_bytes = 0;
  header().heap_start = kPageSize;
}

}  // namespace quire::structures
