#include <quire/error.h>

#include <span>
#include <string>

#include "base/zeros.h"
#include "structures/blob.h"
#include "structures/blob_format.h"
#include "structures/blob_lookup.h"

namespace quire::structures {

using pager::PageReader;
using pager::PageRef;

namespace {

/// One walk over one blob. No page is entered twice (the visitor says so) and none deeper than
/// kBlobMaxHeight, whatever the entries claim.
class BlobWalk {
 public:
  BlobWalk(PageReader& pages, PageVisitor& visitor) : pages_(&pages), visitor_(&visitor) {}

  void root(Pid pid) {
    if (!visitor_->visit(pid, 1, PageState::structure)) return;
    PageRef page;
    attempt(pid, [&] { page = pages_->read(pid, PageType::blob_root); });
    if (!page) return;
    const auto& format = page.as<BlobRootPage>();
    attempt(pid, [&] { check_blob_root(pid, format, pages_->page_count()); });
    size_ = format.size;
    if (format.height == 0) {
      zeros_behind(pid, inline_content(format), std::min(size_, std::uint64_t{kBlobInlineBytes}));
    } else if (format.height <= kBlobMaxHeight) {
      node(pid, format.entries, format.height, 0);
    }
    if (format.pages_owned != found_) {
      visitor_->problem(pid, "pages_owned is " + std::to_string(format.pages_owned) + ", found " +
                                 std::to_string(found_));
    }
  }

 private:
  /// Runs `step`; what it throws for a bad page becomes a problem of that page.
  template <class Step>
  void attempt(Pid pid, Step&& step) {
    try {
      step();
    } catch (const CorruptionError& error) {
      visitor_->problem(pid, error.finding());
    } catch (const IoError& error) {
      visitor_->problem(pid, error.what());
    }
  }

  void node(Pid parent, std::span<const BlobEntry> entries, unsigned level,
            std::uint64_t first_page) {
    for (std::size_t slot = 0; slot < entries.size(); ++slot) {
      const BlobEntry& entry = entries[slot];
      if (entry.pid == kNoPid && entry.sum == 0) continue;
      const std::uint64_t page_index = first_page + slot * blob_pages_per_entry(level);
      if (page_index >= blob_page_count(size_)) {
        visitor_->problem(parent,
                          "entry " + std::to_string(slot) + " lies behind the end of the blob");
      }
      attempt(parent, [&] { checked_pid(parent, entries, slot, pages_->page_count()); });
      if (entry.pid != kNoPid) entry_page(entry, level, page_index);
    }
  }

  void entry_page(const BlobEntry& entry, unsigned level, std::uint64_t page_index) {
    if (!visitor_->visit(entry.pid, 1, level > 1 ? PageState::structure : PageState::data)) return;
    ++found_;
    attempt(entry.pid, [&] {
      if (level > 1) {
        const PageRef page = pages_->read(entry.pid, PageType::blob_table);
        node(entry.pid, page.as<BlobTablePage>().entries, level - 1, page_index);
      } else if (visitor_->deep()) {
        data(entry, page_index);
      }
    });
  }

  void data(const BlobEntry& entry, std::uint64_t page_index) {
    const PageRef page = pages_->read_data(entry.pid, entry.sum);
    if (page_index + 1 == blob_page_count(size_)) {
      zeros_behind(entry.pid, page.bytes(), size_ - page_index * kPageSize);
    }
  }

  void zeros_behind(Pid pid, ByteView content, std::size_t end) {
    if (!all_zero(content.sub(end))) {
      visitor_->problem(pid, "bytes behind the end of the blob are not zero");
    }
  }

  PageReader* pages_;
  PageVisitor* visitor_;
  std::uint64_t size_ = 0;
  std::uint64_t found_ = 0;  // pages below the root
};

}  // namespace

void BlobView::walk(PageVisitor& visitor) const { BlobWalk(*reader_, visitor).root(root_); }

}  // namespace quire::structures
