#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include <quire/value.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/walk.h"

namespace quire::structures {

/// Sizes that tests shrink so that rare shapes become common; the defaults are the file format's.
struct HashGeometry {
  std::uint32_t root_segments = 488;        // segment pids in the root
  std::uint32_t root_directories = 512;     // directory pids in the root
  std::uint32_t directory_segments = 1016;  // segment pids in a directory page
  std::uint32_t segment_cap_log2 =
      10;  // buckets in the largest segments, as a power of two; stored in the root
};

/// Where an iteration stands; made by HashView::begin(), moved by HashView::next().
struct HashCursor {
  std::uint32_t bucket = 0;
  std::uint32_t overflow = 0;  // pages of the bucket's chain already passed
  std::uint32_t entry = 0;     // of the current page
};

struct HashEntry {
  Value key;
  Value value;
};

/// A linear-hash table from byte strings to byte strings, read-only. (W. Litwin, "Linear hashing: a
/// new tool for file and table addressing", VLDB 1980.) Holds no page between calls.
class HashView {
 public:
  HashView(pager::PageReader& pages, Pid root, const HashGeometry& geometry = {}) noexcept
      : reader_(&pages), root_(root), geometry_(geometry) {}

  Pid root() const noexcept { return root_; }
  std::uint64_t size() const;
  /// Every page of the table, the root included.
  std::uint64_t pages() const;

  /// The value stays as it is whatever happens to the table. One bucket page in the common case,
  /// and the pages of a long value.
  std::optional<Value> get(ByteView key) const;
  bool contains(ByteView key) const;

  /// The entry at the cursor, which moves on; nothing at the end. Each entry comes once, in no
  /// particular order; a table that changes meanwhile needs a new cursor.
  std::optional<HashEntry> next(HashCursor& cursor) const;

  /// Reports every page to the visitor, the root included, and every law that does not hold: each
  /// key in the bucket that its hash names, counts, fingerprints, load counters.
  void walk(PageVisitor& visitor) const;

 protected:
  pager::PageReader* reader_;
  Pid root_;
  HashGeometry geometry_;
};

/// The same for changing. Besides keys and values, a change writes one bucket page and, if counters
/// change, the root; now and then it splits another bucket, or merges two. A table from which all was
/// erased has the pages of an empty one. An exception from the pages
/// (corruption, no space) may leave a change half done: the transaction must then be rolled back.
class Hash : public HashView {
 public:
  Hash(pager::PageWriter& pages, Pid root, const HashGeometry& geometry = {}) noexcept
      : HashView(pages, root, geometry), writer_(&pages) {}

  /// Makes an empty table; its root never changes. `seed` should be random: it keeps an attacker
  /// from choosing keys that all fall into one bucket.
  static Pid create(pager::PageWriter& pages, std::uint64_t seed,
                    const HashGeometry& geometry = {});
  /// The same in a page that is allocated already, as the catalog's fixed root is.
  static void create_at(pager::PageWriter& pages, Pid root, std::uint64_t seed,
                        const HashGeometry& geometry = {});

  /// Keys and values of any length, the empty one included. They must not point into pages that
  /// this transaction has changed (the doors copy such arguments). True if the key is new; else its
  /// value is replaced.
  bool put(ByteView key, ByteView value);
  /// True if the key is new; else nothing changes.
  bool insert(ByteView key, ByteView value);
  bool erase(ByteView key);
  /// Adds to the end of the key's value, or makes the key. A long value costs its last page only.
  void append(ByteView key, ByteView bytes);
  /// Calls `change` with a copy of the value's bytes, which then replace the value; false if there
  /// is no such key. `change` may use the table, but InvalidArgument if it puts or erases this key.
  /// If it throws, the value stays.
  bool update(ByteView key, const std::function<void(std::span<std::byte>)>& change);
  void clear();
  /// Takes the table apart from its last bucket, for a drop in small transactions: frees at least
  /// one page and about at most `pages`; a segment of up to 1024 buckets, and a key, goes as a
  /// whole. True when nothing is left, not even the root, and the object of no use; until then the
  /// table is a sound one with fewer entries, the last of them perhaps with a shorter value.
  bool destroy_some(std::uint32_t pages);
  /// The same at once.
  void destroy();

 private:
  pager::PageWriter* writer_;
};

}  // namespace quire::structures
