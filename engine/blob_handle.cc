#include <quire/blob.h>

#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "engine/handles.h"
#include "structures/blob.h"

namespace quire {
namespace {

using engine::OpenCollection;
using pager::PageReader;
using pager::PageWriter;

structures::BlobView view_of(PageReader& pages, const OpenCollection& collection) {
  return structures::BlobView(pages, collection.entry.root);
}
structures::Blob blob_of(PageWriter& pages, const OpenCollection& collection) {
  return structures::Blob(pages, collection.entry.root);
}

void require_within(const structures::BlobView& blob, std::uint64_t offset, std::uint64_t count) {
  const std::uint64_t size = blob.size();
  if (offset > size || count > size - offset) {
    throw std::out_of_range("blob of " + std::to_string(size) + " bytes has no bytes [" +
                            std::to_string(offset) + ", +" + std::to_string(count) + ")");
  }
}

/// Calls `fn()`, which allocates `size` bytes. That there is no room for them is no failure of ours:
/// a blob may be holes of terabytes.
template <class Fn>
auto in_memory(std::uint64_t size, Fn&& fn) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  try {
    if (size <= kMost) return fn();
  } catch (const std::bad_alloc&) {
  }
  throw InvalidArgument("there is no memory for " + std::to_string(size) +
                        " bytes at once; read them in parts, with read() or chunks()");
}

/// Calls `fn(bytes)`, which changes the blob, with bytes that this does not change (V3). Only what
/// edit() returns points into pages of the transaction's own, and that is no more than a page.
template <class Fn>
void with_stable(ByteView bytes, Fn&& fn) {
  if (bytes.size() > kPageSize || bytes.empty()) return fn(bytes);
  std::array<std::byte, kPageSize> copy;
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  fn(ByteView(copy.data(), bytes.size()));
}

}  // namespace

std::uint64_t BlobView::size() const {
  return engine::read(scope_, [](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).size();
  });
}

std::size_t BlobView::read(std::uint64_t offset, std::span<std::byte> out) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).read(offset, out);
  });
}

std::vector<std::byte> BlobView::read_all() const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    const structures::BlobView blob = view_of(pages, collection);
    const std::uint64_t size = blob.size();
    return in_memory(size, [&] {
      std::vector<std::byte> bytes(size);
      blob.read(0, bytes);
      return bytes;
    });
  });
}

std::byte BlobView::at(std::uint64_t index) const { return view(index, 1).view()[0]; }

Value BlobView::view(std::uint64_t offset, std::size_t count) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    const structures::BlobView blob = view_of(pages, collection);
    require_within(blob, offset, count);
    return in_memory(count, [&] { return blob.view(offset, count); });
  });
}

std::shared_ptr<const std::byte> BlobView::pin(std::uint64_t offset, std::size_t count,
                                               std::size_t alignment) const {
  static_assert(kAlignment == pager::kFrameAlignment);
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    if (!std::has_single_bit(alignment) || alignment > kPageSize) {
      throw InvalidArgument("alignment is " + std::to_string(alignment) +
                            "; it must be a power of two, at most 4096");
    }
    const structures::BlobView blob = view_of(pages, collection);
    if (count > kPageSize) require_within(blob, offset, count);  // else pin() does
    return in_memory(count, [&] { return blob.pin(offset, count, alignment); });
  });
}

BlobChunks BlobView::chunks(std::uint64_t offset, std::uint64_t count) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    require_within(view_of(pages, collection), offset, count);
    return BlobChunks(*this, collection.changes, offset, count);
  });
}

BlobChunks BlobView::chunks() const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return BlobChunks(*this, collection.changes, 0, view_of(pages, collection).size());
  });
}

void Blob::write(std::uint64_t offset, ByteView bytes) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    with_stable(bytes, [&](ByteView stable) { blob_of(pages, collection).write(offset, stable); });
  });
}

void Blob::append(ByteView bytes) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    with_stable(bytes, [&](ByteView stable) { blob_of(pages, collection).append(stable); });
  });
}

void Blob::resize(std::uint64_t size) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    blob_of(pages, collection).resize(size);
  });
}

void Blob::set(std::uint64_t index, std::byte byte) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    structures::Blob blob = blob_of(pages, collection);
    require_within(blob, index, 1);
    blob.write(index, ByteView(&byte, 1));
  });
}

MutableBytes Blob::edit(std::uint64_t offset, std::size_t count) {
  return engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    structures::BlobEdit edit = blob_of(pages, collection).edit(offset, count);
    return MutableBytes(std::make_shared<pager::PageRef>(std::move(edit.page)), edit.bytes);
  });
}

void Blob::punch(std::uint64_t offset, std::uint64_t count) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    blob_of(pages, collection).punch(offset, count);
  });
}

BlobChunks::Iterator::Iterator(const BlobChunks& chunks, std::uint64_t end)
    : blob_(chunks.blob_), changes_(chunks.changes_), offset_(chunks.offset_), end_(end) {
  read();
}

BlobChunks::Iterator& BlobChunks::Iterator::operator++() {
  offset_ += piece_.size();
  read();
  return *this;
}

void BlobChunks::Iterator::read() {
  piece_ = engine::read(blob_.scope(), [&](PageReader& pages, const OpenCollection& collection) {
    if (collection.changes != changes_) {
      throw InvalidArgument("the blob was changed during an iteration; begin a new one");
    }
    return view_of(pages, collection).piece(offset_, end_ - offset_);
  });
}

}  // namespace quire
