#include "facades/zstd_dictionary.h"

#include <zdict.h>
#include <zstd.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include <quire/error.h>

namespace quire::facades {

namespace {

/// zstd says no more than that it has failed. With memory, it takes all bytes that do not begin like
/// this.
bool looks_trained(ByteView bytes) {
  std::uint32_t magic = 0;
  if (bytes.size() < sizeof magic) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == ZSTD_MAGIC_DICTIONARY;
}

/// `made`, unless there was no memory for it; nullptr if the dictionary is damaged.
template <class Dictionary>
Dictionary* made_of(ByteView bytes, Dictionary* made) {
  if (made == nullptr && !looks_trained(bytes)) throw std::bad_alloc();
  return made;
}

}  // namespace

void PackingDictionary::Free::operator()(ZSTD_CDict* dictionary) const noexcept {
  ZSTD_freeCDict(dictionary);
}

void UnpackingDictionary::Free::operator()(ZSTD_DDict* dictionary) const noexcept {
  ZSTD_freeDDict(dictionary);
}

std::shared_ptr<const PackingDictionary> PackingDictionary::make(ByteView bytes, int level) {
  auto made = std::make_shared<PackingDictionary>();
  made->dictionary_.reset(made_of(bytes, ZSTD_createCDict(bytes.data(), bytes.size(), level)));
  return made->dictionary_ ? made : nullptr;
}

std::shared_ptr<const UnpackingDictionary> UnpackingDictionary::make(ByteView bytes) {
  auto made = std::make_shared<UnpackingDictionary>();
  made->dictionary_.reset(made_of(bytes, ZSTD_createDDict(bytes.data(), bytes.size())));
  return made->dictionary_ ? made : nullptr;
}

std::vector<std::byte> train_dictionary(std::span<const ByteView> samples, std::size_t size) {
  if (size > kMaxDictionaryBytes) {
    throw InvalidArgument("a dictionary of " + std::to_string(size) + " bytes; at most " +
                          std::to_string(kMaxDictionaryBytes) + " are possible");
  }
  if (samples.size() > std::numeric_limits<unsigned>::max()) {
    throw InvalidArgument(std::to_string(samples.size()) +
                          " samples for a dictionary; choose some thousands of them");
  }
  std::vector<std::size_t> sizes;
  std::vector<std::byte> bytes;  // zstd wants them one behind the other
  for (const ByteView sample : samples) {
    sizes.push_back(sample.size());
    bytes.insert(bytes.end(), sample.begin(), sample.end());
  }
  std::vector<std::byte> dictionary(size);
  const std::size_t used = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), bytes.data(),
                                                 sizes.data(), static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(used) != 0) {
    throw InvalidArgument("zstd cannot make a dictionary of " + std::to_string(size) +
                          " bytes from " + std::to_string(samples.size()) + " samples of " +
                          std::to_string(bytes.size()) + " bytes: " + ZDICT_getErrorName(used) +
                          "; give it more samples, together some 100 times the dictionary");
  }
  dictionary.resize(used);
  return dictionary;
}

}  // namespace quire::facades
