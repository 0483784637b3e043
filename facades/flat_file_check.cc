#include <string>

#include <quire/check_report.h>
#include <quire/flat_file.h>

#include "facades/flat_file_reading.h"

namespace quire {

using facades::FlatFileReading;
using facades::SegmentRecord;

namespace {

// The laws of "Facades: flat file" in docs/file-format.md. What one segment breaks does not keep the
// others from being looked at; each walk ends at the first entry that nobody has written.
class FlatFileCheck {
 public:
  FlatFileCheck(const FlatFileView& flat_file, const FlatFileReading& reading, CheckSink& sink)
      : flat_file_(flat_file), reading_(reading), sink_(sink) {}

  void run() {
    const std::uint64_t last = reading_.segment_count() - 1;
    for (std::uint64_t index = 0; index <= last; ++index) {
      try {
        check_segment(index, index == last);
      } catch (const CorruptionError& error) {
        sink_.problem(error.finding());
      }
    }
  }

 private:
  void check_segment(std::uint64_t index, bool is_last) {
    const SegmentRecord record = reading_.segment_at(index);
    place_ = facades::segment_place(index);
    const bool is_sealed = record.flags == facades::kSegmentSealed;
    require(is_sealed != is_last, "sealed, or open as the last one");
    check_order(record, index);
    if (is_last) check_ends(record);
    check_values(record);
    check_frames(record);
  }

  void check_order(const SegmentRecord& record, std::uint64_t index) {
    const SegmentRecord before = before_;
    before_ = record;
    if (index == 0) return;
    const std::uint64_t frames = reading_.frame_count(before);
    require(record.id > before.id, "an id above that of the item before it");
    require(record.base >= before.base + before.stored_size, "base behind the segment before it");
    require(record.first_value >= before.first_value + before.value_count,
            "first_value behind the segment before it");
    require(record.first_frame >= before.first_frame + frames,
            "first_frame behind the segment before it");
  }

  // Of the open segment, behind which there may be leftovers.
  void check_ends(const SegmentRecord& record) {
    require(reading_.children().content.size() >= record.base + record.stored_size,
            "all of its bytes in 'content'");
    if (!reading_.is_compressed()) return;
    require(reading_.children().tail->size() >= record.size % reading_.options().frame_size,
            "all bytes that are no frame yet in 'tail'");
  }

  void check_values(const SegmentRecord& record) {
    std::uint64_t end = 0;
    for (const DataLocation& location : flat_file_.scan(record.id)) {
      end = location.offset + location.length;
    }
    require(end == record.size, "values that end where the segment ends");
  }

  void check_frames(const SegmentRecord& record) {
    if (!reading_.is_compressed()) return;
    std::uint64_t end = 0;
    for (std::uint64_t frame = 0; frame < reading_.frame_count(record); ++frame) {
      end = reading_.frame_ends(record, frame).end;
      if (sink_.deep()) reading_.unpack(record, frame);
    }
    require(end == record.stored_size, "frames that end where its stored bytes end");
  }

  void require(bool holds, const std::string& expected) {
    if (!holds) sink_.problem(place_ + ": expected " + expected);
  }

  const FlatFileView& flat_file_;
  const FlatFileReading& reading_;
  CheckSink& sink_;
  std::string place_;
  SegmentRecord before_{};
};

}  // namespace

void FlatFile::check(const FlatFileView& flat_file, CheckSink& sink) {
  FlatFileCheck(flat_file, *flat_file.reading_, sink).run();
}

}  // namespace quire
