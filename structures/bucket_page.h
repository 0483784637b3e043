#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/hash_format.h"
#include "structures/hash_record.h"

namespace quire::structures {

/// Reads a bucket or overflow page: records found by fingerprint. Views the page's bytes, copies
/// and allocates nothing. The bytes are not trusted: whatever they say, nothing outside the page is
/// read, and what does not fit is a CorruptionError.
class BucketView {
 public:
  /// Checks the page's own numbers, in constant time. `bucket` is the number that it must have.
  BucketView(Pid pid, pager::PageBytes bytes, std::uint32_t bucket);

  Pid pid() const noexcept { return pid_; }
  std::size_t count() const noexcept { return header().count; }
  /// The next page of the chain, or kNoPid.
  Pid overflow() const noexcept { return header().overflow; }

  /// The first entry at or after `from` that has the fingerprint; count() if there is none.
  /// Compares 16 at a time.
  std::size_t find(std::uint8_t fingerprint, std::size_t from) const noexcept;
  /// Entry `index` < count().
  Record record(std::size_t index) const;
  std::uint8_t fingerprint(std::size_t index) const noexcept;

  /// True if a record of that size can be inserted, with compaction if need be.
  bool has_room(std::size_t record_size) const noexcept;

  /// Every law of the page that does not hold, in words: records that overlap or lie outside the
  /// heap, a heap that records and dead bytes do not fill, a hole or unused slot that is not zero.
  std::vector<std::string> broken_laws() const;

 protected:
  const BucketHeader& header() const noexcept {
    return *reinterpret_cast<const BucketHeader*>(bytes_.data());
  }
  std::size_t offset(std::size_t index) const noexcept;
  /// Where the hole begins if there is room for that many entries.
  static constexpr std::size_t hole_start(std::size_t capacity) noexcept {
    return kBucketHeaderSize + capacity * kSlotSize;
  }

 private:
  [[noreturn]] void corrupt(const char* field, const std::string& expected,
                            std::size_t found) const;

  Pid pid_;
  pager::PageBytes bytes_;
};

/// Changes a bucket or overflow page that the transaction owns. Bytes of the hole are zero at any
/// time.
class BucketPage : public BucketView {
 public:
  BucketPage(Pid pid, pager::MutablePageBytes bytes, std::uint32_t bucket)
      : BucketView(pid, bytes, bucket), bytes_(bytes) {}

  /// Makes a page of zeros (renew) an empty page of that bucket.
  static BucketPage format(Pid pid, pager::MutablePageBytes bytes, std::uint32_t bucket);

  void set_overflow(Pid next) noexcept { header().overflow = next; }
  /// Adds the record as the last entry. The caller knows that has_room(record.size()).
  void insert(std::uint8_t fingerprint, ByteView record);
  /// Removes the entry; the last one takes its index.
  void erase(std::size_t index);
  /// Writes over a record of the same size.
  void overwrite(std::size_t index, ByteView record);

 private:
  BucketHeader& header() noexcept { return *reinterpret_cast<BucketHeader*>(bytes_.data()); }
  void set_fingerprint(std::size_t index, std::uint8_t fingerprint) noexcept;
  void set_offset(std::size_t index, std::size_t offset) noexcept;
  void grow_capacity() noexcept;
  void compact();
  void wipe() noexcept;

  pager::MutablePageBytes bytes_;
};

}  // namespace quire::structures
