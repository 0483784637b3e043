#include "fuzz/image.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/endian.h"

namespace quire::fuzz {
namespace {

/// Zeros are left out so many at a time: fewer are not worth a piece of their own.
constexpr std::size_t kUnit = 16;

struct FileHeader {
  Le32 number;
  Le32 bytes;
  Le32 pieces;
};

struct PieceHeader {
  Le32 zeros;
  Le32 literals;
};

/// The next struct of `input`; nothing but zeros if it is not there as a whole.
template <class Format>
Format take(ByteView& input) {
  Format format{};
  if (input.size() >= sizeof format) std::memcpy(&format, input.data(), sizeof format);
  input = input.sub(sizeof format);
  return format;
}

template <class Format>
void add(Bytes& out, const Format& format) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&format);
  out.insert(out.end(), bytes, bytes + sizeof format);
}

void decode_file(ByteView& input, std::uint32_t pieces, Bytes& file) {
  std::size_t at = 0;
  for (; pieces > 0 && !input.empty() && at < file.size(); --pieces) {
    const PieceHeader piece = take<PieceHeader>(input);
    at += std::min<std::size_t>(piece.zeros, file.size() - at);
    const ByteView literals = input.sub(0, piece.literals);
    const std::size_t fits = std::min(literals.size(), file.size() - at);
    std::copy_n(literals.begin(), fits, file.begin() + static_cast<std::ptrdiff_t>(at));
    at += fits;
    input = input.sub(literals.size());
  }
}

bool is_zero(const Bytes& file, std::size_t unit) {
  static constexpr std::array<std::byte, kUnit> kZeros{};
  const std::size_t at = unit * kUnit;
  return std::memcmp(&file[at], kZeros.data(), std::min(kUnit, file.size() - at)) == 0;
}

/// The first unit from `unit` on that is zero, or is not; `units` if there is none.
std::size_t find(const Bytes& file, std::size_t unit, std::size_t units, bool zero) {
  while (unit < units && is_zero(file, unit) != zero) ++unit;
  return unit;
}

void encode_file(std::uint32_t number, const Bytes& file, Bytes& out) {
  const std::size_t header_at = out.size();
  add(out, FileHeader{number, static_cast<std::uint32_t>(file.size()), 0u});
  std::uint32_t pieces = 0;
  const std::size_t units = (file.size() + kUnit - 1) / kUnit;
  for (std::size_t unit = 0;; ++pieces) {
    const std::size_t begin = find(file, unit, units, false);
    if (begin == units) break;
    const std::size_t end = find(file, begin, units, true);
    const ByteView literals = ByteView(file).sub(begin * kUnit, (end - begin) * kUnit);
    add(out, PieceHeader{static_cast<std::uint32_t>((begin - unit) * kUnit),
                         static_cast<std::uint32_t>(literals.size())});
    out.insert(out.end(), literals.begin(), literals.end());
    unit = end;
  }
  const Le32 count = pieces;
  std::memcpy(&out[header_at + offsetof(FileHeader, pieces)], &count, sizeof count);
}

}  // namespace

bool operator==(const Image& a, const Image& b) noexcept {
  // As ByteViews, whose bytes are compared many at a time.
  const auto equal = [](const auto& x, const auto& y) {
    return x.first == y.first && ByteView(x.second) == ByteView(y.second);
  };
  return ByteView(a.database) == ByteView(b.database) &&
         std::equal(a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
                    equal);
}

Image decode_image(ByteView input) {
  Image image;
  while (input.size() >= sizeof(FileHeader)) {
    const FileHeader header = take<FileHeader>(input);
    const bool is_database = header.number == 0;
    if (!is_database && image.segments.size() == Image::kMostSegments) break;
    const std::size_t most = is_database ? Image::kMostDatabaseBytes : Image::kMostSegmentBytes;
    Bytes& file = is_database ? image.database : image.segments[header.number];
    file.assign(std::min<std::size_t>(header.bytes, most), std::byte{0});
    decode_file(input, header.pieces, file);
  }
  return image;
}

Bytes encode_image(const Image& image) {
  Bytes out;
  encode_file(0, image.database, out);
  for (const auto& [number, segment] : image.segments) encode_file(number, segment, out);
  return out;
}

}  // namespace quire::fuzz
