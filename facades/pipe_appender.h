#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "facades/stored_pipe.h"
#include "facades/zstd_stream.h"

namespace quire::facades {

/// The work of a BlockWriter: gathers pairs, and puts them behind the last block of `content` every
/// 64 KiB. Until finish() has put the entry into `order` and `keys`, what it has written belongs to
/// no block: a commit leaves it as a tail that the next writer cuts off.
class PipeAppender {
 public:
  /// Marks the pipe as being written; the caller has made sure that it is not, and that there is no
  /// block of that key.
  PipeAppender(std::shared_ptr<WritablePipe> pipe, ByteView key);
  /// Takes back what finish() has not made a block, if it can: else it is a tail.
  ~PipeAppender();
  PipeAppender(const PipeAppender&) = delete;
  PipeAppender& operator=(const PipeAppender&) = delete;

  /// InvalidArgument, ClosedError and the rest as for BlockWriter.
  void append(ByteView key, ByteView value);
  void finish();

 private:
  void require_usable() const;
  void add_length(std::uint32_t length);
  void add(ByteView bytes);
  void flush();
  void put(ByteView raw);
  void put_last();
  void write(ByteView stored);
  void take_back();

  std::shared_ptr<WritablePipe> pipe_;
  std::string key_;
  PipeEntry entry_;
  std::uint64_t rollbacks_;
  bool is_usable_ = true;  // false within a call, and from an error on
  bool is_finished_ = false;
  std::string pending_;  // raw bytes that are not written yet
  std::optional<ZstdPacker> packer_;
};

}  // namespace quire::facades
