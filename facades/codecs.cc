#include "facades/codecs.h"

#include <lz4.h>
#include <snappy.h>
#include <zstd.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include <quire/error.h>

namespace quire::facades {

namespace {

struct FreeCompression {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct FreeDecompression {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

// A context is large, and slow to make: one for each thread.
ZSTD_CCtx& compression() {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeCompression> context(ZSTD_createCCtx());
  if (!context) context.reset(ZSTD_createCCtx());  // there was no memory for it before
  if (!context) throw std::bad_alloc();
  return *context;
}

ZSTD_DCtx& decompression() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeDecompression> context(ZSTD_createDCtx());
  if (!context) context.reset(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

[[noreturn]] void refuse_size(std::string_view codec, std::size_t size) {
  throw InvalidArgument(std::string(codec) + " cannot take " + std::to_string(size) +
                        " bytes at once; put them in parts");
}

std::string compress_zstd(ByteView raw, int level) {
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(&compression(), packed.data(), packed.size(),
                                             raw.data(), raw.size(), level);
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // all else it can complain of is excluded
  packed.resize(size);
  return packed;
}

std::string compress_lz4(ByteView raw) {
  if (raw.size() > LZ4_MAX_INPUT_SIZE) refuse_size("lz4", raw.size());
  const int raw_size = static_cast<int>(raw.size());
  std::string packed(static_cast<std::size_t>(LZ4_compressBound(raw_size)), '\0');
  const int size = LZ4_compress_default(raw.text().data(), packed.data(), raw_size,
                                        static_cast<int>(packed.size()));
  packed.resize(static_cast<std::size_t>(size));
  return packed;
}

std::string compress_snappy(ByteView raw) {
  if (raw.size() > std::numeric_limits<std::uint32_t>::max()) refuse_size("snappy", raw.size());
  std::string packed(snappy::MaxCompressedLength(raw.size()), '\0');
  std::size_t size = 0;
  snappy::RawCompress(raw.text().data(), raw.size(), packed.data(), &size);
  packed.resize(size);
  return packed;
}

bool decompress_lz4(ByteView packed, std::string& raw) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  if (packed.size() > kMost || raw.size() > kMost) return false;
  const int size =
      LZ4_decompress_safe(packed.text().data(), raw.data(), static_cast<int>(packed.size()),
                          static_cast<int>(raw.size()));
  return size >= 0 && static_cast<std::size_t>(size) == raw.size();
}

bool decompress_snappy(ByteView packed, std::string& raw) {
  std::size_t size = 0;
  return snappy::GetUncompressedLength(packed.text().data(), packed.size(), &size) &&
         size == raw.size() &&
         snappy::RawUncompress(packed.text().data(), packed.size(), raw.data());
}

bool decompress_zstd(ByteView packed, std::string& raw) {
  const std::size_t size =
      ZSTD_decompressDCtx(&decompression(), raw.data(), raw.size(), packed.data(), packed.size());
  return ZSTD_isError(size) == 0 && size == raw.size();
}

}  // namespace

std::optional<std::string_view> codec_name(Codec codec) noexcept {
  switch (codec) {
    case Codec::none:
      return "none";
    case Codec::zstd:
      return "zstd";
    case Codec::lz4:
      return "lz4";
    case Codec::snappy:
      return "snappy";
  }
  return std::nullopt;
}

std::string compress(Codec codec, ByteView raw, int level) {
  switch (codec) {
    case Codec::none:
      return raw.str();
    case Codec::zstd:
      return compress_zstd(raw, level);
    case Codec::lz4:
      return compress_lz4(raw);
    case Codec::snappy:
      return compress_snappy(raw);
  }
  throw InvalidArgument("there is no codec number " + std::to_string(static_cast<unsigned>(codec)));
}

std::string compress_checked(ByteView raw, int level) {
  ZSTD_CCtx& context = compression();
  ZSTD_CCtx_reset(&context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(&context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(&context, ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(&context, packed.data(), packed.size(), raw.data(), raw.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // all else it can complain of is excluded
  packed.resize(size);
  return packed;
}

std::optional<std::string> decompress(Codec codec, ByteView packed, std::size_t raw_size) {
  if (codec == Codec::none) {
    return packed.size() == raw_size ? std::optional(packed.str()) : std::nullopt;
  }
  std::string raw(raw_size, '\0');
  bool whole = false;
  if (codec == Codec::zstd) whole = decompress_zstd(packed, raw);
  if (codec == Codec::lz4) whole = decompress_lz4(packed, raw);
  if (codec == Codec::snappy) whole = decompress_snappy(packed, raw);
  return whole ? std::optional(std::move(raw)) : std::nullopt;
}

}  // namespace quire::facades
