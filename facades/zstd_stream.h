#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <quire/bytes.h>

#include "facades/zstd_dictionary.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace quire::facades {

/// The least and the greatest level that zstd knows.
int least_level() noexcept;
int greatest_level() noexcept;

/// Makes one zstd frame of bytes that come in parts. Its window is at most 2^kMaxWindowLog. One
/// thread at a time; takes 2 MiB at level 3, some 100 at the greatest one. std::bad_alloc, after
/// which it can only be destroyed.
class ZstdPacker {
 public:
  /// Takes what is packed, which ends with the call.
  using Sink = std::function<void(ByteView)>;

  /// `dictionary`, which has a level of its own, or nullptr.
  ZstdPacker(int level, std::shared_ptr<const PackingDictionary> dictionary);
  ~ZstdPacker();
  ZstdPacker(const ZstdPacker&) = delete;
  ZstdPacker& operator=(const ZstdPacker&) = delete;

  /// Adds bytes to the frame.
  void put(ByteView raw, const Sink& sink);
  /// Adds the last ones, and ends it. Where they are the only ones, the frame says how many.
  void finish(ByteView raw, const Sink& sink);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  using Context = std::unique_ptr<ZSTD_CCtx_s, Free>;
  static thread_local Context spare_;  // slow to make

  void drive(ByteView raw, bool is_last, const Sink& sink);

  std::shared_ptr<const PackingDictionary> dictionary_;
  Context context_;
  std::vector<std::byte> packed_;
};

/// Reads one zstd frame in parts of any size. Nothing in the frame makes it take more memory than a
/// window of 2^kMaxWindowLog. One thread at a time.
class ZstdUnpacker {
 public:
  /// `dictionary` may be nullptr.
  explicit ZstdUnpacker(std::shared_ptr<const UnpackingDictionary> dictionary);
  ~ZstdUnpacker();
  ZstdUnpacker(const ZstdUnpacker&) = delete;
  ZstdUnpacker& operator=(const ZstdUnpacker&) = delete;

  struct Step {
    std::size_t consumed = 0;  // of the packed bytes
    std::size_t produced = 0;
    bool is_end = false;  // of the frame: no further step

    friend bool operator==(const Step&, const Step&) = default;
  };
  /// Unpacks what there is room for. Nothing if the bytes are not those of a frame, or of one that
  /// needs another dictionary or too large a window: problem() says which. std::bad_alloc.
  std::optional<Step> step(ByteView packed, std::span<std::byte> out);
  /// In zstd's words.
  std::string_view problem() const noexcept { return problem_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  using Context = std::unique_ptr<ZSTD_DCtx_s, Free>;
  static thread_local Context spare_;

  std::shared_ptr<const UnpackingDictionary> dictionary_;
  Context context_;
  std::string_view problem_;
};

}  // namespace quire::facades
