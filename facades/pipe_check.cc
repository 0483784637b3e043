#include <optional>
#include <string>
#include <utility>

#include <quire/error.h>
#include <quire/pipe.h>

#include "facades/block_reader.h"
#include "facades/stored_pipe.h"

namespace quire {

namespace {

using facades::StoredBlock;
using facades::StoredPipe;

/// The laws of a pipe, block by block in their order. What makes a block unreadable is a problem of
/// that block, and the others are still looked at.
class PipeCheck {
 public:
  PipeCheck(std::shared_ptr<const StoredPipe> pipe, CheckSink& sink)
      : pipe_(std::move(pipe)), sink_(sink) {}

  void run() {
    const std::uint64_t blocks = pipe_->order.size();
    for (std::uint64_t index = 0; index < blocks; ++index) {
      try_to([&] { check_block(index); });
    }
    // Each block has been found under its key, so as many keys are those keys.
    if (const std::uint64_t keys = pipe_->keys.size(); keys != blocks) {
      sink_.problem(std::to_string(blocks) + " blocks, but " + std::to_string(keys) + " keys");
    }
    try_to([&] { check_state(); });
    try_to([&] { pipe_->unpacking_dictionary(); });
  }

 private:
  template <class Fn>
  void try_to(const Fn& fn) {
    try {
      fn();
    } catch (const CorruptionError& error) {
      sink_.problem(error.finding());
    } catch (const InvalidArgument& error) {  // a pair that memory does not hold
      sink_.problem(std::string(error.message()));
    }
  }

  void check_block(std::uint64_t index) {
    const auto block = std::make_shared<const StoredBlock>(
        pipe_->block_of(pipe_->order.at(index), index, least_id_));
    least_id_ = block->entry.id + 1;
    if (block->entry.offset < end_) {
      sink_.problem(block->name() + ": begins at " + std::to_string(block->entry.offset) +
                    ", within the one before it, which ends at " + std::to_string(end_));
    }
    end_ = block->entry.offset + block->entry.stored_bytes;
    check_key(*block, index);
    if (sink_.deep()) read(block);
  }

  void check_key(const StoredBlock& block, std::uint64_t index) {
    const auto found = pipe_->index_of(block.key);
    if (found == index) return;
    sink_.problem(block.name() + ": its key leads to " +
                  (found ? "block number " + std::to_string(*found) : "no block"));
  }

  void read(const std::shared_ptr<const StoredBlock>& block) {
    facades::BlockReader reader(pipe_, block);
    while (reader.next()) {
    }
  }

  void check_state() {
    const std::uint64_t next = pipe_->state().next_id;
    if (next < least_id_) {
      sink_.problem("the next block would have id " + std::to_string(next) + ", the last one has " +
                    std::to_string(least_id_ - 1));
    }
  }

  std::shared_ptr<const StoredPipe> pipe_;
  CheckSink& sink_;
  std::uint64_t least_id_ = 0;  // of the block to come
  std::uint64_t end_ = 0;       // of the block before, in `content`
};

}  // namespace

void Pipe::check(const PipeView& pipe, CheckSink& sink) {
  PipeCheck(pipe.stored_.shared(), sink).run();
}

}  // namespace quire
