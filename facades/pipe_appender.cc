#include "facades/pipe_appender.h"

#include <limits>
#include <utility>

namespace quire::facades {

namespace {

constexpr std::size_t kStepBytes = std::size_t{64} << 10;

void require_length(const StoredPipe& pipe, const char* what, ByteView bytes) {
  if (bytes.size() <= std::numeric_limits<std::uint32_t>::max()) return;
  fail(pipe.scope,
       InvalidArgument("a " + std::string(what) + " of " + std::to_string(bytes.size()) +
                       " bytes; the longest is one byte less than 4 GiB, so put "
                       "it into the block in parts"));
}

void require_new_id(const StoredPipe& pipe, std::uint64_t id) {
  const std::uint64_t blocks = pipe.order.size();
  const std::uint64_t least = blocks == 0 ? 0 : pipe.at(blocks - 1).entry.id + 1;
  if (id >= least && id < std::numeric_limits<std::uint64_t>::max()) return;
  pipe.throw_damage("child 'state'", "next_id", "at least " + std::to_string(least),
                    std::to_string(id));
}

}  // namespace

PipeAppender::PipeAppender(std::shared_ptr<WritablePipe> pipe, ByteView key)
    : pipe_(std::move(pipe)), key_(key.str()), rollbacks_(pipe_->scope.rollbacks()) {
  PipeState state = pipe_->state();
  require_new_id(*pipe_, state.next_id);
  pipe_->cut_tail();
  entry_.id = state.next_id;
  entry_.offset = pipe_->content.size();
  state.writing_commit = pipe_->scope.seq() + 1;
  state.writing_rollbacks = rollbacks_;
  pipe_->set_state(state);
}

PipeAppender::~PipeAppender() {
  if (is_finished_) return;
  try {
    take_back();
  } catch (...) {
    // The transaction has ended, or can only be rolled back, or goes on with a tail.
  }
}

void PipeAppender::take_back() {
  if (pipe_->scope.rollbacks() != rollbacks_) return;
  pipe_->cut_tail();
  pipe_->set_state({entry_.id, 0, 0});
}

void PipeAppender::require_usable() const {
  require_no_rollback(pipe_->scope, rollbacks_, [&] {
    return "while block " + shown_key(key_) + " was being written; begin the block again";
  });
  if (!is_usable_) {
    fail(pipe_->scope,
         InvalidArgument("an error has stopped the writing of block " + shown_key(key_) +
                         "; destroy the writer, and begin the block again"));
  }
}

void PipeAppender::append(ByteView key, ByteView value) {
  require_usable();
  require_length(*pipe_, "key", key);
  require_length(*pipe_, "value", value);
  is_usable_ = false;
  add_length(static_cast<std::uint32_t>(key.size()));
  add(key);
  add_length(static_cast<std::uint32_t>(value.size()));
  add(value);
  entry_.raw_bytes = entry_.raw_bytes + kPairBytes + key.size() + value.size();
  entry_.pairs = entry_.pairs + 1;
  is_usable_ = true;
}

void PipeAppender::finish() {
  require_usable();
  is_usable_ = false;
  put_last();
  pipe_->changing_order.push_back(format_bytes(entry_).str() + key_);
  pipe_->changing_keys.put(key_, format_bytes(PipeKeyEntry{entry_.id}));
  pipe_->set_state({entry_.id + 1, 0, 0});
  is_finished_ = true;
}

void PipeAppender::add_length(std::uint32_t length) {
  pending_ += format_bytes(PipeLength(length)).text();
}

void PipeAppender::add(ByteView bytes) {
  if (bytes.size() >= kStepBytes) {
    flush();
    return put(bytes);  // without a copy
  }
  pending_ += bytes.text();
  if (pending_.size() >= kStepBytes) flush();
}

void PipeAppender::flush() {
  if (pending_.empty()) return;
  put(pending_);
  pending_.clear();
}

void PipeAppender::put(ByteView raw) {
  const int level = pipe_->settings.level();
  if (level == 0) return write(raw);
  if (!packer_) packer_.emplace(level, pipe_->packing_dictionary());
  packer_->put(raw, [this](ByteView packed) { write(packed); });
}

/// A block that was never flushed is packed as a whole, and stored as it is if that is no gain.
void PipeAppender::put_last() {
  const int level = pipe_->settings.level();
  if (level == 0 || (!packer_ && pending_.empty())) return write(pending_);
  if (packer_) {
    packer_->finish(pending_, [this](ByteView packed) { write(packed); });
  } else {
    std::string packed;
    ZstdPacker(level, pipe_->packing_dictionary()).finish(pending_, [&](ByteView part) {
      packed += part.text();
    });
    if (packed.size() >= pending_.size()) return write(pending_);
    write(packed);
  }
  entry_.form = static_cast<std::uint8_t>(BlockForm::zstd);
}

void PipeAppender::write(ByteView stored) {
  if (stored.empty()) return;
  pipe_->changing_content.write(entry_.offset + entry_.stored_bytes, stored);
  entry_.stored_bytes = entry_.stored_bytes + stored.size();
}

}  // namespace quire::facades
