#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/list.h>
#include <quire/state_ptr.h>
#include <quire/value.h>

namespace quire {

namespace facades {
class BlockReader;
class PipeAppender;
struct StoredBlock;
struct StoredPipe;
struct WritablePipe;
}  // namespace facades

/// One block of a pipe: key-value pairs in the order in which they were appended. Keys may repeat,
/// keys and values may be empty.
///
/// A handle: cheap to make and to copy, it reads nothing until it is asked to, and keeps its
/// snapshot open. In a transaction it goes on while other blocks are added and removed; once its
/// own is removed, or the transaction has gone back to any savepoint, reading it is InvalidArgument:
/// get it anew. Errors and threads are those of BlobView; CorruptionError names pipe, block and
/// field.
class QUIRE_API Block {
 public:
  /// A key and its value; both live until the iterator moves.
  struct Pair {
    ByteView key;
    ByteView value;
  };

  /// A C++20 input iterator, movable and not copyable. It reads and unpacks the block in steps of
  /// 64 KiB, which is the memory that it takes, with a longer pair and up to 8 MiB for zstd. What is
  /// wrong with a block, it finds no later than at the end. A rollback to a savepoint ends it: the
  /// next step that reads is InvalidArgument. After an error it can only be destroyed.
  class QUIRE_API Iterator {
   public:
    using value_type = Pair;
    using difference_type = std::ptrdiff_t;

    Iterator(Iterator&&) noexcept;
    Iterator& operator=(Iterator&&) noexcept;
    ~Iterator();

    Pair operator*() const noexcept { return pair_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.at_end_;
    }

   private:
    friend class Block;
    explicit Iterator(const Block& block);

    detail::StatePtr<facades::BlockReader> reader_;
    Pair pair_;
    bool at_end_ = false;
  };

  Block(std::shared_ptr<const facades::StoredPipe> pipe,
        std::shared_ptr<const facades::StoredBlock> stored) noexcept;

  /// Unique in its pipe. The view lives as long as this object or a copy of it.
  ByteView key() const;
  /// Pairs.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  /// Bytes of the pairs: their keys and values, and 8 for each pair.
  std::uint64_t raw_bytes() const;
  /// Bytes that the block takes in the file, compressed or not.
  std::uint64_t stored_bytes() const;

  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// The first value of that key; nothing if there is none. Reads the block up to there.
  std::optional<Value> first(ByteView key) const;
  /// Every value of that key, in order. Reads the whole block; takes memory for what it returns.
  std::vector<Value> all(ByteView key) const;

 private:
  friend class Iterator;

  detail::StatePtr<const facades::StoredPipe> pipe_;
  detail::StatePtr<const facades::StoredBlock> stored_;
};

/// Options of a pipe. Both are stored: opening one that is there with others is InvalidArgument.
struct PipeOptions {
  /// Of zstd, -131072 to 22: fast to small. 0: blocks are stored as they are.
  int compression_level = 3;
  /// Up to 8 MiB, of Pipe::train_dictionary() or any bytes that blocks often contain: makes small
  /// blocks much shorter. Empty: none. A handle makes it ready, in a millisecond or so, when it first
  /// reads or writes a compressed block.
  std::vector<std::byte> dictionary = {};
};

/// A sequence of blocks with unique keys, read-only.
///
/// Errors, threads and lifetimes are those of BlobView. Opening one costs five lookups in the
/// catalog, finding a block by its key one lookup in a hash and log2(size()) in a list, and the
/// next block one in the list.
class QUIRE_API PipeView {
 public:
  /// A C++20 input iterator over blocks in their order. Adding or removing a block within the same
  /// transaction ends it: the next step is InvalidArgument.
  class QUIRE_API Iterator {
   public:
    using value_type = Block;
    using difference_type = std::ptrdiff_t;

    const Block& operator*() const noexcept { return block_; }
    const Block* operator->() const noexcept { return &block_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.place_ == it.end_;
    }

   private:
    friend class PipeView;
    Iterator(std::shared_ptr<const facades::StoredPipe> pipe, std::uint64_t index);
    void read();

    detail::StatePtr<const facades::StoredPipe> pipe_;
    std::uint64_t index_;
    std::uint64_t least_id_;  // of the block shown: ids ascend
    ListView::Iterator place_;
    ListView::Iterator end_;
    Block block_{{}, {}};
  };

  explicit PipeView(const ReadScope& scope);

  /// Empty if this object was moved from.
  std::string_view name() const noexcept;
  /// Blocks.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(ByteView key) const;
  /// NotFound if there is no block of that key.
  Block block(ByteView key) const;
  /// An iterator at the block of that key, from which iteration goes on; end() if there is none.
  Iterator find(ByteView key) const;
  /// The keys of all blocks in their order. Takes memory for them all.
  std::vector<Value> keys() const;

  Iterator begin() const;
  std::default_sentinel_t end() const noexcept { return {}; }

  /// As the pipe was made with. Reads the dictionary.
  PipeOptions options() const;

 protected:
  explicit PipeView(std::shared_ptr<const facades::StoredPipe> stored) noexcept;

 private:
  friend class Pipe;

  detail::StatePtr<const facades::StoredPipe> stored_;
};

/// Writes one block, pair by pair, to the end of a pipe. The block is there once finish() has
/// returned; destroyed before, it takes back what it has written, and the block has never been.
///
/// Only one block of a pipe is written at a time. Meanwhile the pipe may be read, and other blocks
/// removed. A rollback to any savepoint of the transaction, also by a create() that fails, ends the
/// writer: its calls are InvalidArgument. If the transaction commits first, its calls throw
/// ClosedError, and the block is not there. Other errors are those of Blob; after one, the
/// writer's calls are InvalidArgument.
///
/// Movable, not copyable; used by the transaction's thread. Takes 64 KiB of memory, and what zstd
/// needs: 2 MiB at level 3, some 100 at level 22.
class QUIRE_API BlockWriter {
 public:
  explicit BlockWriter(std::unique_ptr<facades::PipeAppender> appender) noexcept;
  BlockWriter(BlockWriter&&) noexcept;
  /// Takes back the block that this object was writing.
  BlockWriter& operator=(BlockWriter&&) noexcept;
  ~BlockWriter();

  /// Adds a pair. Key and value have up to 4 GiB - 1 each (else InvalidArgument, and the pair is
  /// not added) and may point anywhere. Costs a copy of the bytes and their compression; the file's
  /// pages are written every 64 KiB.
  void append(ByteView key, ByteView value);
  /// Makes the block part of the pipe, and ends the writer. Also of a block without pairs.
  void finish();

 private:
  facades::PipeAppender& appender() const;

  std::unique_ptr<facades::PipeAppender> appender_;  // nullptr once it has ended
};

/// A sequence of blocks with unique keys, each holding key-value pairs, written once and read as a
/// whole, compressed with zstd (after SmartPipe). Made for many small things that are read
/// together; docs/facades.md compares.
///
///     auto pipe = txn.open<quire::Pipe>("articles");
///     quire::BlockWriter block = pipe.begin_block("2024-05-01");
///     block.append("title", "Something happened");
///     block.finish();
///     ...
///     for (const quire::Block& day : snapshot.open<quire::Pipe>("articles")) {
///       for (const auto [key, value] : day) print(day.key(), key, value);
///     }
class QUIRE_API Pipe : public PipeView {
 public:
  static constexpr std::string_view kKind = "pipe";
  using Options = PipeOptions;
  using View = PipeView;

  /// InvalidArgument, naming the option, if one has no such value, or differs from what is stored.
  Pipe(WriteScope& scope, const PipeOptions& options);

  /// A writer of a new block behind all others. KeyExists if there is a block of that key;
  /// InvalidArgument while another one is being written, by whichever handle. In both cases nothing
  /// has changed. The key has any length and may be empty.
  [[nodiscard]] BlockWriter begin_block(ByteView key);
  /// Removes a block; false if there is none of that key. Frees the pages that it had for itself;
  /// the order of the others stays. Costs as much as moving the list's entries of one page.
  bool remove(ByteView key);

  /// A dictionary for PipeOptions of at most `size` bytes: what `samples`, which should be like the
  /// blocks to come, have in common. InvalidArgument, with the reason, if zstd cannot make one of
  /// them: it wants many samples, together some 100 times `size`. Takes memory for all samples once
  /// more, and seconds for 100 MB. Any thread.
  static std::vector<std::byte> train_dictionary(std::span<const ByteView> samples,
                                                 std::size_t size = 112'640);

  /// See CheckOptions::with(). Deep, it unpacks every block.
  static void check(const PipeView& pipe, CheckSink& sink);

 private:
  explicit Pipe(std::shared_ptr<facades::WritablePipe> pipe);

  detail::StatePtr<facades::WritablePipe> writable_;
};

}  // namespace quire
