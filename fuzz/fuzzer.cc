// The entry points that libFuzzer calls, for the target that QUIRE_FUZZ_TARGET names.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/checksum.h"
#include "fuzz/accepted_images.h"
#include "fuzz/image.h"
#include "fuzz/mutator.h"
#include "fuzz/tally.h"
#include "fuzz/target.h"

namespace quire::fuzz {
namespace {

AcceptedImages& accepted_images() {
  static AcceptedImages images;
  return images;
}

std::uint64_t name_of(ByteView input) { return checksum64(input, 0); }

ByteView view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// The size of the new input; that of nothing new, `size`, if there is no room for it.
std::size_t give_back(const Image& image, std::uint8_t* data, std::size_t size,
                      std::size_t max_size) {
  const Bytes bytes = encode_image(image);
  if (bytes.size() > max_size) return size;
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace
}  // namespace quire::fuzz

using namespace quire::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Image image = decode_image(view(data, size));
  const Reached reached = QUIRE_FUZZ_TARGET(image);
  Tally::of_process().count(reached);
  if (reached == Reached::refused) {
    accepted_images().refuse(name_of(view(data, size)));
  } else {
    accepted_images().accept(std::move(image));
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  Image image = decode_image(view(data, size));
  accepted_images().replace_refused(name_of(view(data, size)), image, seed);
  Mutator(seed).mutate(image);
  return give_back(image, data, size, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data, std::size_t size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t max_size,
                                                 unsigned int seed) {
  Image image = decode_image(view(data, size));
  accepted_images().replace_refused(name_of(view(data, size)), image, seed);
  Mutator(seed).splice(image, decode_image(view(other, other_size)));
  return give_back(image, out, 0, max_size);
}
