#include "tests/support/scarce_memory.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace quire::testing {
namespace {

struct State {
  bool is_scarce = false;
  std::uint64_t left = 0;  // calls that succeed
  bool for_ever = false;
  std::uint64_t failures = 0;
};

thread_local State state;

bool must_fail() noexcept {
  if (!state.is_scarce) return false;
  if (state.left > 0) {
    --state.left;
    return false;
  }
  if (!state.for_ever && state.failures > 0) return false;
  ++state.failures;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (must_fail()) return nullptr;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

ScarceMemory::ScarceMemory(std::uint64_t first, Failing failing) noexcept {
  state = {true, first, failing == Failing::for_ever, 0};
}
ScarceMemory::~ScarceMemory() { state.is_scarce = false; }
std::uint64_t ScarceMemory::failures() noexcept { return state.failures; }

MemoryShelter::MemoryShelter() noexcept : was_scarce_(state.is_scarce) { state.is_scarce = false; }
MemoryShelter::~MemoryShelter() { state.is_scarce = was_scarce_; }

}  // namespace quire::testing

using quire::testing::allocate;
using quire::testing::allocate_or_throw;

void* operator new(std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
