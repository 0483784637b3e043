#include "facades/flat_file_appender.h"

#include <atomic>
#include <span>
#include <utility>

#include "facades/codecs.h"
#include "facades/failure.h"

namespace quire::facades {

namespace {

// What a writer of a plain segment collects.
constexpr std::size_t kMostPending = std::size_t{64} << 10;

// Never twice in a process, and no transaction outlives its own.
std::uint64_t next_stream() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::optional<Blob> open_if_compressed(WriteScope& scope, const char* child,
                                       const FlatFileOptions& options) {
  if (options.compression_level == 0) return std::nullopt;
  return scope.child<Blob>(child);
}

// Cuts off what lies behind `size`. What there is before it must be there.
void trim(const FlatFileReading& reading, Blob& child, std::uint64_t size) {
  const std::uint64_t found = child.size();
  if (found < size) {
    throw reading.damage("child '" + std::string(child.name()) + "'", "size",
                         "at least " + std::to_string(size), found);
  }
  if (found > size) child.resize(size);
}

}  // namespace

FlatFileChildren::FlatFileChildren(WriteScope& scope, const FlatFileOptions& options)
    : segments(scope.child<List>(kFlatSegments)),
      content(scope.child<Blob>(kFlatContent)),
      values(scope.child<Blob>(kFlatValues)),
      frames(open_if_compressed(scope, kFlatFrames, options)),
      tail(open_if_compressed(scope, kFlatTail, options)),
      reading_(scope, options, {segments, content, values, frames, tail}) {}

FlatFileReading::Found FlatFileChildren::trimmed_open_segment() {
  const std::uint64_t index = reading_.segment_count() - 1;
  const FlatFileReading::Found open{index, reading_.segment_at(index)};
  const SegmentRecord& record = open.record;
  if (record.flags == kSegmentSealed) {
    throw reading_.damage(segment_place(index), "flags", "an open segment as the last one",
                          record.flags);
  }
  trim(reading_, content, record.base + record.stored_size);
  trim(reading_, values, (record.first_value + record.value_count) * sizeof(ValueEnd));
  if (!reading_.is_compressed()) return open;
  const std::uint64_t frame_count = reading_.frame_count(record);
  trim(reading_, *frames, (record.first_frame + frame_count) * sizeof(FrameEnd));
  trim(reading_, *tail, record.size - frame_count * reading_.options().frame_size);
  return open;
}

FlatFileReading::Found FlatFileChildren::segment_to_fill() {
  const FlatFileReading::Found open = trimmed_open_segment();
  return open.record.size < reading_.options().segment_size ? open : seal(open);
}

FlatFileReading::Found FlatFileChildren::seal(FlatFileReading::Found open) {
  SegmentRecord& record = open.record;
  const std::uint64_t whole_frames = reading_.frame_count(record);
  record.flags = kSegmentSealed;
  record.stream = 0;
  if (reading_.frame_count(record) > whole_frames) {
    add_frame(record, whole_frames, reading_.tail(0, tail->size()));
    tail->resize(0);
  }
  store(open);

  const std::uint64_t end = record.base + record.stored_size;
  SegmentRecord next{};
  next.id = record.id + 1;
  next.base = (end + kContentAlignment - 1) / kContentAlignment * kContentAlignment;
  next.first_value = record.first_value + record.value_count;
  next.first_frame = record.first_frame + reading_.frame_count(record);
  content.resize(next.base);  // a hole, so that dropping this segment frees its last page too
  segments.push_back(format_bytes(next));
  return {open.index + 1, next};
}

void FlatFileChildren::drop(std::uint64_t id) {
  const auto [index, record] = reading_.find(id);
  if (index + 1 == reading_.segment_count()) {
    throw reading_.named(UnsafeAccess("segment " + std::to_string(id) +
                                      " is the open one; seal() it, then drop it"));
  }
  const SegmentRecord next = reading_.segment_at(index + 1);
  const std::uint64_t frame_count = reading_.frame_count(record);
  if (next.base < record.base + record.stored_size ||
      next.first_value < record.first_value + record.value_count ||
      next.first_frame < record.first_frame + frame_count) {
    throw reading_.damage(segment_place(index + 1), "base, first_value or first_frame",
                          "behind those of the segment before it", "others");
  }
  content.punch(record.base, next.base - record.base);
  values.punch(record.first_value * sizeof(ValueEnd), record.value_count * sizeof(ValueEnd));
  if (frames) {
    frames->punch(record.first_frame * sizeof(FrameEnd), frame_count * sizeof(FrameEnd));
  }
  segments.erase(index);
}

void FlatFileChildren::store(const FlatFileReading::Found& segment) {
  segments.set(segment.index, format_bytes(segment.record));
}

void FlatFileChildren::add_frame(SegmentRecord& segment, std::uint64_t frame, ByteView raw) {
  // Their checksum is for those that get a copy; within the database each page has its own.
  const std::string packed = compress_checked(raw, reading_.options().compression_level);
  content.write(segment.base + segment.stored_size, packed);
  segment.stored_size = segment.stored_size + packed.size();
  frames->write((segment.first_frame + frame) * sizeof(FrameEnd),
                format_bytes(segment.stored_size));
}

// ---- FlatFileAppender

FlatFileAppender::FlatFileAppender(FlatFileChildren& children, Calls calls)
    : children_(children),
      rollbacks_(children.reading().scope().rollbacks()),
      open_(children.segment_to_fill()),
      value_begin_(open_.record.size),
      stored_tail_(children.tail ? children.tail->size() : 0) {
  const std::uint64_t mark = calls == Calls::many ? next_stream() : 0;
  if (open_.record.stream == mark) return;
  open_.record.stream = mark;
  children_.store(open_);
}

void FlatFileAppender::write(ByteView bytes) {
  if (children_.reading().is_compressed()) {
    write_compressed(bytes);
  } else {
    write_plain(bytes);
  }
}

void FlatFileAppender::end_value() {
  const std::uint64_t end = open_.record.size;
  ends_.push_back(end + 1);
  locations_.push_back({open_.record.id, value_begin_, end - value_begin_});
  value_begin_ = end;
}

std::vector<DataLocation> FlatFileAppender::finish() {
  require_undisturbed();
  SegmentRecord& record = open_.record;
  if (!children_.reading().is_compressed()) {
    store_plain(pending_);
  } else {
    children_.tail->resize(stored_tail_);
    children_.tail->write(stored_tail_, pending_);
  }
  children_.values.write((record.first_value + record.value_count) * sizeof(ValueEnd),
                         std::as_bytes(std::span(ends_)));
  record.value_count = record.value_count + ends_.size();
  record.stream = 0;
  children_.store(open_);
  return std::move(locations_);
}

// The mark is taken away by whoever changes the segment. Sealing one without values changes nothing
// of it, but cuts off what lies behind it.
void FlatFileAppender::require_undisturbed() {
  const SegmentRecord& record = open_.record;
  const FlatFileReading& reading = children_.reading();
  const std::uint64_t last = reading.segment_count() - 1;
  open_.index = last;  // segments before it may have been dropped
  if (record.stream == 0) return;
  require_no_rollback(reading.scope(), rollbacks_,
                      [] { return std::string("while this was being put; put it again"); });
  if (reading.segment_at(last).stream == record.stream &&
      children_.content.size() == record.base + record.stored_size) {
    return;
  }
  throw reading.named(
      InvalidArgument("something else was put before this was complete; put this value again"));
}

void FlatFileAppender::write_plain(ByteView bytes) {
  open_.record.size = open_.record.size + bytes.size();
  if (pending_.size() + bytes.size() < kMostPending) {
    pending_ += bytes.text();
    return;
  }
  require_undisturbed();
  store_plain(pending_);
  pending_.clear();
  store_plain(bytes);
}

void FlatFileAppender::store_plain(ByteView bytes) {
  if (bytes.empty()) return;
  SegmentRecord& record = open_.record;
  children_.content.write(record.base + record.stored_size, bytes);
  record.stored_size = record.stored_size + bytes.size();
}

void FlatFileAppender::write_compressed(ByteView bytes) {
  const std::uint64_t frame_size = children_.reading().options().frame_size;
  SegmentRecord& record = open_.record;
  while (!bytes.empty()) {
    const ByteView part = bytes.sub(0, frame_size - record.size % frame_size);
    bytes = bytes.sub(part.size());
    if ((record.size + part.size()) % frame_size == 0) {
      store_frame(part);
    } else {
      pending_ += part.text();
    }
    record.size = record.size + part.size();
  }
}

// `last_part` is what is missing in the frame that is being filled.
void FlatFileAppender::store_frame(ByteView last_part) {
  require_undisturbed();
  SegmentRecord& record = open_.record;
  const std::uint64_t frame_size = children_.reading().options().frame_size;
  const std::uint64_t frame = record.size / frame_size;
  if (last_part.size() == frame_size) {
    children_.add_frame(record, frame, last_part);
  } else {
    std::string raw = children_.reading().tail(0, stored_tail_).str();
    raw += pending_;
    raw += last_part.text();
    children_.add_frame(record, frame, raw);
  }
  stored_tail_ = 0;
  pending_.clear();
}

}  // namespace quire::facades
