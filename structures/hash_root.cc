#include "structures/hash_root.h"

#include <quire/error.h>

#include <algorithm>
#include <string>

#include "base/checksum.h"
#include "base/invariant.h"

namespace quire::structures {

static_assert(HashGeometry{}.root_segments == kRootSegments &&
              HashGeometry{}.root_directories == kRootDirectories &&
              HashGeometry{}.directory_segments == kDirectorySegments &&
              HashGeometry{}.segment_cap_log2 == kMaxSegmentCapLog2);

HashRoot::HashRoot(pager::PageReader& pages, Pid pid, const HashGeometry& geometry)
    : pages_(&pages),
      pid_(pid),
      geometry_(geometry),
      ref_(pages.read(pid, PageType::hash_root)),
      fields_(&ref_.as<HashRootPage>()) {
  check();
}

void HashRoot::check() const {
  const auto expect = [this](bool holds, const char* field, const char* expected,
                             std::uint64_t found) {
    if (!holds) throw CorruptionError(pid_, field, expected, std::to_string(found));
  };
  const HashRootPage& root = *fields_;
  const std::uint64_t file = pages_->page_count();
  expect(root.cap_log2 <= kMaxSegmentCapLog2, "cap_log2", "at most 10", root.cap_log2);
  expect(root.bucket_count >= 1 && root.bucket_count <= max_buckets() && segment_pages() < file,
         "bucket_count", "1 or more, and a file that holds so many", root.bucket_count);
  expect(root.directory_pages == directories_for(segment_count()), "directory_pages",
         "as many as the segments need", root.directory_pages);
  expect(root.pages_owned < file, "pages_owned", "less than the file", root.pages_owned);
  expect(std::uint64_t{root.overflow_pages} + root.directory_pages <= root.pages_owned,
         "overflow_pages", "no more than the pages owned", root.overflow_pages);
}

std::uint64_t HashRoot::hash(ByteView key) const noexcept { return checksum64(key, fields_->seed); }

std::uint64_t HashRoot::hash(const RecordPart& key) const noexcept {
  return key.form == PartForm::bytes ? hash(key.stored) : key.hash;
}

std::uint32_t HashRoot::segment_count() const noexcept {
  return layout().segment_of(fields_->bucket_count - 1) + 1;
}

std::uint32_t HashRoot::directory_of(std::uint32_t segment) const noexcept {
  return (segment - geometry_.root_segments) / geometry_.directory_segments;
}

std::uint32_t HashRoot::directories_for(std::uint32_t segments) const noexcept {
  return segments > geometry_.root_segments ? directory_of(segments - 1) + 1 : 0;
}

std::uint32_t HashRoot::max_buckets() const noexcept {
  const std::uint64_t segments =
      geometry_.root_segments +
      std::uint64_t{geometry_.root_directories} * geometry_.directory_segments;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(layout().first_bucket(segments), UINT32_MAX));
}

Pid HashRoot::segment_first(std::uint32_t segment) const {
  Pid from = pid_;
  Pid first = kNoPid;
  if (segment < geometry_.root_segments) {
    first = fields_->segments[segment];
  } else {
    from = fields_->directories[directory_of(segment)];
    const pager::PageRef directory = pages_->read(from, PageType::hash_directory);
    const std::uint32_t slot = (segment - geometry_.root_segments) % geometry_.directory_segments;
    first = directory.as<HashDirectoryPage>().segments[slot];
  }
  if (first == kNoPid || std::uint64_t{first} + layout().pages(segment) > pages_->page_count()) {
    throw CorruptionError(from, "segment " + std::to_string(segment), "pages of the file",
                          std::to_string(first));
  }
  return first;
}

Pid HashRoot::bucket_page(std::uint32_t bucket) const {
  const std::uint32_t segment = layout().segment_of(bucket);
  return segment_first(segment) +
         static_cast<std::uint32_t>(bucket - layout().first_bucket(segment));
}

/// Bytes that records take in buckets.
std::uint64_t HashRoot::load() const noexcept {
  return fields_->record_bytes + fields_->entries * kSlotSize;
}

bool HashRoot::overloaded() const noexcept {
  constexpr std::uint64_t kFull = kBucketUsable * 3 / 4;
  return load() > fields_->bucket_count * kFull;
}

bool HashRoot::underloaded() const noexcept {
  return load() < (fields_->bucket_count - std::uint64_t{1}) * kLowLoad;
}

HashRootPage& EditableHashRoot::edit() {
  auto& page = page_as<HashRootPage>(writer_->modify(pid_, PageType::hash_root));
  fields_ = &page;
  return page;
}

void EditableHashRoot::replace(Le64 HashRootPage::*field, const char* name, std::uint64_t before,
                               std::uint64_t after) {
  if (before == after) return;
  HashRootPage& root = edit();
  if (root.*field < before) {
    throw CorruptionError(pid_, name, "at least " + std::to_string(before),
                          std::to_string(root.*field));
  }
  root.*field = root.*field - before + after;
}

void EditableHashRoot::add_entry() { replace(&HashRootPage::entries, "entries", 0, 1); }

void EditableHashRoot::remove_entries(std::uint64_t count) {
  replace(&HashRootPage::entries, "entries", count, 0);
}

void EditableHashRoot::resize_record(std::uint64_t before, std::uint64_t after) {
  replace(&HashRootPage::record_bytes, "record_bytes", before, after);
}

void EditableHashRoot::change_pages(std::uint64_t before, std::uint64_t after) {
  replace(&HashRootPage::pages_owned, "pages_owned", before, after);
}

Pid EditableHashRoot::add_bucket() {
  const std::uint32_t bucket = fields_->bucket_count;
  invariant(bucket < max_buckets(), "a bucket is added where the root can name it");
  const std::uint32_t segment = layout().segment_of(bucket);
  if (layout().first_bucket(segment) == bucket) add_segment(segment);
  edit().bucket_count = bucket + 1;
  return bucket_page(bucket);
}

void EditableHashRoot::remove_bucket() {
  const std::uint32_t bucket = fields_->bucket_count - 1;
  invariant(bucket > 0, "the first bucket stays");
  const std::uint32_t segment = layout().segment_of(bucket);
  if (layout().first_bucket(segment) == bucket) remove_segment(segment);
  edit().bucket_count = bucket;
}

void EditableHashRoot::remove_segment(std::uint32_t segment) {
  writer_->free(segment_first(segment), layout().pages(segment));
  HashRootPage& root = edit();
  if (segment < geometry_.root_segments) {
    root.segments[segment] = kNoPid;
    return;
  }
  const std::uint32_t slot = (segment - geometry_.root_segments) % geometry_.directory_segments;
  Le32& directory = root.directories[directory_of(segment)];
  if (slot > 0) {
    auto& page = page_as<HashDirectoryPage>(writer_->modify(directory, PageType::hash_directory));
    page.segments[slot] = kNoPid;
    return;
  }
  writer_->free(directory, 1);
  directory = kNoPid;
  root.directory_pages = root.directory_pages - 1;
  change_pages(1, 0);
}

void EditableHashRoot::add_segment(std::uint32_t segment) {
  const Pid first = writer_->allocate(layout().pages(segment), PageState::owned);
  HashRootPage& root = edit();
  if (segment < geometry_.root_segments) {
    root.segments[segment] = first;
    return;
  }
  const std::uint32_t slot = (segment - geometry_.root_segments) % geometry_.directory_segments;
  Le32& directory = root.directories[directory_of(segment)];
  if (slot == 0) {
    directory = writer_->allocate(1, PageState::structure);
    writer_->renew(directory, PageType::hash_directory);
    root.directory_pages = root.directory_pages + 1;
    change_pages(0, 1);
  }
  page_as<HashDirectoryPage>(writer_->modify(directory, PageType::hash_directory)).segments[slot] =
      first;
}

}  // namespace quire::structures
