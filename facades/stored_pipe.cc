#include "facades/stored_pipe.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "facades/zstd_stream.h"

namespace quire::facades {

namespace {

std::string item_name(std::uint64_t index) {
  return "child 'order', item " + std::to_string(index);
}

std::string bytes_text(std::uint64_t count) { return std::to_string(count) + " bytes"; }

}  // namespace

StoredPipe::StoredPipe(const ReadScope& pipe_scope)
    : scope(pipe_scope),
      settings(read_settings()),
      content(scope.child<Blob>(pipe_child::kContent)),
      order(scope.child<List>(pipe_child::kOrder)),
      keys(scope.child<Hash>(pipe_child::kKeys)),
      state_blob(scope.child<Blob>(pipe_child::kState)) {}

void StoredPipe::throw_damage(std::string where, std::string field, std::string expected,
                              std::string found) const {
  fail(scope,
       CorruptionError(std::move(where), std::move(field), std::move(expected), std::move(found)));
}

PipeSettings StoredPipe::read_settings() const {
  const Value options = scope.options();
  if (options.size() != sizeof(PipeSettings)) {
    throw_damage("options", "length", bytes_text(sizeof(PipeSettings)), bytes_text(options.size()));
  }
  const auto stored = read_format<PipeSettings>(options.data());
  if (stored.version != PipeSettings::kVersion) {
    throw_damage("options", "version",
                 std::to_string(PipeSettings::kVersion) + " (this program knows no other)",
                 std::to_string(stored.version));
  }
  if (stored.level() < least_level() || stored.level() > greatest_level()) {
    throw_damage("options", "compression_level", "one of zstd's", std::to_string(stored.level()));
  }
  if (stored.dictionary_bytes > kMaxDictionaryBytes) {
    throw_damage("options", "dictionary_bytes", "at most " + std::to_string(kMaxDictionaryBytes),
                 std::to_string(stored.dictionary_bytes));
  }
  return stored;
}

// ---- blocks

PipeEntry StoredPipe::entry_of(const Value& item, std::uint64_t index) const {
  if (item.size() >= sizeof(PipeEntry)) return read_format<PipeEntry>(item.data());
  throw_damage(item_name(index), "length", "at least " + bytes_text(sizeof(PipeEntry)),
               bytes_text(item.size()));
}

StoredBlock StoredPipe::block_of(const Value& item, std::uint64_t index,
                                 std::uint64_t least_id) const {
  const PipeEntry entry = entry_of(item, index);
  if (entry.id < least_id) {
    throw_damage(item_name(index), "id", "at least " + std::to_string(least_id),
                 std::to_string(entry.id));
  }
  const std::uint64_t content_bytes = content.size();
  if (entry.offset > content_bytes || entry.stored_bytes > content_bytes - entry.offset) {
    throw_damage(item_name(index), "stored_bytes",
                 "a block within the " + bytes_text(content_bytes) + " of the content",
                 bytes_text(entry.stored_bytes) + " at " + std::to_string(entry.offset));
  }
  if (entry.form > static_cast<std::uint8_t>(BlockForm::zstd)) {
    throw_damage(item_name(index), "form", "0 or 1", std::to_string(entry.form));
  }
  const bool is_raw = entry.form == static_cast<std::uint8_t>(BlockForm::raw);
  if (is_raw ? entry.raw_bytes != entry.stored_bytes
             : entry.raw_bytes / kMostRawPerByte > entry.stored_bytes) {
    throw_damage(item_name(index), "raw_bytes",
                 "what " + bytes_text(entry.stored_bytes) + " can hold",
                 std::to_string(entry.raw_bytes));
  }
  if (entry.pairs > entry.raw_bytes / kPairBytes) {
    throw_damage(item_name(index), "pairs", "what fits into " + bytes_text(entry.raw_bytes),
                 std::to_string(entry.pairs));
  }
  return {entry, Value::copy(item.view().sub(sizeof(PipeEntry))), index, scope.rollbacks()};
}

std::uint64_t StoredPipe::id_at(std::uint64_t index, std::uint64_t least,
                                std::uint64_t most) const {
  const std::uint64_t id = entry_of(order.at(index), index).id;
  if (id >= least && id <= most) return id;
  throw_damage(item_name(index), "id",
               "from " + std::to_string(least) + " to " + std::to_string(most), std::to_string(id));
}

bool StoredPipe::has(const StoredBlock& block) const {
  const auto is_at = [&](std::uint64_t index) {
    return index < order.size() && at(index).entry == block.entry;
  };
  if (is_at(block.index)) return true;  // always, in a snapshot
  const auto index = index_of_id(block.entry.id);
  return index && is_at(*index);
}

std::optional<std::uint64_t> StoredPipe::index_of_id(std::uint64_t id) const {
  const std::uint64_t size = order.size();
  // Ids ascend from 0 on, so no block lies behind the place that its id names, and where none was
  // removed it lies right there.
  std::uint64_t first = 0;
  std::uint64_t end = id < size ? id + 1 : size;
  std::uint64_t least = 0;  // of the ids in [first, end)
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t guess = end - 1; first < end; guess = first + (end - first) / 2) {
    const std::uint64_t found = id_at(guess, least, most);
    if (found == id) return guess;
    if (found < id) {
      first = guess + 1;
      least = found + 1;
    } else {
      end = guess;
      most = found - 1;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> StoredPipe::index_of(ByteView key) const {
  const std::optional<Value> stored = keys.get(key);
  if (!stored) return std::nullopt;
  const std::string where = "child 'keys', key " + shown_key(key);
  if (stored->size() != sizeof(PipeKeyEntry)) {
    throw_damage(where, "length", bytes_text(sizeof(PipeKeyEntry)), bytes_text(stored->size()));
  }
  const std::uint64_t id = read_format<PipeKeyEntry>(stored->data()).id;
  const std::optional<std::uint64_t> index = index_of_id(id);
  if (!index) throw_damage(where, "id", "that of a block", std::to_string(id));
  if (at(*index).key != key) {
    throw_damage(where, "id", "that of the block of this key", std::to_string(id));
  }
  return index;
}

std::uint64_t StoredPipe::end_of_blocks() const {
  const std::uint64_t size = order.size();
  if (size == 0) return 0;
  const PipeEntry last = at(size - 1).entry;
  return last.offset + last.stored_bytes;
}

// ---- what is being written

PipeState StoredPipe::state() const {
  PipeState found;
  const std::uint64_t size = state_blob.size();
  if (size != sizeof found) {
    throw_damage("child 'state'", "length", bytes_text(sizeof found), bytes_text(size));
  }
  state_blob.read(0, std::as_writable_bytes(std::span(&found, 1)));
  return found;
}

bool StoredPipe::is_being_written(const PipeState& now) const {
  return now.writing_commit == scope.seq() + 1 && now.writing_rollbacks == scope.rollbacks();
}

// ---- the dictionary

Value StoredPipe::dictionary() const {
  const BlobView stored = scope.child<Blob>(pipe_child::kDictionary);
  const std::uint64_t size = stored.size();
  if (size != settings.dictionary_bytes) {
    throw_damage("child 'dictionary'", "length", bytes_text(settings.dictionary_bytes),
                 bytes_text(size));
  }
  return stored.view(0, size);
}

std::shared_ptr<const UnpackingDictionary> StoredPipe::unpacking_dictionary() const {
  if (settings.dictionary_bytes == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  if (!unpacking_dictionary_) unpacking_dictionary_ = UnpackingDictionary::make(dictionary());
  if (!unpacking_dictionary_) {
    throw_damage("child 'dictionary'", "content", "a zstd dictionary", "a damaged one");
  }
  return unpacking_dictionary_;
}

WritablePipe::WritablePipe(WriteScope& pipe_scope)
    : StoredPipe(pipe_scope),
      changing_content(pipe_scope.child<Blob>(pipe_child::kContent)),
      changing_order(pipe_scope.child<List>(pipe_child::kOrder)),
      changing_keys(pipe_scope.child<Hash>(pipe_child::kKeys)),
      changing_state(pipe_scope.child<Blob>(pipe_child::kState)) {}

void WritablePipe::cut_tail() {
  const std::uint64_t end = end_of_blocks();
  if (content.size() > end) changing_content.resize(end);
}

std::shared_ptr<const PackingDictionary> WritablePipe::packing_dictionary() {
  if (settings.dictionary_bytes == 0) return nullptr;
  if (!packing_dictionary_) {
    packing_dictionary_ = PackingDictionary::make(dictionary(), settings.compression_level);
  }
  if (!packing_dictionary_) {
    throw_damage("child 'dictionary'", "content", "a zstd dictionary", "a damaged one");
  }
  return packing_dictionary_;
}

}  // namespace quire::facades
