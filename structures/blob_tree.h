#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <quire/bytes.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/blob.h"
#include "structures/blob_format.h"

namespace quire::structures {

class FreshPages;

/// The pages of one blob while one operation changes them. The root becomes the transaction's own
/// at construction; tables and data pages when they are written below.
///
/// Entries come from disk. Each one that is followed or freed is checked against the file and
/// against the pages above it (freeing or overwriting one of those would pull the ground from under
/// this object), and each page freed is taken off the root's count, which bounds a walk in circles.
/// What does not fit is a CorruptionError; the transaction is then rolled back.
class BlobTree {
 public:
  BlobTree(pager::PageWriter& pages, Pid root);
  BlobTree(const BlobTree&) = delete;
  BlobTree& operator=(const BlobTree&) = delete;

  std::uint64_t size() const noexcept { return root_->size; }
  std::uint64_t pages_owned() const noexcept { return root_->pages_owned; }

  /// Raises the size, up to kBlobMaxSize, and the height as it demands. What is new is holes.
  void grow(std::uint64_t size);
  /// Lowers the size, frees what lies behind it, and lowers the height as it allows.
  void shrink(std::uint64_t size);
  /// Lowers the size by as much as frees `pages` pages, at least one, or to 0.
  void cut_pages(std::uint64_t pages);
  /// Puts `bytes` at `offset`; they end within size(). Content from `live_end` on is known to be
  /// zero, so a page is overwritten unread if nothing before `live_end` stays.
  void write(std::uint64_t offset, ByteView bytes, std::uint64_t live_end);
  /// One or more bytes of one page, all within size().
  BlobEdit edit(std::uint64_t offset, std::size_t count);
  /// Makes [offset, end) zeros, where offset < end <= size(), and frees the pages wholly inside.
  void punch(std::uint64_t offset, std::uint64_t end);
  /// Frees all but the root.
  void free_all();

 private:
  /// A root or table of the transaction's own; at level 1 its entries point at data pages.
  struct Node {
    Pid pid;
    unsigned level;
    std::span<BlobEntry> entries;
    std::uint16_t entries_offset;  // in the page

    pager::SumPlace sum_place(std::size_t slot) const noexcept;
  };
  struct Slot {
    Node node;
    std::size_t index;
  };

  unsigned height() const noexcept { return root_->height; }
  std::span<std::byte> inline_content() noexcept;
  Node root_node() noexcept;
  Node own_table(Pid pid, unsigned level);
  Node make_table(unsigned level);
  Slot own_slot(std::uint64_t page_index);

  void add_owned(std::uint64_t count) noexcept { root_->pages_owned = root_->pages_owned + count; }
  void free_owned(Pid first, std::uint32_t count);
  Pid followed(Pid parent, std::span<const BlobEntry> entries, unsigned level,
               std::size_t slot) const;

  void raise();
  void leave_root();
  void lower();
  void return_to_root(std::uint64_t size);
  void move_entries(const Node& from, const Node& to);

  std::uint64_t count_holes(std::uint64_t first_page, std::uint64_t end_page) const;
  pager::MutablePageBytes own_data(const Slot& slot, bool overwritten, FreshPages& fresh);
  void zero_part(std::uint64_t page_index, std::size_t begin, std::size_t end);

  std::uint64_t tail_begin(Pid parent, std::span<const BlobEntry> entries, unsigned level,
                           std::uint64_t first_page, std::uint64_t& wanted);
  void free_pages(const Node& node, std::uint64_t first, std::uint64_t end);
  void free_part_below(const Node& node, std::size_t slot, std::uint64_t first, std::uint64_t end);
  void free_below(Pid parent, std::span<const BlobEntry> entries, unsigned level, std::size_t begin,
                  std::size_t end);

  pager::PageWriter* pages_;
  Pid root_pid_;
  BlobRootPage* root_;
  std::array<Pid, kBlobMaxHeight + 1> path_{};  // the node in use at each level, the root on top
};

}  // namespace quire::structures
