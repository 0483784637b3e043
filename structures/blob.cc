#include "structures/blob.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "structures/blob_format.h"
#include "structures/blob_lookup.h"
#include "structures/blob_tree.h"

namespace quire::structures {

using pager::PageReader;
using pager::PageRef;
using pager::PageWriter;

namespace {

constexpr std::uint64_t kMaxOffset = INT64_MAX;

/// The end of `count` bytes at `offset`, if a blob can reach it.
std::uint64_t reachable_end(std::uint64_t offset, std::uint64_t count) {
  if (offset > kMaxOffset || count > kMaxOffset - offset) {
    throw InvalidArgument("offset " + std::to_string(offset) + " plus " + std::to_string(count) +
                          " bytes is beyond 2^63 - 1");
  }
  if (offset + count > kBlobMaxSize) {
    throw OutOfSpace("a blob holds at most " + std::to_string(kBlobMaxSize) + " bytes, not " +
                     std::to_string(offset + count));
  }
  return offset + count;
}

/// Zeros that live for ever, aligned as a page: what a hole holds.
std::shared_ptr<const std::byte> hole_page() {
  alignas(kPageSize) static constexpr std::array<std::byte, kPageSize> kZeros{};
  return {std::shared_ptr<void>(), kZeros.data()};
}

/// At most a page of zeros.
Value zeros(std::size_t size) {
  const std::shared_ptr<const std::byte> page = hole_page();
  return Value::shared(page, ByteView(page.get(), size));
}

/// Uninitialised memory at a multiple of `alignment`.
std::shared_ptr<std::byte> aligned_memory(std::size_t size, std::size_t alignment) {
  const std::align_val_t boundary{alignment};
  auto* const memory = static_cast<std::byte*>(::operator new(size, boundary));
  return {memory, [boundary](std::byte* bytes) { ::operator delete(bytes, boundary); }};
}

bool is_aligned(const std::byte* bytes, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(bytes) % alignment == 0;
}

void require_content(const BlobRootPage& root, std::uint64_t offset, std::uint64_t count) {
  if (offset <= root.size && count <= root.size - offset) return;
  throw std::out_of_range("blob of " + std::to_string(root.size) + " bytes has no bytes [" +
                          std::to_string(offset) + ", +" + std::to_string(count) + ")");
}

/// Of one byte or more.
bool in_one_page(std::uint64_t offset, std::size_t count) {
  return offset / kPageSize == (offset + count - 1) / kPageSize;
}

/// Copies content that one leaf speaks for into `out`.
void read_leaf(PageReader& pages, const BlobLeaf& leaf, std::uint64_t offset,
               std::span<std::byte> out) {
  while (!out.empty()) {
    const std::size_t begin = offset % kPageSize;
    const auto part = out.first(std::min(out.size(), kPageSize - begin));
    if (const PageRef page = read_blob_data(pages, leaf, offset / kPageSize)) {
      std::copy_n(page.bytes().begin() + begin, part.size(), part.begin());
    } else {
      std::ranges::fill(part, std::byte{0});
    }
    offset += part.size();
    out = out.subspan(part.size());
  }
}

/// Copies [offset, offset + out.size()), which lies within the blob, into `out`.
void read_content(PageReader& pages, Pid root_pid, const PageRef& root, std::uint64_t offset,
                  std::span<std::byte> out) {
  const auto& format = root.as<BlobRootPage>();
  if (format.height == 0) {
    std::ranges::copy(inline_content(format).sub(offset, out.size()), out.begin());
    return;
  }
  while (!out.empty()) {
    const BlobLeaf leaf = find_blob_leaf(pages, root_pid, root, offset / kPageSize);
    const std::uint64_t there = leaf.end_page * kPageSize - offset;
    const auto part = out.first(std::min<std::uint64_t>(out.size(), there));
    if (leaf.entries.empty()) {
      std::ranges::fill(part, std::byte{0});
    } else {
      read_leaf(pages, leaf, offset, part);
    }
    offset += part.size();
    out = out.subspan(part.size());
  }
}

/// Where content lies: in a page, or in a hole, which has none.
struct Place {
  PageRef page;
  std::size_t offset;  // in the page
};

/// The place of the byte at `offset`, which lies within the blob.
Place find_place(PageReader& pages, Pid root_pid, const PageRef& root, std::uint64_t offset) {
  if (root.as<BlobRootPage>().height == 0) {
    return {root, offsetof(BlobRootPage, entries) + static_cast<std::size_t>(offset)};
  }
  const std::uint64_t page_index = offset / kPageSize;
  const BlobLeaf leaf = find_blob_leaf(pages, root_pid, root, page_index);
  return {read_blob_data(pages, leaf, page_index), offset % kPageSize};
}

/// [offset, offset + size), which lies within the blob and within one page of it.
Value value_in_page(PageReader& pages, Pid root_pid, const PageRef& root, std::uint64_t offset,
                    std::size_t size) {
  const Place place = find_place(pages, root_pid, root, offset);
  return place.page ? place.page.value(place.offset, size) : zeros(size);
}

}  // namespace

std::uint64_t BlobView::size() const {
  return read_blob_root(*reader_, root_).as<BlobRootPage>().size;
}

std::uint64_t BlobView::pages_owned() const {
  return read_blob_root(*reader_, root_).as<BlobRootPage>().pages_owned;
}

std::size_t BlobView::read(std::uint64_t offset, std::span<std::byte> out) const {
  const PageRef root = read_blob_root(*reader_, root_);
  const std::uint64_t size = root.as<BlobRootPage>().size;
  if (offset >= size) return 0;
  out = out.first(std::min<std::uint64_t>(out.size(), size - offset));
  read_content(*reader_, root_, root, offset, out);
  return out.size();
}

Value BlobView::view(std::uint64_t offset, std::size_t size) const {
  const PageRef root = read_blob_root(*reader_, root_);
  require_content(root.as<BlobRootPage>(), offset, size);
  if (size == 0) return {};
  if (in_one_page(offset, size)) {
    return value_in_page(*reader_, root_, root, offset, size);
  }
  auto memory = std::make_shared_for_overwrite<std::byte[]>(size);
  read_content(*reader_, root_, root, offset, {memory.get(), size});
  const ByteView bytes(memory.get(), size);
  return Value::shared(std::move(memory), bytes);
}

std::shared_ptr<const std::byte> BlobView::pin(std::uint64_t offset, std::size_t size,
                                               std::size_t alignment) const {
  const PageRef root = read_blob_root(*reader_, root_);
  require_content(root.as<BlobRootPage>(), offset, size);
  if (size == 0) return hole_page();
  if (in_one_page(offset, size)) {
    const Place place = find_place(*reader_, root_, root, offset);
    if (!place.page) return hole_page();
    if (!place.page.is_private()) {
      auto bytes = place.page.share(place.offset);
      if (is_aligned(bytes.get(), alignment)) return bytes;
    }
  }
  std::shared_ptr<std::byte> copy = aligned_memory(size, alignment);
  read_content(*reader_, root_, root, offset, {copy.get(), size});
  return copy;
}

Value BlobView::piece(std::uint64_t offset, std::uint64_t limit) const {
  const PageRef root = read_blob_root(*reader_, root_);
  const std::uint64_t size = root.as<BlobRootPage>().size;
  if (offset >= size || limit == 0) return {};
  const std::uint64_t in_page = kPageSize - offset % kPageSize;
  return value_in_page(*reader_, root_, root, offset, std::min({limit, size - offset, in_page}));
}

Pid Blob::create(PageWriter& pages) {
  const Pid root = pages.allocate(1, PageState::structure);
  pages.renew(root, PageType::blob_root);  // zeros: size 0, height 0
  return root;
}

void Blob::write(std::uint64_t offset, ByteView bytes) {
  const std::uint64_t end = reachable_end(offset, bytes.size());
  if (bytes.empty()) return;
  BlobTree tree(*writer_, root_);
  const std::uint64_t old_size = tree.size();
  if (end > old_size) tree.grow(end);
  tree.write(offset, bytes, old_size);
}

BlobEdit Blob::edit(std::uint64_t offset, std::size_t count) {
  require_content(read_blob_root(*reader_, root_).as<BlobRootPage>(), offset, count);
  if (count == 0) return {};
  if (!in_one_page(offset, count)) {
    throw InvalidArgument("bytes [" + std::to_string(offset) + ", +" + std::to_string(count) +
                          ") lie in more than one page of 4096 bytes; edit them page by page");
  }
  return BlobTree(*writer_, root_).edit(offset, count);
}

void Blob::resize(std::uint64_t new_size) {
  reachable_end(new_size, 0);
  const std::uint64_t old_size = size();
  if (new_size == old_size) return;
  BlobTree tree(*writer_, root_);
  if (new_size > old_size) {
    tree.grow(new_size);
  } else {
    tree.shrink(new_size);
  }
}

void Blob::punch(std::uint64_t offset, std::uint64_t count) {
  const std::uint64_t there = size();
  if (offset >= there || count == 0) return;
  BlobTree(*writer_, root_).punch(offset, offset + std::min(count, there - offset));
}

void Blob::cut_pages(std::uint64_t pages) { BlobTree(*writer_, root_).cut_pages(pages); }

bool Blob::destroy_some(std::uint32_t pages) {
  BlobTree tree(*writer_, root_);
  if (tree.pages_owned() >= std::max(pages, 1u)) {
    tree.cut_pages(pages);
    return false;
  }
  tree.free_all();
  writer_->free(root_, 1);
  return true;
}

void Blob::destroy() {
  while (!destroy_some(UINT32_MAX)) {
  }
}

}  // namespace quire::structures
