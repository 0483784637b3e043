#include "facades/partd_buffer.h"

#include <vector>

#include <quire/hash.h>

#include "facades/partd_format.h"
#include "facades/partd_options.h"
#include "facades/partd_values.h"

namespace quire::facades {

namespace {

// Of an entry, besides the characters of key and value: two strings, a node, its place in the table.
constexpr std::size_t kEntryMemory = 2 * sizeof(std::string) + 4 * sizeof(void*);

}  // namespace

std::size_t PartdBuffer::memory_of(const Values::value_type& entry) noexcept {
  return kEntryMemory + entry.first.capacity() + entry.second.capacity();
}

PartdBuffer::Extension PartdBuffer::extend(ByteView key, ByteView bytes) {
  const auto found = values_.find(key.text());
  if (found == values_.end()) {
    auto& made = *values_.try_emplace(key.str(), bytes.str()).first;
    memory_ += memory_of(made);
    return {&made, 0, true};
  }
  const std::size_t former_size = found->second.size();
  const std::size_t former_memory = memory_of(*found);
  found->second += bytes.text();
  memory_ += memory_of(*found) - former_memory;
  return {&*found, former_size, false};
}

void PartdBuffer::take_back(const Extension& extension) noexcept {
  if (extension.made) {
    erase(extension.entry->first);
  } else {
    extension.entry->second.resize(extension.former_size);  // shorter: takes no memory
  }
}

void PartdBuffer::append(ByteView key, ByteView bytes) { extend(key, bytes); }

void PartdBuffer::append(const detail::PartdBatch& batch) {
  std::vector<Extension> done;
  done.reserve(batch.size());
  try {
    batch.for_each([&](ByteView key, ByteView bytes) { done.push_back(extend(key, bytes)); });
  } catch (...) {
    for (auto last = done.rbegin(); last != done.rend(); ++last) take_back(*last);
    throw;
  }
}

const std::string* PartdBuffer::find(ByteView key) const {
  const auto found = values_.find(key.text());
  return found == values_.end() ? nullptr : &found->second;
}

bool PartdBuffer::erase(ByteView key) {
  const auto found = values_.find(key.text());
  if (found == values_.end()) return false;
  memory_ -= memory_of(*found);
  values_.erase(found);
  return true;
}

void PartdBuffer::clear() noexcept {
  values_.clear();
  memory_ = 0;
}

void PartdBuffer::flush(WriteScope& scope) {
  const Codec codec = decode_partd_options(scope.options()).codec;
  auto data = scope.child<Hash>(kPartdData);
  for (const auto& [key, value] : values_) {
    if (codec == Codec::none) {
      data.append(key, value);
    } else {
      data.append(key, pack_value(codec, value));
    }
  }
}

}  // namespace quire::facades
