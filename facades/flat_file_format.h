#pragma once

// What a flat file keeps in its children; "Facades: flat file" of docs/file-format.md tells it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"

namespace quire::facades {

// Children.
inline constexpr const char* kFlatSegments = "segments";  // list of SegmentRecord
inline constexpr const char* kFlatContent = "content";    // blob: what segments store
inline constexpr const char* kFlatValues = "values";      // blob of ValueEnd
inline constexpr const char* kFlatFrames = "frames";      // blob of FrameEnd
inline constexpr const char* kFlatTail = "tail";          // blob: bytes that are no frame yet

/// The options of the collection.
struct StoredFlatFileOptions {
  Le64 version;       // kFlatFileVersion: another one is not understood
  Le64 segment_size;  // 1 to kMostSegmentSize
  Le64 compression_level;
  Le64 frame_size;  // a frame that unpacks to more than memory holds
};

inline constexpr std::array kStoredFlatFileOptionsFields{
    QUIRE_FIELD(StoredFlatFileOptions, version, 0),
    QUIRE_FIELD(StoredFlatFileOptions, segment_size, 8),
    QUIRE_FIELD(StoredFlatFileOptions, compression_level, 16),
    QUIRE_FIELD(StoredFlatFileOptions, frame_size, 24),
};
static_assert(fields_tile(kStoredFlatFileOptionsFields, sizeof(StoredFlatFileOptions)));
inline constexpr std::uint64_t kFlatFileVersion = 1;
inline constexpr std::uint64_t kMostSegmentSize = std::uint64_t{1} << 48;
inline constexpr std::uint64_t kMostCompression = 22;
inline constexpr std::uint64_t kLeastFrameSize = std::uint64_t{1} << 10;
inline constexpr std::uint64_t kMostFrameSize = std::uint64_t{16} << 20;

/// An item of the list, by rising id. The last one is open, all others are sealed.
struct SegmentRecord {
  Le64 id;           // at least its index in the list
  Le64 base;         // in the content, of the first byte; a multiple of kContentAlignment
  Le64 size;         // bytes, uncompressed
  Le64 stored_size;  // bytes of the content
  Le64 first_value;  // index in `values`
  Le64 value_count;
  Le64 first_frame;  // index in `frames`
  Le64 stream;       // of whoever is adding to it piece by piece; 0 if nobody is
  Le64 flags;
};

inline constexpr std::array kSegmentRecordFields{
    QUIRE_FIELD(SegmentRecord, id, 0),           QUIRE_FIELD(SegmentRecord, base, 8),
    QUIRE_FIELD(SegmentRecord, size, 16),        QUIRE_FIELD(SegmentRecord, stored_size, 24),
    QUIRE_FIELD(SegmentRecord, first_value, 32), QUIRE_FIELD(SegmentRecord, value_count, 40),
    QUIRE_FIELD(SegmentRecord, first_frame, 48), QUIRE_FIELD(SegmentRecord, stream, 56),
    QUIRE_FIELD(SegmentRecord, flags, 64),
};
static_assert(fields_tile(kSegmentRecordFields, sizeof(SegmentRecord)));
inline constexpr std::uint64_t kSegmentSealed = 1;

// No two segments share a page of the content, so that dropping one frees all of its pages.
inline constexpr std::uint64_t kContentAlignment = 4096;
// No number of a record is larger, so that sums of a few of them cannot overflow.
inline constexpr std::uint64_t kLargestNumber = std::uint64_t{1} << 56;

/// Where a value ends in its segment, uncompressed, plus 1: a hole in the blob is no value.
using ValueEnd = Le64;
/// Where a frame ends in its segment, compressed.
using FrameEnd = Le64;

}  // namespace quire::facades
