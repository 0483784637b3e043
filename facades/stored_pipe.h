#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/error.h>
#include <quire/hash.h>
#include <quire/list.h>
#include <quire/pipe.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"
#include "facades/pipe_format.h"
#include "facades/zstd_dictionary.h"

namespace quire::facades {

/// A block as `order` describes it; its bytes lie within `content`.
struct StoredBlock {
  PipeEntry entry;
  Value key;
  std::uint64_t index = 0;      // in `order`, when it was read
  std::uint64_t rollbacks = 0;  // of the transaction then

  /// For messages: "block 'KEY'".
  std::string name() const { return "block " + shown_key(key); }
};

/// The children of a pipe, and what their bytes mean. Nothing of them is trusted: what is not as
/// pipe_format.h has it is a CorruptionError that names pipe, child and field. Immutable but for
/// the dictionary, which is made ready when it is first asked for; threads as the handles.
struct StoredPipe {
  explicit StoredPipe(const ReadScope& pipe_scope);

  /// Throws a CorruptionError; `where` is as in "child 'order', item 5".
  [[noreturn]] void throw_damage(std::string where, std::string field, std::string expected,
                                 std::string found) const;

  /// The block at a place below order.size().
  StoredBlock at(std::uint64_t index) const { return block_of(order.at(index), index, index); }
  /// The block that an item of `order` describes. Ids ascend from 0 on: damage if it is less.
  StoredBlock block_of(const Value& item, std::uint64_t index, std::uint64_t least_id) const;
  /// Whether the block, of this time between rollbacks, has not been removed.
  bool has(const StoredBlock& block) const;
  /// Where the block of that key is; nothing if there is none.
  std::optional<std::uint64_t> index_of(ByteView key) const;
  /// Where the block of that id is; nothing if there is none.
  std::optional<std::uint64_t> index_of_id(std::uint64_t id) const;
  /// The end of the last block in `content`: what lies behind it belongs to no block.
  std::uint64_t end_of_blocks() const;

  PipeState state() const;
  /// Whether a writer of this transaction is at work.
  bool is_being_written(const PipeState& now) const;

  /// The stored dictionary, which is not empty.
  Value dictionary() const;
  /// nullptr if there is none.
  std::shared_ptr<const UnpackingDictionary> unpacking_dictionary() const;

  ReadScope scope;
  PipeSettings settings;
  BlobView content;
  ListView order;
  HashView keys;
  BlobView state_blob;

 private:
  PipeSettings read_settings() const;
  PipeEntry entry_of(const Value& item, std::uint64_t index) const;
  /// Damage if it is not from `least` to `most`.
  std::uint64_t id_at(std::uint64_t index, std::uint64_t least, std::uint64_t most) const;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const UnpackingDictionary> unpacking_dictionary_;
};

/// The children as a transaction changes them.
struct WritablePipe : StoredPipe {
  explicit WritablePipe(WriteScope& pipe_scope);

  void set_state(const PipeState& now) { changing_state.write(0, format_bytes(now)); }
  /// Cuts off what belongs to no block.
  void cut_tail();
  /// nullptr if there is none.
  std::shared_ptr<const PackingDictionary> packing_dictionary();

  Blob changing_content;
  List changing_order;
  Hash changing_keys;
  Blob changing_state;

 private:
  std::shared_ptr<const PackingDictionary> packing_dictionary_;
};

}  // namespace quire::facades
