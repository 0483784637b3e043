#pragma once

#include <bit>
#include <cstdint>

#include <quire/bytes.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/hash.h"
#include "structures/hash_format.h"
#include "structures/hash_record.h"

namespace quire::structures {

/// The bucket of a hash value among `bucket_count` >= 1: its low bits, one bit fewer where that
/// bucket does not exist yet.
constexpr std::uint32_t bucket_of(std::uint64_t hash, std::uint32_t bucket_count) noexcept {
  const unsigned level = std::bit_width(bucket_count - 1);
  const auto bucket = static_cast<std::uint32_t>(hash & ((std::uint64_t{1} << level) - 1));
  return bucket < bucket_count ? bucket : bucket - std::bit_floor(bucket);
}

/// The bucket that gives half of its records to `bucket` >= 1 when that one begins to exist.
constexpr std::uint32_t split_parent(std::uint32_t bucket) noexcept {
  return bucket - std::bit_floor(bucket);
}

/// What stands beside each record, and is compared before the key.
constexpr std::uint8_t fingerprint_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint8_t>(hash >> 56);
}

/// Bucket numbers laid out in segments of 1, 1, 2, 4 .. cap, cap .. pages.
struct SegmentLayout {
  unsigned cap_log2;

  constexpr std::uint32_t segment_of(std::uint32_t bucket) const noexcept {
    const std::uint32_t cap = std::uint32_t{1} << cap_log2;
    return bucket < cap ? std::bit_width(bucket) : cap_log2 + (bucket >> cap_log2);
  }
  constexpr std::uint64_t first_bucket(std::uint64_t segment) const noexcept {
    if (segment == 0) return 0;
    return segment <= cap_log2 ? std::uint64_t{1} << (segment - 1)
                               : (segment - cap_log2) << cap_log2;
  }
  constexpr std::uint32_t pages(std::uint32_t segment) const noexcept {
    return static_cast<std::uint32_t>(first_bucket(segment + std::uint64_t{1}) -
                                      first_bucket(segment));
  }
};

/// The root of a table, read and checked: its numbers, and where each bucket lies. Made for one
/// operation; holds the root page. CorruptionError where the root contradicts itself or the file.
class HashRoot {
 public:
  HashRoot(pager::PageReader& pages, Pid pid, const HashGeometry& geometry);

  Pid pid() const noexcept { return pid_; }
  const HashRootPage& fields() const noexcept { return *fields_; }
  const HashGeometry& geometry() const noexcept { return geometry_; }
  SegmentLayout layout() const noexcept { return {fields_->cap_log2}; }

  std::uint64_t hash(ByteView key) const noexcept;
  /// The same of a key in a record: the hash of a long one stands there.
  std::uint64_t hash(const RecordPart& key) const noexcept;
  std::uint32_t bucket_of(std::uint64_t hash) const noexcept {
    return structures::bucket_of(hash, fields_->bucket_count);
  }

  /// The first page of the chain; reads a directory page if the root does not name the segment.
  Pid bucket_page(std::uint32_t bucket) const;
  std::uint32_t segment_count() const noexcept;
  /// The first page of a segment that exists.
  Pid segment_first(std::uint32_t segment) const;

  /// Buckets that the root and its directories can name.
  std::uint32_t max_buckets() const noexcept;
  /// True if records fill more than three quarters of the buckets.
  bool overloaded() const noexcept;
  /// True if they would fill less than a quarter of the buckets even if there were one fewer.
  bool underloaded() const noexcept;
  /// Pages of all segments, those not used yet included.
  std::uint64_t segment_pages() const noexcept { return layout().first_bucket(segment_count()); }
  /// Every page of the table, the root included.
  std::uint64_t all_pages() const noexcept { return 1 + segment_pages() + fields_->pages_owned; }

 protected:
  std::uint64_t load() const noexcept;
  void check() const;
  std::uint32_t directory_of(std::uint32_t segment) const noexcept;
  std::uint32_t directories_for(std::uint32_t segments) const noexcept;

  pager::PageReader* pages_;
  Pid pid_;
  HashGeometry geometry_;
  pager::PageRef ref_;
  const HashRootPage* fields_;
};

/// The same for changing. Once edit() was called, fields() shows what is written.
class EditableHashRoot : public HashRoot {
 public:
  EditableHashRoot(pager::PageWriter& pages, Pid pid, const HashGeometry& geometry)
      : HashRoot(pages, pid, geometry), writer_(&pages) {}

  /// The transaction's own root page.
  HashRootPage& edit();
  /// Counts an entry, or counts some away; CorruptionError if there are not so many.
  void add_entry();
  void remove_entries(std::uint64_t count);
  /// A record of `before` bytes now has `after`; 0 stands for no record.
  void resize_record(std::uint64_t before, std::uint64_t after);
  /// Pages outside the segments changed from `before` to `after`.
  void change_pages(std::uint64_t before, std::uint64_t after);

  /// Adds the bucket whose number is the bucket count, with the segment and the directory page that
  /// it may begin. Its page is not made yet. Returns the page.
  Pid add_bucket();
  /// Takes away the last of two or more buckets, with the segment and the directory page that it
  /// began. The caller has seen to its records and overflow pages.
  void remove_bucket();

 private:
  void add_segment(std::uint32_t segment);
  void remove_segment(std::uint32_t segment);
  void replace(Le64 HashRootPage::*field, const char* name, std::uint64_t before,
               std::uint64_t after);

  pager::PageWriter* writer_;
};

}  // namespace quire::structures
