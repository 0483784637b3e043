#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/flat_file.h>
#include <quire/list.h>

#include "facades/flat_file_format.h"
#include "facades/flat_file_reading.h"

namespace quire::facades {

/// A flat file's children as its transaction changes them. The record of a segment is what counts:
/// bytes, frames and values behind those that it counts are leftovers of something unfinished, and
/// the next that adds cuts them off. Threads as the transaction's handles.
class FlatFileChildren {
 public:
  /// Opens them, or makes those that are missing.
  FlatFileChildren(WriteScope& scope, const FlatFileOptions& options);

  const FlatFileReading& reading() const noexcept { return reading_; }

  /// The open segment, with nothing behind what it counts.
  FlatFileReading::Found trimmed_open_segment();
  /// The same after another segment was begun if that one is full.
  FlatFileReading::Found segment_to_fill();
  /// Ends the open segment and begins another, which it returns.
  FlatFileReading::Found seal(FlatFileReading::Found open);
  /// As FlatFile::drop_segment().
  void drop(std::uint64_t id);

  void store(const FlatFileReading::Found& segment);
  /// Packs the next frame of a segment; its size must count no byte of it yet.
  void add_frame(SegmentRecord& segment, std::uint64_t frame, ByteView raw);

  List segments;
  Blob content;
  Blob values;
  std::optional<Blob> frames;  // only with compression, as the tail
  std::optional<Blob> tail;

 private:
  FlatFileReading reading_;
};

/// Adds values to the open segment; nothing of it counts before finish(). Holds less than 64 KiB or
/// a frame in memory, and 32 bytes for each value.
class FlatFileAppender {
 public:
  /// Whether the caller's code may run in between. If so, the segment is marked, and calls are
  /// InvalidArgument once somebody else has put something, or the transaction has gone back to a
  /// savepoint.
  enum class Calls { one, many };

  FlatFileAppender(FlatFileChildren& children, Calls calls);

  /// More bytes of the current value.
  void write(ByteView bytes);
  /// The current value is complete; another begins.
  void end_value();
  /// All values that are complete count from now on; to be called once. Their locations.
  std::vector<DataLocation> finish();

 private:
  void require_undisturbed();
  void write_plain(ByteView bytes);
  void store_plain(ByteView bytes);
  void write_compressed(ByteView bytes);
  void store_frame(ByteView last_part);

  FlatFileChildren& children_;
  std::uint64_t rollbacks_;      // of the transaction at the beginning
  FlatFileReading::Found open_;  // as it will be
  std::uint64_t value_begin_;    // of the current value
  std::uint64_t stored_tail_;    // bytes that the tail has of the frame that is being filled
  std::string pending_;          // bytes that are stored nowhere yet
  std::vector<ValueEnd> ends_;
  std::vector<DataLocation> locations_;
};

}  // namespace quire::facades
