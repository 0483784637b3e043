#include <quire/flat_file.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "facades/failure.h"
#include "facades/flat_file_appender.h"
#include "facades/flat_file_format.h"
#include "facades/flat_file_reading.h"

namespace quire {

using facades::FlatFileAppender;
using facades::FlatFileChildren;
using facades::FlatFileReading;
using facades::SegmentRecord;
using facades::StoredFlatFileOptions;
using facades::ValueEnd;

namespace {

void require_in_range(const char* option, std::uint64_t given, std::uint64_t least,
                      std::uint64_t most) {
  if (given >= least && given <= most) return;
  throw InvalidArgument(std::string(option) + " is " + std::to_string(given) + "; it must be " +
                        std::to_string(least) + " to " + std::to_string(most));
}

void require_in_range(const FlatFileOptions& options) {
  if (options.compression_level < 0) {
    throw InvalidArgument("compression_level is " + std::to_string(options.compression_level) +
                          "; it must be 0 to 22");
  }
  require_in_range("segment_size", options.segment_size, 1, facades::kMostSegmentSize);
  require_in_range("compression_level", static_cast<std::uint64_t>(options.compression_level), 0,
                   facades::kMostCompression);
  require_in_range("frame_size", options.frame_size, facades::kLeastFrameSize,
                   facades::kMostFrameSize);
}

void require_equal(const char* option, std::uint64_t given, std::uint64_t stored) {
  if (given == stored) return;
  throw InvalidArgument(std::string(option) + " is " + std::to_string(given) +
                        ", but the flat file was made with " + std::to_string(stored));
}

std::shared_ptr<FlatFileChildren> make(WriteScope& scope, const FlatFileOptions& options) {
  scope.set_options(facades::format_bytes(StoredFlatFileOptions{
      facades::kFlatFileVersion, options.segment_size,
      static_cast<std::uint64_t>(options.compression_level), std::uint64_t{options.frame_size}}));
  auto children = std::make_shared<FlatFileChildren>(scope, options);
  children->segments.push_back(facades::format_bytes(SegmentRecord()));
  return children;
}

void require_match(const FlatFileOptions& given, const FlatFileOptions& stored) {
  require_equal("segment_size", given.segment_size, stored.segment_size);
  require_equal("compression_level", static_cast<std::uint64_t>(given.compression_level),
                static_cast<std::uint64_t>(stored.compression_level));
  require_equal("frame_size", given.frame_size, stored.frame_size);
}

std::shared_ptr<FlatFileChildren> open_or_make(WriteScope& scope, const FlatFileOptions& options) {
  return facades::with_context(scope, [&] {
    if (scope.created() || scope.must_match()) require_in_range(options);
    if (scope.created()) return make(scope, options);
    const FlatFileOptions stored = facades::read_flat_file_options(scope);
    if (scope.must_match()) require_match(options, stored);
    return std::make_shared<FlatFileChildren>(scope, stored);
  });
}

}  // namespace

// ---- DataLocation

std::array<std::byte, DataLocation::kEncodedBytes> DataLocation::encode() const noexcept {
  return std::bit_cast<std::array<std::byte, kEncodedBytes>>(
      std::array<Le64, 3>{segment, offset, length});
}

DataLocation DataLocation::decode(ByteView bytes) {
  if (bytes.size() != kEncodedBytes) {
    throw InvalidArgument("a location has 24 bytes, but these are " + std::to_string(bytes.size()));
  }
  const auto numbers = facades::read_format<std::array<Le64, 3>>(bytes.data());
  return {numbers[0], numbers[1], numbers[2]};
}

// ---- FlatFileView

FlatFileView::FlatFileView(const ReadScope& scope)
    : FlatFileView(std::make_shared<const FlatFileReading>(scope)) {}

FlatFileView::FlatFileView(std::shared_ptr<const FlatFileReading> reading) noexcept
    : reading_(std::move(reading)) {}

std::string_view FlatFileView::name() const noexcept {
  return reading_ ? reading_->name() : std::string_view();
}
const FlatFileOptions& FlatFileView::options() const { return reading_->options(); }

Value FlatFileView::get(const DataLocation& location) const { return get(location, 0, npos); }

Value FlatFileView::get(const DataLocation& location, std::uint64_t begin,
                        std::uint64_t end) const {
  if (begin > end) {
    throw reading_->named(InvalidArgument("a slice begins at " + std::to_string(begin) +
                                          ", behind its end " + std::to_string(end)));
  }
  const SegmentRecord segment = reading_->find(location.segment).record;
  reading_->require_within(segment, location);
  return reading_->read(segment, location.offset + std::min(begin, location.length),
                        location.offset + std::min(end, location.length));
}

std::vector<FlatFileSegment> FlatFileView::segments() const {
  std::vector<FlatFileSegment> all;
  const std::uint64_t count = reading_->segment_count();
  for (std::uint64_t index = 0; index < count; ++index) {
    const SegmentRecord record = reading_->segment_at(index);
    if (index > 0 && record.id <= all.back().id) {
      throw reading_->damage(facades::segment_place(index), "id",
                             "above " + std::to_string(all.back().id), record.id);
    }
    all.push_back({record.id, record.size, record.stored_size, record.value_count,
                   record.flags == facades::kSegmentSealed, reading_->frame_count(record)});
    // What is no frame yet is stored as it is.
    if (reading_->is_compressed() && !all.back().sealed) {
      all.back().stored_size += record.size % reading_->options().frame_size;
    }
  }
  return all;
}

FlatFileScan FlatFileView::scan(std::uint64_t segment) const {
  return FlatFileScan(reading_.shared(), segment, reading_->find(segment).record.value_count);
}

Value FlatFileView::frame(std::uint64_t segment, std::uint64_t index) const {
  const SegmentRecord record = reading_->find(segment).record;
  const std::uint64_t count = reading_->frame_count(record);
  if (index >= count) {
    facades::fail_out_of_range(
        reading_->scope(), "segment " + std::to_string(segment) + " has " + std::to_string(count) +
                               " frames, but not number " + std::to_string(index));
  }
  return reading_->stored_frame(record, index);
}

// ---- FlatFileScan

FlatFileScan::FlatFileScan(std::shared_ptr<const FlatFileReading> reading, std::uint64_t segment,
                           std::uint64_t count) noexcept
    : reading_(std::move(reading)), segment_(segment), count_(count) {}

FlatFileScan::Iterator::Iterator(std::shared_ptr<const FlatFileReading> reading,
                                 std::uint64_t segment, std::uint64_t count)
    : reading_(std::move(reading)),
      count_(count),
      rollbacks_(reading_->scope().rollbacks()),
      location_{segment, 0, 0} {
  if (index_ < count_) read();
}

FlatFileScan::Iterator& FlatFileScan::Iterator::operator++() {
  if (++index_ < count_) read();
  return *this;
}

void FlatFileScan::Iterator::read() {
  if (index_ - first_end_ >= ends_.size() / sizeof(ValueEnd)) read_ends();
  const std::uint64_t end =
      facades::read_format<ValueEnd>(ends_.data() + (index_ - first_end_) * sizeof(ValueEnd));
  const std::uint64_t begin = location_.offset + location_.length;
  if (end <= begin || end - 1 > segment_size_) {
    throw reading_->damage(
        "child 'values' segment " + std::to_string(location_.segment),
        "end of value " + std::to_string(index_),
        "above " + std::to_string(begin) + ", at most " + std::to_string(segment_size_ + 1), end);
  }
  location_.offset = begin;
  location_.length = end - 1 - begin;
}

// A page at a time, so that what is held is a page in memory, not a copy.
void FlatFileScan::Iterator::read_ends() {
  constexpr std::uint64_t kEntries = facades::kContentAlignment / sizeof(ValueEnd);
  facades::require_no_rollback(reading_->scope(), rollbacks_, [&] {
    return "while segment " + std::to_string(location_.segment) +
           " was being scanned; begin a new scan";
  });
  const SegmentRecord segment = reading_->find(location_.segment).record;
  const std::uint64_t to_page_end = kEntries - (segment.first_value + index_) % kEntries;
  ends_ = reading_->value_ends(segment, index_, std::min(to_page_end, count_ - index_));
  first_end_ = index_;
  segment_size_ = segment.size;
}

// ---- FlatFile

FlatFile::FlatFile(WriteScope& scope, const FlatFileOptions& options)
    : FlatFile(open_or_make(scope, options)) {}

// The view reads through what the children hold, and shares their life.
FlatFile::FlatFile(std::shared_ptr<FlatFileChildren> children)
    : FlatFileView(std::shared_ptr<const FlatFileReading>(children, &children->reading())),
      children_(std::move(children)) {}

DataLocation FlatFile::put(ByteView value) {
  FlatFileAppender appender(*children_, FlatFileAppender::Calls::one);
  appender.write(value);
  appender.end_value();
  return appender.finish().front();
}

std::uint64_t FlatFile::seal() {
  const FlatFileReading::Found open = children_->trimmed_open_segment();
  if (open.record.value_count == 0) return open.record.id;
  return children_->seal(open).record.id;
}

void FlatFile::drop_segment(std::uint64_t segment) { children_->drop(segment); }

FlatFile::Batch::Batch(FlatFile& flat_file)
    : appender_(std::make_unique<FlatFileAppender>(*flat_file.children_,
                                                   FlatFileAppender::Calls::many)) {}
FlatFile::Batch::~Batch() = default;

void FlatFile::Batch::add(ByteView value) {
  appender_->write(value);
  appender_->end_value();
}

std::vector<DataLocation> FlatFile::Batch::finish() { return appender_->finish(); }

}  // namespace quire
