#include "fuzz/image.h"

#include <algorithm>
#include <cstring>

#include "base/endian.h"

namespace quire::fuzz {
namespace {

/// Fewer zeros than this are not worth a piece of their own.
constexpr std::size_t kLeastGap = 16;

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

bool all_zero(const Bytes& file, std::size_t at, std::size_t count) {
  for (std::size_t i = at; i < at + count; ++i) {
    if (file[i] != std::byte{0}) return false;
  }
  return true;
}

std::size_t end_of_zeros(const Bytes& file, std::size_t at) {
  while (at < file.size() && file[at] == std::byte{0}) ++at;
  return at;
}

/// Where the literal bytes from `at` on end: before the next gap, or at the end.
std::size_t end_of_literals(const Bytes& file, std::size_t at) {
  while (at < file.size() &&
         !(file[at] == std::byte{0} && all_zero(file, at, std::min(kLeastGap, file.size() - at)))) {
    ++at;
  }
  return at;
}

void encode_file(std::uint32_t number, const Bytes& file, Bytes& out) {
  const std::size_t header_at = out.size();
  add(out, FileHeader{number, static_cast<std::uint32_t>(file.size()), 0u});
  std::uint32_t pieces = 0;
  for (std::size_t at = 0; at < file.size(); ++pieces) {
    const std::size_t begin = end_of_zeros(file, at);
    if (begin == file.size()) break;
    const std::size_t end = end_of_literals(file, begin);
    add(out, PieceHeader{static_cast<std::uint32_t>(begin - at),
                         static_cast<std::uint32_t>(end - begin)});
    out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(begin),
               file.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  const Le32 count = pieces;
  std::memcpy(&out[header_at + offsetof(FileHeader, pieces)], &count, sizeof count);
}

}  // namespace

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
