#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/list_format.h"
#include "structures/list_record.h"

namespace quire::structures {

/// What leaves and inner nodes have in common. Views the page's bytes, copies and allocates
/// nothing. The bytes are not trusted: what does not fit is a CorruptionError.
class ListNodeView {
 public:
  Pid pid() const noexcept { return pid_; }
  /// Records or entries.
  std::size_t count() const noexcept { return header().count; }
  std::uint64_t items() const noexcept { return header().items; }
  pager::PageBytes bytes() const noexcept { return bytes_; }

 protected:
  /// Checks that the node has that height.
  ListNodeView(Pid pid, pager::PageBytes bytes, unsigned height);

  const ListNodeHeader& header() const noexcept {
    return *reinterpret_cast<const ListNodeHeader*>(bytes_.data());
  }
  [[noreturn]] void corrupt(const char* field, const std::string& expected,
                            std::uint64_t found) const;

 private:
  Pid pid_;
  pager::PageBytes bytes_;
};

/// Reads a leaf: items in order.
class ListLeafView : public ListNodeView {
 public:
  /// Checks the page's own numbers, in constant time.
  ListLeafView(Pid pid, pager::PageBytes bytes);

  /// Item `index` < count().
  ListRecord record(std::size_t index) const;
  /// Bytes that records and their offsets take, dead ones not counted.
  std::size_t used() const noexcept;
  /// True if a record of that size can be inserted, with compaction if need be.
  bool has_room(std::size_t record_size) const noexcept;

  /// Every law of the page that does not hold, in words: records that overlap or lie outside the
  /// heap, a heap that records and dead bytes do not fill, a hole that is not zero.
  std::vector<std::string> broken_laws() const;

 protected:
  std::size_t offset(std::size_t index) const noexcept;
  /// Where the hole begins if there are that many records.
  static constexpr std::size_t hole_start(std::size_t count) noexcept {
    return kListHeaderSize + count * sizeof(Le16);
  }
};

/// Changes a leaf that the transaction owns. Bytes of the hole are zero at any time.
class ListLeaf : public ListLeafView {
 public:
  ListLeaf(Pid pid, pager::MutablePageBytes bytes) : ListLeafView(pid, bytes), bytes_(bytes) {}

  /// Makes a page, whatever it holds, an empty leaf; the page header and pages_owned stay.
  static ListLeaf format(Pid pid, pager::MutablePageBytes bytes);

  /// The record becomes item `index` <= count(). The caller knows that has_room(record.size()).
  void insert(std::size_t index, ByteView record);
  void erase(std::size_t index);
  /// Item `index` gives way to the record, which the caller knows to have room then.
  void replace(std::size_t index, ByteView record);
  /// These records and no others. They do not view this page; CorruptionError unless they fit.
  void assign(std::span<const ByteView> records);

 private:
  ListNodeHeader& header() noexcept { return *reinterpret_cast<ListNodeHeader*>(bytes_.data()); }
  void set_count(std::size_t count) noexcept;
  void compact();
  void wipe() noexcept;

  pager::MutablePageBytes bytes_;
};

/// Makes a page, whatever it holds, the node that another page is, but for the page header and
/// pages_owned.
void copy_list_node(pager::PageBytes from, pager::MutablePageBytes to) noexcept;

/// The records of leaves that are about to be written again, in order: it copies the leaves.
class LeafRecords {
 public:
  void add(const ListLeafView& leaf);
  std::vector<ByteView>& records() noexcept { return records_; }

 private:
  std::vector<std::unique_ptr<std::array<std::byte, kPageSize>>> copies_;
  std::vector<ByteView> records_;
};

/// Reads an inner node: children in order.
class ListInnerView : public ListNodeView {
 public:
  /// Checks the page's own numbers, in constant time.
  ListInnerView(Pid pid, pager::PageBytes bytes, unsigned height);

  std::span<const ListEntry> entries() const noexcept {
    return std::span(page().entries).first(count());
  }
  /// Child `slot` < count().
  const ListEntry& entry(std::size_t slot) const noexcept { return page().entries[slot]; }

  /// The child that holds item `index`, which becomes the index below that child.
  std::size_t find(std::uint64_t& index) const;
  /// The first child below which an item `index` can be inserted, which becomes the index there.
  std::size_t find_gap(std::uint64_t& index) const;

  /// Every law of the page that does not hold, in words.
  std::vector<std::string> broken_laws() const;

 private:
  const ListInnerPage& page() const noexcept {
    return *reinterpret_cast<const ListInnerPage*>(bytes().data());
  }
};

/// Changes an inner node that the transaction owns; items() goes along.
class ListInner : public ListInnerView {
 public:
  ListInner(Pid pid, pager::MutablePageBytes bytes, unsigned height)
      : ListInnerView(pid, bytes, height), bytes_(bytes) {}

  /// Makes a page, whatever it holds, an inner node with these children, at least one; they do not
  /// lie in this page. The page header and pages_owned stay.
  static ListInner format(Pid pid, pager::MutablePageBytes bytes, unsigned height,
                          std::span<const ListEntry> entries);

  /// Adds a child at `slot` <= count() < kListInnerEntries.
  void insert(std::size_t slot, const ListEntry& entry);
  /// Removes children [slot, slot + count).
  void erase(std::size_t slot, std::size_t count);
  void set_items(std::size_t slot, std::uint64_t items) noexcept;
  /// These children and no others, as format() takes them.
  void assign(std::span<const ListEntry> entries);

 private:
  ListInnerPage& page() noexcept { return *reinterpret_cast<ListInnerPage*>(bytes_.data()); }

  pager::MutablePageBytes bytes_;
};

}  // namespace quire::structures
