#include "facades/zstd_stream.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <new>
#include <utility>

namespace quire::facades {

namespace {

// Contexts above this are not kept: at high levels they have large tables.
constexpr std::size_t kMostSpareBytes = std::size_t{8} << 20;

/// From here on zstd's own window is larger than what readers take.
constexpr int kFirstLevelOfLargerWindows = 20;

/// What can fail here is memory: levels and dictionaries are checked before.
std::size_t require_memory(std::size_t result) {
  if (ZSTD_isError(result) != 0) throw std::bad_alloc();
  return result;
}

}  // namespace

int least_level() noexcept { return ZSTD_minCLevel(); }
int greatest_level() noexcept { return ZSTD_maxCLevel(); }

// ---- packing

thread_local ZstdPacker::Context ZstdPacker::spare_;

void ZstdPacker::Free::operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }

ZstdPacker::ZstdPacker(int level, std::shared_ptr<const PackingDictionary> dictionary)
    : dictionary_(std::move(dictionary)), context_(std::move(spare_)) {
  if (!context_) context_.reset(ZSTD_createCCtx());
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx& context = *context_;
  require_memory(ZSTD_CCtx_reset(&context, ZSTD_reset_session_and_parameters));
  require_memory(ZSTD_CCtx_setParameter(&context, ZSTD_c_compressionLevel, level));
  if (level >= kFirstLevelOfLargerWindows) {
    require_memory(ZSTD_CCtx_setParameter(&context, ZSTD_c_windowLog, kMaxWindowLog));
  }
  if (dictionary_) require_memory(ZSTD_CCtx_refCDict(&context, dictionary_->get()));
}

ZstdPacker::~ZstdPacker() = default;

void ZstdPacker::put(ByteView raw, const Sink& sink) { drive(raw, false, sink); }

void ZstdPacker::finish(ByteView raw, const Sink& sink) {
  drive(raw, true, sink);
  if (ZSTD_sizeof_CCtx(context_.get()) <= kMostSpareBytes) spare_ = std::move(context_);
}

void ZstdPacker::drive(ByteView raw, bool is_last, const Sink& sink) {
  const std::size_t room = std::min(ZSTD_compressBound(raw.size()), ZSTD_CStreamOutSize());
  if (packed_.size() < room) packed_.resize(room);
  ZSTD_inBuffer in{raw.data(), raw.size(), 0};
  bool is_done = false;
  while (!is_done) {
    ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
    const std::size_t left = require_memory(
        ZSTD_compressStream2(context_.get(), &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue));
    if (out.pos > 0) sink(ByteView(packed_.data(), out.pos));
    is_done = is_last ? left == 0 : in.pos == in.size;
  }
}

// ---- unpacking

thread_local ZstdUnpacker::Context ZstdUnpacker::spare_;

void ZstdUnpacker::Free::operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }

ZstdUnpacker::ZstdUnpacker(std::shared_ptr<const UnpackingDictionary> dictionary)
    : dictionary_(std::move(dictionary)), context_(std::move(spare_)) {
  if (!context_) context_.reset(ZSTD_createDCtx());
  if (!context_) throw std::bad_alloc();
  ZSTD_DCtx& context = *context_;
  require_memory(ZSTD_DCtx_reset(&context, ZSTD_reset_session_and_parameters));
  require_memory(ZSTD_DCtx_setParameter(&context, ZSTD_d_windowLogMax, kMaxWindowLog));
  if (dictionary_) require_memory(ZSTD_DCtx_refDDict(&context, dictionary_->get()));
}

ZstdUnpacker::~ZstdUnpacker() = default;

std::optional<ZstdUnpacker::Step> ZstdUnpacker::step(ByteView packed, std::span<std::byte> out) {
  ZSTD_inBuffer from{packed.data(), packed.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  const std::size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
  if (ZSTD_isError(left) != 0) {
    if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    problem_ = ZSTD_getErrorName(left);
    return std::nullopt;
  }
  const bool is_end = left == 0;
  if (is_end && ZSTD_sizeof_DCtx(context_.get()) <= kMostSpareBytes) spare_ = std::move(context_);
  return Step{from.pos, to.pos, is_end};
}

}  // namespace quire::facades
