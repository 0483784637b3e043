#include "engine/salvage_pages.h"

#include <utility>

#include "engine/salvage_blob.h"
#include "structures/value_runs.h"

namespace quire::engine {

using structures::PartForm;
using structures::RecordPart;

pager::PageRef SalvagePages::read(Pid pid, PageType type) {
  pager::PageRef page = ref_to(source_->structure(pid, type, owner_), false);
  note_age(page);
  return page;
}

pager::PageRef SalvagePages::read_data(Pid pid, Sum32 sum) {
  return ref_to(source_->data(pid, sum), false);
}

void SalvagePages::note_age(const pager::PageRef& page) {
  is_last_newer_ = source_->is_newer(page.as<StructurePageHeader>().seq);
  all_.add(is_last_newer_);
  part_.add(is_last_newer_);
}

void SalvagePages::claim(Pid from, Pid first, std::uint32_t count) {
  if (source_->claim(first, count)) return;
  throw CorruptionError(from, "pointer to pages", "pages that nothing else has",
                        std::to_string(count) + " from " + std::to_string(first));
}

std::string SalvagePages::read_part(const pager::PageRef& record_page, Pid record_pid,
                                    const RecordPart& part) {
  if (part.form == PartForm::bytes) return part.stored.str();
  part_ = {};
  note_age(record_page);
  std::string bytes =
      part.form == PartForm::extents ? read_extents(record_pid, part) : read_blob(record_pid, part);
  if (part_.are_mixed()) {
    throw CorruptionError(record_pid, "seq", "that of one commit", "pages of two");
  }
  return bytes;
}

std::string SalvagePages::read_extents(Pid record_pid, const RecordPart& part) {
  const structures::ValueRunsView runs(*this);
  const structures::ValueRun run = runs.describe(record_pid, part);
  for (std::uint32_t i = 0; i < run.extent_count; ++i) {
    claim(record_pid, run.extents[i].first, run.extents[i].pages());
  }
  return runs.read(run).str();
}

namespace {

constexpr std::size_t kMostRemarks = 10;

/// A blob as the value of a record: complete and without holes, or nothing. Writers make no holes
/// there; without that rule a few pages could demand any amount of memory.
class WholeValue final : public SalvagedBlobSink {
 public:
  WholeValue(Pid root, std::uint64_t length) : root_(root), length_(length) {}

  void resize(std::uint64_t size) override { require(size == length_, size); }
  void write(std::uint64_t offset, ByteView bytes) override {
    require(offset == value_.size(), offset);
    value_ += bytes.text();
  }
  void lose(std::uint64_t begin, std::uint64_t) override { require(false, begin); }

  std::string take() {
    require(value_.size() == length_, value_.size());
    return std::move(value_);
  }

 private:
  void require(bool holds, std::uint64_t found) const {
    if (holds) return;
    throw CorruptionError(root_, "value", std::to_string(length_) + " bytes",
                          "something else at " + std::to_string(found));
  }

  Pid root_;
  std::uint64_t length_;
  std::string value_;
};

}  // namespace

std::string SalvagePages::read_blob(Pid record_pid, const RecordPart& part) {
  const structures::ValueRun run = structures::ValueRunsView(*this).describe(record_pid, part);
  WholeValue value(run.blob_root, run.length);
  read_salvaged_blob(*this, record_pid, run.blob_root, value);
  return value.take();
}

void add_lost_range(SalvagedCollection& account, std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  account.whole = false;
  if (account.lost) *account.lost += end - begin;
  auto& ranges = account.lost_ranges;
  if (!ranges.empty() && ranges.back().end == begin) {
    ranges.back().end = end;
  } else if (ranges.size() < SalvagedCollection::kMaxRanges) {
    ranges.push_back({begin, end});
  }
}

void lose_unknown(SalvagedCollection& account, const std::string& remark) {
  account.whole = false;
  account.lost = std::nullopt;
  if (account.remarks.size() < kMostRemarks) account.remarks.push_back(remark);
}

}  // namespace quire::engine
