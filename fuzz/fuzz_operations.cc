// The libFuzzer target whose inputs are programs, not images: see operations.h.

#include <cstddef>
#include <cstdint>

#include "fuzz/operations.h"
#include "fuzz/tally.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quire::fuzz;
  const quire::ByteView program(reinterpret_cast<const std::byte*>(data), size);
  Operations operations{Program(program)};
  operations.run();
  Tally::of_process().count(operations.commits() > 0 ? Reached::sound : Reached::opened);
  return 0;
}
