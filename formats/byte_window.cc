#include "formats/byte_window.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace quire::formats {

namespace {

constexpr std::size_t kWindowBytes = std::size_t{64} << 10;

uInt as_zlib_count(std::size_t count) {
  return static_cast<uInt>(std::min<std::size_t>(count, std::numeric_limits<uInt>::max()));
}

}  // namespace

std::size_t FileBytes::read(std::span<std::byte> out) {
  const std::size_t count = std::min<std::uint64_t>(out.size(), end_ - offset_);
  if (count > 0) file_.read(offset_, out.first(count));
  offset_ += count;
  return count;
}

// ---- zlib

void InflatedBytes::End::operator()(z_stream* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

InflatedBytes::InflatedBytes(ForeignFile& file, std::uint64_t begin, std::uint64_t end)
    : file_(file), begin_(begin), packed_(file, begin, end), has_ended_(begin == end) {
  auto stream = std::make_unique<z_stream>();
  if (inflateInit(stream.get()) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
  buffer_ = std::make_unique_for_overwrite<std::byte[]>(kStepBytes);
}

InflatedBytes::~InflatedBytes() = default;

void InflatedBytes::refill() {
  if (stream_->avail_in > 0) return;
  stream_->next_in = reinterpret_cast<Bytef*>(buffer_.get());
  stream_->avail_in = as_zlib_count(packed_.read({buffer_.get(), kStepBytes}));
}

std::size_t InflatedBytes::read(std::span<std::byte> out) {
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = as_zlib_count(out.size());
  const std::size_t room = stream_->avail_out;
  while (!has_ended_ && stream_->avail_out == room) {
    refill();
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_BUF_ERROR) throw_damage("a whole zlib stream", "one that is cut short");
    if (result != Z_OK && result != Z_STREAM_END) throw_damage("a zlib stream", "other bytes");
    has_ended_ = result == Z_STREAM_END;
  }
  if (has_ended_) {
    refill();
    if (stream_->avail_in > 0) throw_damage("one zlib stream", "more bytes behind it");
  }
  return room - stream_->avail_out;
}

void InflatedBytes::throw_damage(const char* expected, const char* found) const {
  throw file_.error(begin_, "block", expected, found);
}

// ---- the window

bool ByteWindow::has(std::uint64_t count) {
  while (buffered() < count) {
    make_room(count);
    const std::size_t came = source_->read({bytes_.get() + end_, capacity_ - end_});
    if (came == 0) return false;
    end_ += came;
  }
  return true;
}

void ByteWindow::skip(std::size_t count) noexcept {
  begin_ += count;
  position_ += count;
}

/// So that [end_, capacity_) is not empty.
void ByteWindow::make_room(std::uint64_t wanted) {
  if (begin_ > 0) {
    std::memmove(bytes_.get(), front(), buffered());
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ < capacity_) return;
  const std::size_t capacity =
      std::max<std::uint64_t>(kWindowBytes, std::min<std::uint64_t>(wanted, 2 * capacity_));
  auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (end_ > 0) std::memcpy(larger.get(), bytes_.get(), end_);
  bytes_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace quire::formats
