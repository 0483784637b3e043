#include "facades/partd_values.h"

#include <algorithm>
#include <optional>

#include <quire/error.h>

#include "facades/codecs.h"
#include "facades/failure.h"
#include "facades/format_bytes.h"
#include "facades/partd_format.h"

namespace quire::facades {

namespace {

void append_frame(std::string& out, Codec codec, std::size_t raw_size, ByteView packed) {
  const PartdFrame frame{static_cast<std::uint32_t>(raw_size),
                         static_cast<std::uint32_t>(packed.size()) |
                             static_cast<std::uint32_t>(codec) << kFrameCodecShift};
  out += format_bytes(frame).text();
  out += packed.text();
}

void pack_frame(std::string& out, Codec codec, ByteView raw) {
  std::string packed = compress(codec, raw);
  if (packed.size() * kMostExpansion < raw.size()) {
    codec = Codec::lz4;
    packed = compress(codec, raw);
  }
  if (packed.size() < raw.size()) {
    append_frame(out, codec, raw.size(), packed);
  } else {
    append_frame(out, Codec::none, raw.size(), raw);
  }
}

/// The frames of a stored value, one after the other; each header is checked before it is used.
class Frames {
 public:
  struct Frame {
    Codec codec;
    std::uint32_t raw_size;
    ByteView packed;
  };

  explicit Frames(const StoredValue& value) : value_(value) {}

  /// Nothing at the end.
  std::optional<Frame> next() {
    at_ = end_;
    const ByteView rest = value_.bytes.sub(at_);
    if (rest.empty()) return std::nullopt;
    if (rest.size() < sizeof(PartdFrame)) {
      wrong("frame", std::to_string(sizeof(PartdFrame)) + " bytes", rest.size());
    }
    const auto header = read_format<PartdFrame>(rest.data());
    const Frame frame{static_cast<Codec>(header.coded_length >> kFrameCodecShift), header.raw_size,
                      rest.sub(sizeof header, header.coded_length & kFrameLengthMask)};
    check(header, frame);
    end_ = at_ + sizeof header + frame.packed.size();
    return frame;
  }

  /// CorruptionError of the frame that next() was called for.
  [[noreturn]] void wrong(const char* field, const std::string& expected,
                          std::uint64_t found) const {
    wrong(field, expected, std::to_string(found));
  }
  [[noreturn]] void wrong(const char* field, const std::string& expected,
                          const std::string& found) const {
    throw CorruptionError(value_of(value_.key) + ", frame at byte " + std::to_string(at_), field,
                          expected, found);
  }

 private:
  void check(const PartdFrame& header, const Frame& frame) const {
    if (!codec_name(frame.codec)) {
      wrong("codec", "a known one", header.coded_length >> kFrameCodecShift);
    }
    const std::uint32_t length = header.coded_length & kFrameLengthMask;
    if (frame.packed.size() != length) {
      wrong("length", "at most " + std::to_string(frame.packed.size()), length);
    }
    const std::uint64_t most =
        std::min(kMostFrameBytes, frame.codec == Codec::none ? length : length * kMostExpansion);
    const std::uint64_t least = frame.codec == Codec::none ? length : length + 1;
    if (frame.raw_size == 0 || frame.raw_size < least || frame.raw_size > most) {
      wrong("raw_size", "from " + std::to_string(least) + " to " + std::to_string(most),
            frame.raw_size);
    }
  }

  const StoredValue& value_;
  std::size_t at_ = 0;  // the frame that next() was called for
  std::size_t end_ = 0;
};

/// Calls `fn(raw bytes)` for each frame.
template <class Fn>
void for_each_unpacked(const StoredValue& value, Fn&& fn) {
  Frames frames(value);
  while (const auto frame = frames.next()) {
    const auto raw = decompress(frame->codec, frame->packed, frame->raw_size);
    if (!raw) frames.wrong("bytes", "a piece that unpacks to raw_size", "damage");
    fn(*raw);
  }
}

}  // namespace

std::string pack_value(Codec codec, ByteView raw) {
  if (codec == Codec::none) return raw.str();
  std::string frames;
  for (std::size_t at = 0; at < raw.size(); at += kMostFrameBytes) {
    pack_frame(frames, codec, raw.sub(at, kMostFrameBytes));
  }
  return frames;
}

std::uint64_t unpacked_size(const StoredValue& value) {
  if (value.codec == Codec::none) return value.bytes.size();
  std::uint64_t size = 0;
  Frames frames(value);
  while (const auto frame = frames.next()) size += frame->raw_size;
  return size;
}

void unpack_value(const StoredValue& value, std::string& out) {
  if (value.codec == Codec::none) {
    out += value.bytes.text();
  } else {
    for_each_unpacked(value, [&](const std::string& raw) { out += raw; });
  }
}

void verify_value(const StoredValue& value) {
  if (value.codec != Codec::none) for_each_unpacked(value, [](const std::string&) {});
}

std::string value_of(ByteView key) { return "value of key " + shown_key(key); }

}  // namespace quire::facades
