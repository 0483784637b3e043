#pragma once

// The files of smart-pipe: PREFIX.dat, or PREFIX.datz with each block as a zlib stream, and
// PREFIX.idx. Numbers are little-endian.
//
//     data    records {u32 key bytes, key, u32 value bytes, value}, those of a block one behind the
//             other; a block has no bytes of its own, an empty one none at all
//     index   an entry for each block, in order: {u32 key bytes, key, u64 offset, u64 raw offset},
//             the second one in what the data would be without compression
//
// A block ends where the next one begins, the last one with the file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include <quire/bytes.h>

#include "formats/byte_window.h"
#include "formats/foreign_file.h"

struct z_stream_s;

namespace quire::formats {

inline constexpr std::string_view kSmartPipeRaw = ".dat";
inline constexpr std::string_view kSmartPipeCompressed = ".datz";
inline constexpr std::string_view kSmartPipeIndex = ".idx";

/// Reads such a pair of files from the first block to the last, in bounded memory but for single
/// keys and records. What is not as above is a CorruptionError that names file and offset. One
/// thread at a time.
class SmartPipeReader {
 public:
  struct Block {
    std::string key;
    /// The records before the first block, which the original's reader cannot find; without a key.
    bool is_orphaned = false;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;  // both in the data file
    std::uint64_t raw_offset = 0;
    std::optional<std::uint64_t> raw_end = {};  // nothing for the last block
  };
  struct Record {
    ByteView key;
    ByteView value;
  };

  /// `path` is PREFIX, of which .dat is preferred as by the original, or one of the three files.
  /// NotFound if one of two is missing.
  explicit SmartPipeReader(const std::string& path);

  /// The next block, of which next_record() then reads; orphaned records come first. Nothing at the
  /// end.
  std::optional<Block> next_block();
  /// The next record of that block, which lives until the next call; nothing at its end. Refuses
  /// one of more than 1 GiB.
  std::optional<Record> next_record();

  const std::string& data_path() const noexcept { return data_.path(); }
  std::uint64_t data_bytes() const noexcept { return data_.size(); }
  /// Of the data file, so far.
  std::uint64_t bytes_read() const noexcept;
  /// Bytes behind the last entry of the index, 1 to 3: the original ignores them. Known at the end.
  std::size_t torn_index_bytes() const noexcept { return torn_index_bytes_; }

 private:
  struct Paths {
    std::string data;
    std::string index;
    bool is_compressed;
  };
  static Paths paths_of(const std::string& path);
  explicit SmartPipeReader(const Paths& paths);

  std::optional<Block> read_entry();
  void require_order(const Block& entry, std::uint64_t at) const;
  void open(const Block& block);
  [[noreturn]] void throw_damage(std::string field, std::string expected, std::string found) const;

  ForeignFile data_;
  ForeignFile index_;
  bool is_compressed_;
  FileBytes index_bytes_;
  ByteWindow entries_;
  std::size_t torn_index_bytes_ = 0;

  bool has_begun_ = false;
  std::optional<Block> next_;  // read ahead: it says where the block before it ends
  Block block_;
  std::unique_ptr<FileBytes> raw_bytes_;  // one of the two
  std::unique_ptr<InflatedBytes> inflated_bytes_;
  std::optional<ByteWindow> records_;
};

/// Writes such a pair of files, for the original to read. What a stream cannot take, it tells in its
/// own way. One thread at a time.
class SmartPipeWriter {
 public:
  /// The streams must outlive this.
  SmartPipeWriter(std::ostream& data, std::ostream& index, bool is_compressed);
  ~SmartPipeWriter();
  SmartPipeWriter(const SmartPipeWriter&) = delete;
  SmartPipeWriter& operator=(const SmartPipeWriter&) = delete;

  /// Ends the block before and begins one. InvalidArgument if that was compressed and empty: the
  /// original cannot read such a file; or if the key has 4 GiB or more.
  void begin_block(ByteView key);
  /// Adds a record to it. InvalidArgument if key or value has 4 GiB or more.
  void append(ByteView key, ByteView value);
  /// Ends the last block; InvalidArgument as above.
  void finish();

 private:
  struct End {
    void operator()(z_stream_s* stream) const noexcept;
  };
  void end_block();
  void put_counted(ByteView bytes);
  void put(ByteView raw);
  void deflate_to_end(int flush);
  void write(ByteView stored);

  std::ostream& data_;
  std::ostream& index_;
  std::unique_ptr<z_stream_s, End> stream_;  // nullptr: not compressed
  std::uint64_t offset_ = 0;
  std::uint64_t raw_offset_ = 0;
  std::optional<std::uint64_t> block_raw_offset_;  // of the block that is open
};

}  // namespace quire::formats
