#include "facades/flat_file_reading.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "facades/codecs.h"
#include "facades/failure.h"

namespace quire::facades {

namespace {

// What a compressed read reserves before it has seen that there are bytes to fill it.
constexpr std::uint64_t kReserved = std::uint64_t{16} << 20;

std::string child_place(std::string_view child) { return "child '" + std::string(child) + "'"; }

std::string frame_place(const SegmentRecord& segment, std::uint64_t frame) {
  return child_place(kFlatContent) + " segment " + std::to_string(segment.id) + " frame " +
         std::to_string(frame);
}

}  // namespace

std::string segment_place(std::uint64_t index) {
  return child_place(kFlatSegments) + " item " + std::to_string(index);
}

FlatFileOptions read_flat_file_options(const ReadScope& scope) {
  const auto require = [&](bool holds, const char* field, const char* expected,
                           std::uint64_t found) {
    if (!holds) fail(scope, CorruptionError("options", field, expected, std::to_string(found)));
  };
  const Value bytes = scope.options();
  require(bytes.size() == sizeof(StoredFlatFileOptions), "length", "32", bytes.size());
  const auto stored = read_format<StoredFlatFileOptions>(bytes.data());
  require(stored.version == kFlatFileVersion, "version", "1", stored.version);
  require(stored.segment_size >= 1 && stored.segment_size <= kMostSegmentSize, "segment_size",
          "1 to 2^48", stored.segment_size);
  require(stored.compression_level <= kMostCompression, "compression_level", "0 to 22",
          stored.compression_level);
  require(stored.frame_size >= kLeastFrameSize && stored.frame_size <= kMostFrameSize, "frame_size",
          "1 KiB to 16 MiB", stored.frame_size);
  return {stored.segment_size, static_cast<int>(stored.compression_level),
          static_cast<std::uint32_t>(stored.frame_size)};
}

FlatFileReading::FlatFileReading(const ReadScope& scope)
    : FlatFileReading(scope, read_flat_file_options(scope),
                      {scope.child<List>(kFlatSegments), scope.child<Blob>(kFlatContent),
                       scope.child<Blob>(kFlatValues), std::nullopt, std::nullopt}) {
  if (!is_compressed()) return;
  children_.frames = scope.child<Blob>(kFlatFrames);
  children_.tail = scope.child<Blob>(kFlatTail);
}

FlatFileReading::FlatFileReading(const ReadScope& scope, const FlatFileOptions& options,
                                 Children children)
    : scope_(scope), options_(options), children_(std::move(children)) {}

std::uint64_t FlatFileReading::segment_count() const {
  const std::uint64_t count = children_.segments.size();
  if (count == 0) throw damage(child_place(kFlatSegments), "size", "at least one", count);
  return count;
}

SegmentRecord FlatFileReading::segment_at(std::uint64_t index) const {
  const Value bytes = children_.segments.at(index);
  if (bytes.size() != sizeof(SegmentRecord)) {
    throw damage(segment_place(index), "length", std::to_string(sizeof(SegmentRecord)),
                 bytes.size());
  }
  const auto record = read_format<SegmentRecord>(bytes.data());
  require_sound(record, index);
  return record;
}

void FlatFileReading::require_sound(const SegmentRecord& record, std::uint64_t index) const {
  const auto require = [&](bool holds, const char* field, const char* expected,
                           std::uint64_t found) {
    if (!holds) throw damage(segment_place(index), field, expected, found);
  };
  const std::pair<const char*, std::uint64_t> numbers[] = {{"id", record.id},
                                                           {"base", record.base},
                                                           {"size", record.size},
                                                           {"stored_size", record.stored_size},
                                                           {"first_value", record.first_value},
                                                           {"value_count", record.value_count},
                                                           {"first_frame", record.first_frame}};
  for (const auto& [field, number] : numbers) {
    require(number <= kLargestNumber, field, "at most 2^56", number);
  }
  require(record.id >= index, "id", "at least its place in the list", record.id);
  require(record.base % kContentAlignment == 0, "base", "a multiple of 4096", record.base);
  require(record.flags <= kSegmentSealed, "flags", "0 or 1", record.flags);
  if (is_compressed()) return;
  require(record.stored_size == record.size, "stored_size", "size, without compression",
          record.stored_size);
}

FlatFileReading::Found FlatFileReading::find(std::uint64_t id) const {
  const std::uint64_t count = segment_count();
  std::uint64_t end = std::min(id, count - 1) + 1;
  // It has its own number as index if none before it was dropped, and a smaller one if some were.
  for (std::uint64_t begin = 0, guess = end - 1; begin < end; guess = begin + (end - begin) / 2) {
    const SegmentRecord record = segment_at(guess);
    if (record.id == id) return {guess, record};
    if (record.id < id) {
      begin = guess + 1;
    } else {
      end = guess;
    }
  }
  throw named(NotFound("there is no segment " + std::to_string(id) +
                       ": it was dropped, or never made; segments() lists those there are"));
}

std::uint64_t FlatFileReading::frame_count(const SegmentRecord& segment) const {
  if (!is_compressed()) return 0;
  const bool has_short_frame =
      segment.flags == kSegmentSealed && segment.size % options_.frame_size != 0;
  return segment.size / options_.frame_size + (has_short_frame ? 1 : 0);
}

void FlatFileReading::require_within(const SegmentRecord& segment,
                                     const DataLocation& location) const {
  if (location.offset <= segment.size && location.length <= segment.size - location.offset) return;
  fail_out_of_range(
      scope_, "segment " + std::to_string(segment.id) + " has " + std::to_string(segment.size) +
                  " bytes, but not the " + std::to_string(location.length) + " from " +
                  std::to_string(location.offset) +
                  " on; use a location that put() or scan() of this flat file returned");
}

Value FlatFileReading::view(const BlobView& child, std::uint64_t offset,
                            std::uint64_t count) const {
  try {
    return child.view(offset, count);
  } catch (const std::out_of_range&) {
    throw damage(child_place(child.name()), "size", "at least " + std::to_string(offset + count),
                 child.size());
  }
}

Value FlatFileReading::read(const SegmentRecord& segment, std::uint64_t begin,
                            std::uint64_t end) const {
  if (begin == end) return {};
  if (!is_compressed()) return view(children_.content, segment.base + begin, end - begin);
  const std::uint64_t framed = frame_count(segment) * options_.frame_size;
  if (begin >= framed) return tail(begin - framed, end - begin);
  try {
    const auto bytes = std::make_shared<const std::string>(read_compressed(segment, begin, end));
    return Value::shared(bytes, *bytes);
  } catch (const std::bad_alloc&) {
    throw named(InvalidArgument("there is no memory for " + std::to_string(end - begin) +
                                " bytes at once; read them in parts, or with reader()"));
  }
}

// Grows with what has been unpacked: `end` is not believed.
std::string FlatFileReading::read_compressed(const SegmentRecord& segment, std::uint64_t begin,
                                             std::uint64_t end) const {
  const std::uint64_t frame_size = options_.frame_size;
  const std::uint64_t frames = frame_count(segment);
  std::string bytes;
  bytes.reserve(std::min(end - begin, kReserved));
  for (std::uint64_t frame = begin / frame_size; frame < frames && begin < end; ++frame) {
    const std::string raw = unpack(segment, frame);
    const std::uint64_t first = begin - frame * frame_size;
    bytes.append(raw, first, end - begin);  // cut to the frame
    begin += std::min<std::uint64_t>(raw.size() - first, end - begin);
  }
  if (begin < end) bytes += tail(begin - frames * frame_size, end - begin).text();
  return bytes;
}

std::string FlatFileReading::unpack(const SegmentRecord& segment, std::uint64_t frame) const {
  const std::uint64_t rest = segment.size - frame * options_.frame_size;
  const std::uint64_t size = std::min<std::uint64_t>(rest, options_.frame_size);
  auto raw = decompress(Codec::zstd, stored_frame(segment, frame), size);
  if (!raw) {
    throw damage(frame_place(segment, frame), "content",
                 "a zstd frame of " + std::to_string(size) + " bytes", "something else");
  }
  return std::move(*raw);
}

Value FlatFileReading::stored_frame(const SegmentRecord& segment, std::uint64_t frame) const {
  const FrameEnds ends = frame_ends(segment, frame);
  return view(children_.content, segment.base + ends.begin, ends.end - ends.begin);
}

FlatFileReading::FrameEnds FlatFileReading::frame_ends(const SegmentRecord& segment,
                                                       std::uint64_t frame) const {
  FrameEnds ends{0, 0};
  const std::uint64_t entry = segment.first_frame + frame;
  if (frame == 0) {
    const Value bytes = view(*children_.frames, entry * sizeof(FrameEnd), sizeof(FrameEnd));
    ends.end = read_format<FrameEnd>(bytes.data());
  } else {  // it begins where the one before it ends
    const Value bytes =
        view(*children_.frames, (entry - 1) * sizeof(FrameEnd), 2 * sizeof(FrameEnd));
    const auto both = read_format<std::array<FrameEnd, 2>>(bytes.data());
    ends = {both[0], both[1]};
  }
  const auto place = [&] { return child_place(kFlatFrames) + " entry " + std::to_string(entry); };
  if (ends.begin >= ends.end || ends.end > segment.stored_size) {
    throw damage(
        place(), "end",
        "above " + std::to_string(ends.begin) + ", at most " + std::to_string(segment.stored_size),
        ends.end);
  }
  const std::uint64_t most = ZSTD_compressBound(options_.frame_size);
  if (ends.end - ends.begin > most) {
    throw damage(place(), "stored bytes", "at most " + std::to_string(most), ends.end - ends.begin);
  }
  return ends;
}

Value FlatFileReading::tail(std::uint64_t offset, std::uint64_t count) const {
  return view(*children_.tail, offset, count);
}

Value FlatFileReading::value_ends(const SegmentRecord& segment, std::uint64_t index,
                                  std::uint64_t count) const {
  return view(children_.values, (segment.first_value + index) * sizeof(ValueEnd),
              count * sizeof(ValueEnd));
}

}  // namespace quire::facades
