#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <iterator>
#include <memory>
#include <ostream>
#include <ranges>
#include <string_view>
#include <vector>

#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/state_ptr.h>
#include <quire/value.h>

namespace quire {

namespace facades {
class FlatFileAppender;
class FlatFileChildren;
class FlatFileReading;
}  // namespace facades

class FlatFileReader;
class FlatFileScan;

/// Where a value lies in a flat file: what put() returns, and get() wants. Keep it where you like,
/// for example in a Hash of the same transaction.
struct DataLocation {
  static constexpr std::size_t kEncodedBytes = 24;

  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // of the segment's bytes as they were put, before compression
  std::uint64_t length = 0;

  /// Segment, offset and length, each as 8 bytes, little-endian.
  std::array<std::byte, kEncodedBytes> encode() const noexcept;
  /// The reverse. InvalidArgument unless there are 24 bytes. That they are a location of a certain
  /// flat file is only known when get() has found it.
  static DataLocation decode(ByteView bytes);

  /// In the order in which values were put.
  friend auto operator<=>(const DataLocation&, const DataLocation&) = default;
};

/// How a flat file is made. A value outside its range is InvalidArgument.
struct FlatFileOptions {
  /// Bytes, uncompressed, at which a segment is full: the next put begins another. At least 1, at
  /// most 2^48.
  std::uint64_t segment_size = std::uint64_t{128} << 20;
  /// 0: values are stored as they are. 1 to 22: zstd's level.
  int compression_level = 0;
  /// Uncompressed bytes that are compressed together, which a read of any of them unpacks: 1 KiB to
  /// 16 MiB. Means nothing without compression.
  std::uint32_t frame_size = std::uint32_t{64} << 10;
};

/// One segment of a flat file.
struct FlatFileSegment {
  std::uint64_t id = 0;
  std::uint64_t size = 0;         // bytes, uncompressed
  std::uint64_t stored_size = 0;  // bytes as they are stored
  std::uint64_t values = 0;
  bool sealed = false;       // no value is added any more
  std::uint64_t frames = 0;  // that FlatFileView::frame() returns; 0 without compression
};

/// Values put one after the other and found again by location, read-only.
///
/// Values lie in numbered segments, the last of which is open: it takes what is put. Errors, threads
/// and lifetimes are those of BlobView; any number of threads may read through one view of a
/// snapshot, and wait for nobody. A location whose segment is not there is NotFound; one that does
/// not lie within its segment is std::out_of_range. Any part of a segment is a location: one may
/// begin within a value and end within another.
class QUIRE_API FlatFileView {
 public:
  /// As the end of a slice: the end of the value.
  static constexpr std::uint64_t npos = UINT64_MAX;

  explicit FlatFileView(const ReadScope& scope);

  /// Empty if this object was moved from.
  std::string_view name() const noexcept;
  /// Those that the flat file was made with.
  const FlatFileOptions& options() const;

  /// The bytes at a location, in memory as a whole; InvalidArgument if there is no room for them.
  /// Shares the page if they lie in one. Costs what a read of a Blob costs, and the unpacking of
  /// each frame touched.
  Value get(const DataLocation& location) const;
  /// The same of its bytes [begin, end), cut to the length of the location: never a byte of what
  /// lies behind it. InvalidArgument if begin > end. Unpacks only the frames it touches.
  Value get(const DataLocation& location, std::uint64_t begin, std::uint64_t end = npos) const;
  /// A std::istream over the bytes at a location, for those longer than memory.
  FlatFileReader reader(const DataLocation& location) const;

  /// All segments, by number. Numbers begin with 0; those of dropped ones never come back.
  std::vector<FlatFileSegment> segments() const;
  /// The locations of a segment's values, in the order in which they were put; those of this moment,
  /// when more are put meanwhile. Costs 8 bytes read for each.
  FlatFileScan scan(std::uint64_t segment) const;
  /// A compressed piece of a segment as it is stored: a zstd frame with content size and checksum,
  /// of FlatFileOptions::frame_size bytes, or fewer in the last one of a sealed segment. What an
  /// open segment has behind its last frame is not compressed yet. std::out_of_range from
  /// FlatFileSegment::frames on.
  Value frame(std::uint64_t segment, std::uint64_t index) const;

 private:
  friend class FlatFile;
  friend class FlatFileReader;
  explicit FlatFileView(std::shared_ptr<const facades::FlatFileReading> reading) noexcept;

  detail::StatePtr<const facades::FlatFileReading> reading_;
};

class FlatFileWriter;

/// Values that a transaction adds; a Collection of the kind "flat_file". What was put stays as it is
/// until its segment is dropped. Errors are those of Blob.
///
///     db.transact([&](quire::Transaction& txn) {
///       auto photos = txn.open<quire::FlatFile>("photos");
///       txn.open<quire::Hash>("by name").put("cat", photos.put(bytes).encode());
///     });
///
/// Costs: a put costs what writing its bytes to a Blob costs, 8 bytes for its end and a record of
/// 72. With compression the last bytes, less than a frame, are kept as they are until they are a
/// whole frame or the segment is sealed, so small durable puts make no tiny frames.
class QUIRE_API FlatFile : public FlatFileView {
 public:
  static constexpr std::string_view kKind = "flat_file";
  using Options = FlatFileOptions;
  using View = FlatFileView;

  FlatFile(WriteScope& scope, const FlatFileOptions& options);

  /// Adds a value, which may be empty, to the open segment; first begins another if that is full.
  DataLocation put(ByteView value);
  /// Adds each of a range, all to one segment, which may exceed segment_size by as much; first
  /// begins another if the open one is full. Nothing is added if the range throws. The range must
  /// not change this flat file (InvalidArgument).
  template <std::ranges::input_range R>
  requires std::convertible_to<std::ranges::range_reference_t<R>, ByteView>
      std::vector<DataLocation> put_many(R&& values) {
    Batch batch(*this);
    for (auto&& value : values) batch.add(value);
    return batch.finish();
  }
  /// A std::ostream that becomes one value, for those longer than memory.
  FlatFileWriter writer();

  /// Ends the open segment, unless it holds no value, and begins another; returns the number of the
  /// open one.
  std::uint64_t seal();
  /// Gives a segment's room back, without reading it. NotFound if it is not there, UnsafeAccess if
  /// it is the open one: seal() it first.
  void drop_segment(std::uint64_t segment);

  /// For CheckOptions::with(): the laws of docs/file-format.md. Unpacks every frame if it is deep.
  static void check(const FlatFileView& flat_file, CheckSink& sink);

 private:
  friend class FlatFileWriter;
  explicit FlatFile(std::shared_ptr<facades::FlatFileChildren> children);

  class QUIRE_API Batch {
   public:
    explicit Batch(FlatFile& flat_file);
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    void add(ByteView value);
    std::vector<DataLocation> finish();

   private:
    std::unique_ptr<facades::FlatFileAppender> appender_;
  };

  detail::StatePtr<facades::FlatFileChildren> children_;
};

/// The locations of the values of one segment: a C++20 input range of DataLocation. It may be read
/// while values are put; once the segment is dropped, the next step may throw NotFound, and once the
/// transaction has gone back to a savepoint, InvalidArgument. Keeps its snapshot open.
class QUIRE_API FlatFileScan {
 public:
  class QUIRE_API Iterator {
   public:
    using value_type = DataLocation;
    using difference_type = std::ptrdiff_t;

    const DataLocation& operator*() const noexcept { return location_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.index_ == it.count_;
    }

   private:
    friend class FlatFileScan;
    Iterator(std::shared_ptr<const facades::FlatFileReading> reading, std::uint64_t segment,
             std::uint64_t count);
    void read();
    void read_ends();

    detail::StatePtr<const facades::FlatFileReading> reading_;
    std::uint64_t index_ = 0;  // of the value shown
    std::uint64_t count_;
    Value ends_;  // of values from first_end_ on
    std::uint64_t first_end_ = 0;
    std::uint64_t segment_size_ = 0;  // when these were read
    std::uint64_t rollbacks_;         // of the transaction at the beginning
    DataLocation location_;
  };

  Iterator begin() const { return Iterator(reading_.shared(), segment_, count_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class FlatFileView;
  FlatFileScan(std::shared_ptr<const facades::FlatFileReading> reading, std::uint64_t segment,
               std::uint64_t count) noexcept;

  detail::StatePtr<const facades::FlatFileReading> reading_;
  std::uint64_t segment_;
  std::uint64_t count_;
};

/// A std::istream over the bytes at a location, seekable; made by FlatFileView::reader(). A Quire
/// error sets badbit, or is thrown where exceptions(badbit) is on. Holds a frame, or 64 KiB, in
/// memory. One thread at a time.
class QUIRE_API FlatFileReader : public std::istream {
 public:
  /// As FlatFileView::get() for a location that is not there.
  FlatFileReader(const FlatFileView& flat_file, const DataLocation& location);
  ~FlatFileReader() override;

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
};

/// A std::ostream whose bytes become one value of a flat file; made by FlatFile::writer(). The value
/// is there once finish() has returned, and never if it is not called: what was written by then is
/// cut off by the next put. A Quire error sets badbit; finish() throws it.
///
/// Nothing else may be put meanwhile, and the transaction not go back to a savepoint: that ends the
/// stream, and the next write is InvalidArgument. Holds a frame and 64 KiB in memory.
class QUIRE_API FlatFileWriter : public std::ostream {
 public:
  explicit FlatFileWriter(FlatFile& flat_file);
  ~FlatFileWriter() override;

  /// Ends the value. Throws what has stopped an earlier write or call, and InvalidArgument once it
  /// has returned.
  DataLocation finish();

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
};

inline FlatFileReader FlatFileView::reader(const DataLocation& location) const {
  return FlatFileReader(*this, location);
}
inline FlatFileWriter FlatFile::writer() { return FlatFileWriter(*this); }

}  // namespace quire

template <>
struct std::hash<quire::DataLocation> {
  std::size_t operator()(const quire::DataLocation& location) const noexcept {
    return std::hash<quire::ByteView>()(location.encode());
  }
};
