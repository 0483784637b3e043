#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

/// What a flat file keeps in its children; "Facades: flat file" of docs/file-format.md tells it. All
/// numbers are little-endian and 8 bytes long, so that structures have no gaps.

namespace quire::facades {

static_assert(std::endian::native == std::endian::little,
              "these structures are copied as they are; a big-endian machine needs a byte swap");

// Children.
inline constexpr const char* kFlatSegments = "segments";  // list of SegmentRecord
inline constexpr const char* kFlatContent = "content";    // blob: what segments store
inline constexpr const char* kFlatValues = "values";      // blob of ValueEnd
inline constexpr const char* kFlatFrames = "frames";      // blob of FrameEnd
inline constexpr const char* kFlatTail = "tail";          // blob: bytes that are no frame yet

/// The options of the collection.
struct StoredFlatFileOptions {
  std::uint64_t version;  // kFlatFileVersion: another one is not understood
  std::uint64_t segment_size;
  std::uint64_t compression_level;
  std::uint64_t frame_size;
};
static_assert(sizeof(StoredFlatFileOptions) == 32);
inline constexpr std::uint64_t kFlatFileVersion = 1;
inline constexpr std::uint64_t kMostSegmentSize = std::uint64_t{1} << 48;
inline constexpr std::uint64_t kMostCompression = 22;
inline constexpr std::uint64_t kLeastFrameSize = std::uint64_t{1} << 10;
inline constexpr std::uint64_t kMostFrameSize = std::uint64_t{16} << 20;

/// An item of the list, by rising id. The last one is open, all others are sealed.
struct SegmentRecord {
  std::uint64_t id;           // at least its index in the list
  std::uint64_t base;         // in the content, of the first byte; a multiple of kContentAlignment
  std::uint64_t size;         // bytes, uncompressed
  std::uint64_t stored_size;  // bytes of the content
  std::uint64_t first_value;  // index in `values`
  std::uint64_t value_count;
  std::uint64_t first_frame;  // index in `frames`
  std::uint64_t stream;       // of whoever is adding to it piece by piece; 0 if nobody is
  std::uint64_t flags;
};
static_assert(sizeof(SegmentRecord) == 72);
static_assert(offsetof(SegmentRecord, id) == 0 && offsetof(SegmentRecord, base) == 8 &&
              offsetof(SegmentRecord, size) == 16 && offsetof(SegmentRecord, stored_size) == 24 &&
              offsetof(SegmentRecord, first_value) == 32 &&
              offsetof(SegmentRecord, value_count) == 40 &&
              offsetof(SegmentRecord, first_frame) == 48 && offsetof(SegmentRecord, stream) == 56 &&
              offsetof(SegmentRecord, flags) == 64);
inline constexpr std::uint64_t kSegmentSealed = 1;

// No two segments share a page of the content, so that dropping one frees all of its pages.
inline constexpr std::uint64_t kContentAlignment = 4096;
// No number of a record is larger, so that sums of a few of them cannot overflow.
inline constexpr std::uint64_t kLargestNumber = std::uint64_t{1} << 56;

/// Where a value ends in its segment, uncompressed, plus 1: a hole in the blob is no value.
using ValueEnd = std::uint64_t;
/// Where a frame ends in its segment, compressed.
using FrameEnd = std::uint64_t;

}  // namespace quire::facades
