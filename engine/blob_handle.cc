#include <quire/blob.h>

#include <algorithm>
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
    std::vector<std::byte> bytes(blob.size());
    blob.read(0, bytes);
    return bytes;
  });
}

std::byte BlobView::at(std::uint64_t index) const { return view(index, 1).view()[0]; }

Value BlobView::view(std::uint64_t offset, std::size_t count) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    const structures::BlobView blob = view_of(pages, collection);
    require_within(blob, offset, count);
    return blob.view(offset, count);
  });
}

Value BlobView::piece(std::uint64_t offset, std::uint64_t limit) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).piece(offset, limit);
  });
}

BlobChunks BlobView::chunks(std::uint64_t offset, std::uint64_t count) const {
  engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    require_within(view_of(pages, collection), offset, count);
  });
  return BlobChunks(*this, offset, count);
}

BlobChunks BlobView::chunks() const { return BlobChunks(*this, 0, size()); }

void Blob::write(std::uint64_t offset, ByteView bytes) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    blob_of(pages, collection).write(offset, bytes);
  });
}

void Blob::append(ByteView bytes) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    blob_of(pages, collection).append(bytes);
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

void Blob::punch(std::uint64_t offset, std::uint64_t count) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    blob_of(pages, collection).punch(offset, count);
  });
}

BlobChunks::Iterator::Iterator(const BlobView& blob, std::uint64_t offset, std::uint64_t end)
    : blob_(blob), offset_(offset), end_(end), piece_(blob.piece(offset, end - offset)) {}

BlobChunks::Iterator& BlobChunks::Iterator::operator++() {
  offset_ += piece_.size();
  piece_ = blob_.piece(offset_, end_ - offset_);
  return *this;
}

}  // namespace quire
