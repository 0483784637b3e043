#include <utility>

#include <quire/pipe.h>

#include "facades/block_reader.h"
#include "facades/stored_pipe.h"

namespace quire {

Block::Block(std::shared_ptr<const facades::StoredPipe> pipe,
             std::shared_ptr<const facades::StoredBlock> stored) noexcept
    : pipe_(std::move(pipe)), stored_(std::move(stored)) {}

ByteView Block::key() const { return stored_->key; }
std::uint64_t Block::size() const { return stored_->entry.pairs; }
std::uint64_t Block::raw_bytes() const { return stored_->entry.raw_bytes; }
std::uint64_t Block::stored_bytes() const { return stored_->entry.stored_bytes; }

std::optional<Value> Block::first(ByteView key) const {
  for (const auto [found, value] : *this) {
    if (found == key) return Value::copy(value);
  }
  return std::nullopt;
}

std::vector<Value> Block::all(ByteView key) const {
  std::vector<Value> values;
  for (const auto [found, value] : *this) {
    if (found == key) values.push_back(Value::copy(value));
  }
  return values;
}

Block::Iterator::Iterator(const Block& block)
    : reader_(
          std::make_shared<facades::BlockReader>(block.pipe_.shared(), block.stored_.shared())) {
  ++*this;
}

Block::Iterator::Iterator(Iterator&&) noexcept = default;
Block::Iterator& Block::Iterator::operator=(Iterator&&) noexcept = default;
Block::Iterator::~Iterator() = default;

Block::Iterator& Block::Iterator::operator++() {
  const auto pair = reader_->next();
  at_end_ = !pair;
  pair_ = pair.value_or(Pair());
  return *this;
}

}  // namespace quire
