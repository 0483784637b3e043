#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/record_layout.h>

#include "facades/record_format.h"

namespace quire::facades {

/// What a collection of records says of itself in its options.
struct StoredRecords {
  RecordLayout layout;
  std::string tag;
  std::uint64_t capacity = 0;  // of a ring
};

/// The options of a collection, checked. CorruptionError if they are damaged, FormatError if a
/// later version has written them, TypeMismatch naming what differs if `wanted` is known and the
/// records are not laid out so.
StoredRecords open_records(const ReadScope& scope, const RecordLayout& wanted);

/// Stores the options if the collection was created (InvalidArgument if they cannot be), and
/// InvalidArgument if the tag or the capacity must match what is stored and does not.
void prepare_records(WriteScope& scope, const StoredRecords& wanted);

/// InvalidArgument unless `record` has as many bytes as the layout says.
void require_record_size(const ReadScope& scope, const RecordLayout& layout, ByteView record);

// ---- where records lie in "data"

/// Pages of that many records, at most kMaxRecordPages + 1: more than a blob has.
std::uint64_t record_pages(const RecordLayout& layout, std::uint64_t count) noexcept;

/// Of the record in that place, in bytes. `place` is below that of kMaxRecordPages.
inline std::uint64_t record_offset(const RecordLayout& layout, std::uint64_t place) noexcept {
  const std::uint32_t per_page = layout.per_page();
  return place / per_page * kRecordPage + place % per_page * layout.stride();
}

/// BlobView::pin() of bytes that stored numbers lead to: CorruptionError if they are not there.
std::shared_ptr<const std::byte> pin_records(const ReadScope& scope, const BlobView& data,
                                             std::uint64_t offset, std::size_t size,
                                             std::size_t alignment);

/// The same before a change of such bytes.
void require_records(const ReadScope& scope, const BlobView& data, std::uint64_t offset,
                     std::uint64_t size);

}  // namespace quire::facades
