#pragma once

// What the log says of one page, as bytes and back. Knows nothing of chunks, sums or files.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <quire/bytes.h>

#include "base/ids.h"
#include "wal/log_format.h"

namespace quire::wal {

using PageBytes = std::span<const std::byte, kPageSize>;
using MutablePageBytes = std::span<std::byte, kPageSize>;

/// A page as a record names it. `type` is kDataPage or that of a structure page.
struct PageName {
  Pid pid = kNoPid;
  std::uint8_t type = kDataPage;
  CollectionId owner = kEngineOwner;
  friend bool operator==(const PageName&, const PageName&) = default;
};

/// Appends the whole content of a page: as INIT if leaving out the zeros makes it shorter, else as
/// IMAGE; at most kMaxImageRecordBytes. The header of a structure page is left out. One pass over
/// the page, at most one copy of its bytes.
void append_page(std::vector<std::byte>& out, const PageName& name, PageBytes page);

/// Appends the given parts of a page as DELTA. The ranges are those of ByteRange; others are the
/// caller's error (InvalidArgument).
void append_delta(std::vector<std::byte>& out, const PageName& name,
                  std::span<const ByteRange> ranges, PageBytes page);

/// Appends a BULK: `pages` pages from `first` on were written to their place before the commit.
void append_bulk(std::vector<std::byte>& out, Pid first, std::uint32_t pages, CollectionId owner);

/// A decoded record; views point into the bytes that it was decoded from.
struct PageRecord {
  PageRecordKind kind = PageRecordKind::image;
  PageName name;
  std::uint32_t pages = 1;  // of a BULK's run
  ByteView ranges;          // INIT, DELTA: ByteRange after ByteRange
  ByteView content;         // IMAGE: the page's bytes; INIT, DELTA: those of all ranges
  std::size_t size = 0;     // of the record, header and padding included
};

/// Decodes the record that `bytes` begins with. Every length, count and range is checked against
/// the bytes that are there; CorruptionError with `where` and the field if one does not fit. Does
/// not know which pids exist.
PageRecord decode_page_record(ByteView bytes, const std::string& where);

/// Changes `page` as a decoded IMAGE, INIT or DELTA says (a BULK is the caller's error:
/// InvalidArgument). IMAGE and INIT set all of it; a structure page's header becomes zeros.
void apply_record(const PageRecord& record, MutablePageBytes page);

}  // namespace quire::wal
