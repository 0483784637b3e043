#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <quire/bytes.h>

struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace quire::facades {

/// The largest window that is written, and that is accepted when reading: what a reader needs in
/// memory for one stream.
inline constexpr int kMaxWindowLog = 23;
inline constexpr std::size_t kMaxDictionaryBytes = std::size_t{1} << kMaxWindowLog;

/// A dictionary made ready for compressing at one level; costs milliseconds and some times its size
/// in memory. Immutable: any number of streams, in any threads, may use it at once.
class PackingDictionary {
 public:
  /// nullptr if zstd cannot use the bytes: they look like a trained dictionary and are damaged.
  static std::shared_ptr<const PackingDictionary> make(ByteView bytes, int level);

  const ZSTD_CDict_s* get() const noexcept { return dictionary_.get(); }

 private:
  struct Free {
    void operator()(ZSTD_CDict_s* dictionary) const noexcept;
  };
  std::unique_ptr<ZSTD_CDict_s, Free> dictionary_;
};

/// The same for decompressing.
class UnpackingDictionary {
 public:
  /// nullptr as above.
  static std::shared_ptr<const UnpackingDictionary> make(ByteView bytes);

  const ZSTD_DDict_s* get() const noexcept { return dictionary_.get(); }

 private:
  struct Free {
    void operator()(ZSTD_DDict_s* dictionary) const noexcept;
  };
  std::unique_ptr<ZSTD_DDict_s, Free> dictionary_;
};

/// A dictionary of at most `size` bytes of what the samples have in common. InvalidArgument, with
/// zstd's reason, if it cannot make one. Any thread; takes the samples' memory once more.
std::vector<std::byte> train_dictionary(std::span<const ByteView> samples, std::size_t size);

}  // namespace quire::facades
