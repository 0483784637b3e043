#include "structures/value_runs.h"

#include <quire/error.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>

#include "base/invariant.h"

namespace quire::structures {

namespace {

constexpr std::uint32_t kMaxExtentPages = 1u << kMaxExtentLog2;

std::uint64_t pages_for(std::uint64_t length) noexcept {
  return length / kValuePageBytes + (length % kValuePageBytes != 0);
}

std::uint64_t extent_pages(const ValueRun& run) noexcept {
  std::uint64_t pages = 0;
  for (std::uint32_t i = 0; i < run.extent_count; ++i) pages += run.extents[i].pages();
  return pages;
}

/// Page `index` of the run, which its extents reach.
Pid pid_of(const ValueRun& run, std::uint32_t index) noexcept {
  std::uint32_t extent = 0;
  while (index >= run.extents[extent].pages()) index -= run.extents[extent++].pages();
  return run.extents[extent].first + index;
}

/// Bytes that page `index` holds.
std::size_t used_in(const ValueRun& run, std::uint32_t index) noexcept {
  const std::uint64_t before = std::uint64_t{index} * kValuePageBytes;
  return std::min<std::uint64_t>(kValuePageBytes, run.length - before);
}

void expect(Pid page, const char* field, std::uint64_t expected, std::uint64_t found) {
  if (found != expected) {
    throw CorruptionError(page, field, std::to_string(expected), std::to_string(found));
  }
}

}  // namespace

/// Passes everything on, and remembers whether anything was wrong.
class ValueRunsView::WatchingVisitor final : public PageVisitor {
 public:
  explicit WatchingVisitor(PageVisitor& visitor) noexcept : visitor_(visitor) {}

  bool ok() const noexcept { return ok_; }
  bool visit(Pid first, std::uint32_t count, PageState state) override {
    const bool is_new = visitor_.visit(first, count, state);
    ok_ = ok_ && is_new;
    return is_new;
  }
  void problem(Pid page, const std::string& what) override {
    ok_ = false;
    visitor_.problem(page, what);
  }
  bool deep() const override { return visitor_.deep(); }

 private:
  PageVisitor& visitor_;
  bool ok_ = true;
};

RunDescription::RunDescription(const ValueRun& run) noexcept
    : form_(run.form), length_(run.length) {
  const auto add = [this](const auto& field) {
    std::memcpy(bytes_.data() + size_, &field, sizeof field);
    size_ += sizeof field;
  };
  if (form_ == PartForm::blob) {
    add(Le32(run.blob_root));
    return;
  }
  add(static_cast<std::uint8_t>(run.extent_count));
  for (std::uint32_t i = 0; i < run.extent_count; ++i) {
    add(ExtentEntry{run.extents[i].first, run.extents[i].log2_pages});
  }
}

RecordPart RunDescription::part(std::uint64_t hash) const noexcept {
  return {form_, length_, hash, ByteView(bytes_.data(), size_)};
}

ValueRun ValueRunsView::describe(Pid page, const RecordPart& part) const {
  ValueRun run{.form = part.form, .length = part.length};
  if (part.form == PartForm::blob) {
    Le32 root;
    std::memcpy(&root, part.stored.data(), sizeof root);
    run.blob_root = root;
    return run;
  }
  const auto count = std::to_integer<std::size_t>(part.stored[0]);
  if (count > kMaxExtents) {
    throw CorruptionError(page, "extent count", "at most 16", std::to_string(count));
  }
  for (; run.extent_count < count; ++run.extent_count) {
    ExtentEntry entry;
    std::memcpy(&entry, part.stored.data() + 1 + run.extent_count * sizeof entry, sizeof entry);
    const Extent extent{entry.first, entry.log2_pages};
    if (extent.log2_pages > kMaxExtentLog2 || extent.first == kNoPid ||
        std::uint64_t{extent.first} + extent.pages() > reader_->page_count()) {
      throw CorruptionError(
          page, "extent", "1 to 16 pages of the file",
          "2^" + std::to_string(extent.log2_pages) + " pages from " + std::to_string(extent.first));
    }
    run.extents[run.extent_count] = extent;
  }
  if (pages_for(run.length) > extent_pages(run)) {
    throw CorruptionError(page, "length", "what the extents hold", std::to_string(run.length));
  }
  return run;
}

pager::PageRef ValueRunsView::page(const ValueRun& run, std::uint32_t index) const {
  const Pid pid = pid_of(run, index);
  pager::PageRef ref = reader_->read(pid, PageType::value);
  expect(pid, "index", index, ref.as<ValuePage>().index);
  expect(pid, "used", used_in(run, index), ref.as<ValuePage>().used);
  return ref;
}

/// A blob may be all holes: without the last check a bad size could demand any amount of memory.
BlobView ValueRunsView::blob(const ValueRun& run) const {
  const BlobView blob(*reader_, run.blob_root);
  expect(run.blob_root, "size", run.length, blob.size());
  if (run.length / kPageSize > reader_->page_count()) {
    throw CorruptionError(run.blob_root, "size", "less than the file", std::to_string(run.length));
  }
  return blob;
}

Value ValueRunsView::read(const ValueRun& run) const {
  if (run.form == PartForm::blob) return blob(run).view(0, run.length);
  const auto count = static_cast<std::uint32_t>(pages_for(run.length));
  if (count == 0) return {};
  if (count == 1) return page(run, 0).value(offsetof(ValuePage, bytes), run.length);

  const auto memory = std::make_shared_for_overwrite<std::byte[]>(run.length);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::memcpy(memory.get() + i * kValuePageBytes, page(run, i).as<ValuePage>().bytes.data(),
                used_in(run, i));
  }
  return Value::shared(memory, ByteView(memory.get(), run.length));
}

bool ValueRunsView::equals(const ValueRun& run, ByteView bytes) const {
  if (run.length != bytes.size()) return false;
  if (run.form == PartForm::blob) {
    const BlobView content = blob(run);
    for (std::uint64_t at = 0; at < run.length;) {
      const Value piece = content.piece(at, run.length - at);
      if (piece != bytes.sub(at, piece.size())) return false;
      at += piece.size();
    }
    return true;
  }
  for (std::uint32_t i = 0; i < pages_for(run.length); ++i) {
    const pager::PageRef ref = page(run, i);
    const ByteView held(ref.as<ValuePage>().bytes.data(), used_in(run, i));
    if (held != bytes.sub(i * kValuePageBytes, held.size())) return false;
  }
  return true;
}

std::uint64_t ValueRunsView::pages(const ValueRun& run) const {
  return run.form == PartForm::blob ? 1 + blob(run).pages_owned() : extent_pages(run);
}

bool ValueRunsView::walk(const ValueRun& run, PageVisitor& visitor) const {
  WatchingVisitor watching(visitor);
  try {
    if (run.form == PartForm::blob) {
      BlobView(*reader_, run.blob_root).walk(watching);
      if (watching.ok()) blob(run);
    } else {
      walk_extents(run, watching);
    }
  } catch (const CorruptionError& error) {
    watching.problem(error.page(), error.finding());
  }
  return watching.ok();
}

void ValueRunsView::walk_extents(const ValueRun& run, WatchingVisitor& visitor) const {
  for (std::uint32_t i = 0; i < run.extent_count; ++i) {
    visitor.visit(run.extents[i].first, run.extents[i].pages(), PageState::owned);
  }
  if (!visitor.deep() || !visitor.ok()) return;
  for (std::uint32_t i = 0; i < pages_for(run.length); ++i) page(run, i);
}

ValueRun ValueRuns::create(ByteView bytes) {
  ValueRun run;
  if (bytes.size() > kMaxRunBytes) become_blob(run);
  append(run, bytes);
  return run;
}

void ValueRuns::append(ValueRun& run, ByteView bytes) {
  const std::uint64_t length = run.length + bytes.size();
  const bool no_more_extents =
      run.extent_count == kMaxExtents && pages_for(length) > extent_pages(run);
  if (run.form == PartForm::extents && (length > kMaxRunBytes || no_more_extents)) become_blob(run);
  if (run.form == PartForm::extents) return append_to_extents(run, bytes);
  blob(run);
  Blob(*writer_, run.blob_root).append(bytes);
  run.length = length;
}

void ValueRuns::append_to_extents(ValueRun& run, ByteView bytes) {
  reserve(run, pages_for(run.length + bytes.size()));
  while (!bytes.empty()) {
    const auto index = static_cast<std::uint32_t>(run.length / kValuePageBytes);
    const std::size_t at = run.length % kValuePageBytes;
    const ByteView part = bytes.sub(0, kValuePageBytes - at);
    ValuePage& page = at != 0
                          ? modify(run, index)
                          : page_as<ValuePage>(writer_->renew(pid_of(run, index), PageType::value));
    std::memcpy(page.bytes.data() + at, part.data(), part.size());
    page.index = index;
    page.used = static_cast<std::uint32_t>(at + part.size());
    run.length += part.size();
    bytes = bytes.sub(part.size());
  }
}

/// Adds extents until the run has that many pages: as many as it lacks, and at least as many as it
/// had, as far as kMaxRunPages goes. So many short appends make few extents, and a run made at once
/// gets no page to spare.
void ValueRuns::reserve(ValueRun& run, std::uint64_t pages) {
  const std::uint64_t had = extent_pages(run);
  for (std::uint64_t have = had; have < pages;) {
    const std::uint64_t most = std::min<std::uint64_t>(kMaxRunPages - have, kMaxExtentPages);
    const std::uint64_t count = std::bit_floor(std::min(std::max(had, pages - have), most));
    invariant(run.extent_count < kMaxExtents, "a run that cannot grow has become a blob");
    Extent& extent = run.extents[run.extent_count++];
    extent.log2_pages = static_cast<std::uint8_t>(std::countr_zero(count));
    extent.first = writer_->allocate(static_cast<std::uint32_t>(count), PageState::owned);
    have += count;
  }
}

void ValueRuns::become_blob(ValueRun& run) {
  const Pid root = Blob::create(*writer_);
  Blob(*writer_, root).append(read(run));
  destroy(run);
  run = ValueRun{.form = PartForm::blob, .length = run.length, .blob_root = root};
}

ValuePage& ValueRuns::modify(const ValueRun& run, std::uint32_t index) {
  page(run, index);
  return page_as<ValuePage>(writer_->modify(pid_of(run, index), PageType::value));
}

void ValueRuns::overwrite(const ValueRun& run, ByteView bytes) {
  invariant(run.length == bytes.size(), "a run is overwritten by as many bytes");
  if (run.form == PartForm::blob) {
    const BlobView old = blob(run);
    for (std::uint64_t at = 0; at < run.length;) {
      const Value piece = old.piece(at, run.length - at);
      const ByteView part = bytes.sub(at, piece.size());
      if (piece != part) Blob(*writer_, run.blob_root).write(at, part);
      at += piece.size();
    }
    return;
  }
  for (std::uint32_t i = 0; i < pages_for(run.length); ++i) {
    const ByteView part = bytes.sub(i * kValuePageBytes, kValuePageBytes);
    const pager::PageRef old = page(run, i);
    if (part == ByteView(old.as<ValuePage>().bytes.data(), part.size())) continue;
    std::memcpy(modify(run, i).bytes.data(), part.data(), part.size());
  }
}

void ValueRuns::cut_pages(ValueRun& run, std::uint64_t pages) {
  invariant(run.form == PartForm::blob, "only a blob is cut");
  blob(run);
  Blob content(*writer_, run.blob_root);
  content.cut_pages(pages);
  run.length = content.size();
}

void ValueRuns::destroy(const ValueRun& run) {
  if (run.form == PartForm::blob) return Blob(*writer_, run.blob_root).destroy();
  for (std::uint32_t i = 0; i < run.extent_count; ++i) {
    writer_->free(run.extents[i].first, run.extents[i].pages());
  }
}

}  // namespace quire::structures
