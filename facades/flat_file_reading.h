#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/error.h>
#include <quire/flat_file.h>
#include <quire/list.h>

#include "facades/flat_file_format.h"
#include "facades/format_bytes.h"

namespace quire::facades {

/// The options that a flat file was made with. CorruptionError if they are none.
FlatFileOptions read_flat_file_options(const ReadScope& scope);

/// A flat file's children as a view sees them, and the way from a location to its bytes. Nothing
/// that is read is believed: damage is a CorruptionError that names the child. Threads as a view's.
class FlatFileReading {
 public:
  struct Found {
    std::uint64_t index;  // in the list of segments
    SegmentRecord record;
  };

  /// What a flat file has; what only compressed ones have is nothing in others.
  struct Children {
    ListView segments;
    BlobView content;
    BlobView values;
    std::optional<BlobView> frames;
    std::optional<BlobView> tail;
  };

  explicit FlatFileReading(const ReadScope& scope);
  FlatFileReading(const ReadScope& scope, const FlatFileOptions& options, Children children);

  std::string_view name() const noexcept { return scope_.name(); }
  const ReadScope& scope() const noexcept { return scope_; }
  const FlatFileOptions& options() const noexcept { return options_; }
  bool is_compressed() const noexcept { return options_.compression_level != 0; }

  /// Number of segments, at least one.
  std::uint64_t segment_count() const;
  /// The record at `index` of the list, whose numbers have been held against their limits, but not
  /// against other records or children.
  SegmentRecord segment_at(std::uint64_t index) const;
  /// NotFound if it is not there.
  Found find(std::uint64_t id) const;
  /// Whole frames of a segment.
  std::uint64_t frame_count(const SegmentRecord& segment) const;

  /// std::out_of_range unless the location lies within its segment.
  void require_within(const SegmentRecord& segment, const DataLocation& location) const;
  /// Bytes [begin, end) of a segment, which has them; as FlatFileView::get().
  Value read(const SegmentRecord& segment, std::uint64_t begin, std::uint64_t end) const;
  /// Where a frame of a segment, which has it, begins and ends in what the segment stores.
  struct FrameEnds {
    std::uint64_t begin;
    std::uint64_t end;
  };
  FrameEnds frame_ends(const SegmentRecord& segment, std::uint64_t frame) const;
  /// A frame of a segment, which has it, unpacked.
  std::string unpack(const SegmentRecord& segment, std::uint64_t frame) const;
  /// The same as it is stored.
  Value stored_frame(const SegmentRecord& segment, std::uint64_t frame) const;
  /// Of the bytes that are no frame yet.
  Value tail(std::uint64_t offset, std::uint64_t count) const;
  /// ValueEnds [index, index + count) of a segment.
  Value value_ends(const SegmentRecord& segment, std::uint64_t index, std::uint64_t count) const;

  /// An error with the names of file and collection.
  template <class E>
  E named(E error) const {
    scope_.add_context(error);
    return error;
  }
  /// Bytes of a child that are not as they should be. `where` is what was read, as "child 'tail'".
  CorruptionError damage(std::string where, std::string field, std::string expected,
                         std::string found) const {
    return named(
        CorruptionError(std::move(where), std::move(field), std::move(expected), std::move(found)));
  }
  CorruptionError damage(std::string where, std::string field, std::string expected,
                         std::uint64_t found) const {
    return damage(std::move(where), std::move(field), std::move(expected), std::to_string(found));
  }

  const Children& children() const noexcept { return children_; }

 private:
  void require_sound(const SegmentRecord& record, std::uint64_t index) const;
  /// BlobView::view() of a child that must have these bytes.
  Value view(const BlobView& child, std::uint64_t offset, std::uint64_t count) const;
  std::string read_compressed(const SegmentRecord& segment, std::uint64_t begin,
                              std::uint64_t end) const;

  ReadScope scope_;
  FlatFileOptions options_;
  Children children_;
};

/// "child 'segments' item 3".
std::string segment_place(std::uint64_t index);

}  // namespace quire::facades
