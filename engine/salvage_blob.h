#pragma once

#include <cstdint>

#include <quire/blob.h>
#include <quire/salvage_report.h>

#include "engine/salvage_pages.h"

namespace quire::engine {

/// Takes the content of a blob, ascending. What comes neither as written nor as lost is a hole.
class SalvagedBlobSink {
 public:
  virtual ~SalvagedBlobSink() = default;
  /// First of all: how long the blob is.
  virtual void resize(std::uint64_t size) = 0;
  virtual void write(std::uint64_t offset, ByteView bytes) = 0;
  /// Bytes [begin, end) cannot be read.
  virtual void lose(std::uint64_t begin, std::uint64_t end) = 0;
};

/// Reads a blob page by page and claims them. CorruptionError, and nothing is known, if the root
/// cannot be read or belongs to something else; `from` points at it.
void read_salvaged_blob(SalvagePages& pages, Pid from, Pid root, SalvagedBlobSink& sink);

/// The same into a new blob; lost bytes become holes and are entered in the account.
void copy_blob(SalvagePages& pages, Pid root, Blob& into, SalvagedCollection& account);

/// Whether a page is a table of data pages. Tables above others are of no use without their root:
/// those below are found by themselves.
bool is_lowest_blob_table(SalvageSource& source, Pid table);
/// What is below such a table: a stretch of a blob whose place in it nobody knows.
void copy_blob_table(SalvagePages& pages, Pid table, Blob& into, SalvagedCollection& account);

}  // namespace quire::engine
