#include "structures/hash_chain.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <string>

namespace quire::structures {

ChainReader::ChainReader(pager::PageReader& pages, const HashRoot& root, std::uint32_t bucket)
    : ChainReader(pages, root.bucket_page(bucket), bucket, root.fields().overflow_pages) {}

ChainReader::ChainReader(pager::PageReader& pages, Pid first, std::uint32_t bucket,
                         std::uint32_t most_steps)
    : pages_(&pages),
      bucket_(bucket),
      most_steps_(most_steps),
      landmark_(first),
      ref_(pages.read(first, PageType::hash_bucket)),
      view_(first, ref_.bytes(), bucket) {}

bool ChainReader::next() {
  const Pid next = view_.overflow();
  if (next == kNoPid) return false;
  if (next == landmark_ || steps_ == most_steps_) {
    throw CorruptionError(pid(), "overflow",
                          "a chain of at most " + std::to_string(most_steps_) + " overflow pages",
                          "page " + std::to_string(next) + " in a cycle or too many");
  }
  previous_ = pid();
  ++steps_;
  if (std::has_single_bit(steps_)) landmark_ = next;
  ref_ = pages_->read(next, PageType::hash_overflow);
  view_ = BucketView(next, ref_.bytes(), bucket_);
  return true;
}

BucketPage ChainWriter::modify(const ChainReader& chain) {
  return BucketPage(chain.pid(), pages_->modify(chain.pid(), chain.type()), chain.bucket());
}

void ChainWriter::insert(std::uint64_t hash, ByteView record) {
  place(hash, record);
  root_->resize_record(0, record.size());
}

/// insert() of a record that the root counts already.
void ChainWriter::place(std::uint64_t hash, ByteView record) {
  ChainReader chain(*pages_, *root_, root_->bucket_of(hash));
  while (!chain.page().has_room(record.size()) && chain.next()) {
  }
  BucketPage page = modify(chain);
  if (!page.has_room(record.size())) page = add_overflow(page, chain.bucket());
  page.insert(fingerprint_of(hash), record);
}

BucketPage ChainWriter::add_overflow(BucketPage& tail, std::uint32_t bucket) {
  Pid pid = kNoPid;
  if (spare_.empty()) {
    pid = pages_->allocate(1, PageState::structure);
    root_->change_pages(0, 1);
    HashRootPage& root = root_->edit();
    root.overflow_pages = root.overflow_pages + 1;
  } else {
    pid = spare_.back();
    spare_.pop_back();
  }
  tail.set_overflow(pid);
  return BucketPage::format(pid, pages_->renew(pid, PageType::hash_overflow), bucket);
}

void ChainWriter::free_overflow(Pid pid) {
  pages_->free(pid, 1);
  root_->change_pages(1, 0);
  HashRootPage& root = root_->edit();
  root.overflow_pages = root.overflow_pages - 1;
}

void ChainWriter::free_spare() {
  for (const Pid pid : spare_) free_overflow(pid);
  spare_.clear();
}

void ChainWriter::erase(const FoundEntry& entry) {
  const std::size_t size = entry.record.bytes.size();
  BucketPage page = modify(entry.chain);
  page.erase(entry.index);
  root_->resize_record(size, 0);
  if (page.count() == 0 && entry.chain.type() == PageType::hash_overflow) {
    unlink(entry.chain, page.overflow());
  }
}

void ChainWriter::unlink(const ChainReader& chain, Pid next) {
  BucketPage previous(chain.previous(), pages_->modify(chain.previous(), chain.previous_type()),
                      chain.bucket());
  previous.set_overflow(next);
  free_overflow(chain.pid());
}

void ChainWriter::replace(const FoundEntry& entry, std::uint64_t hash, ByteView record) {
  const std::size_t size = entry.record.bytes.size();
  BucketPage page = modify(entry.chain);
  if (size == record.size()) return page.overwrite(entry.index, record);

  page.erase(entry.index);
  root_->resize_record(size, 0);
  if (page.has_room(record.size())) {
    page.insert(fingerprint_of(hash), record);
    root_->resize_record(0, record.size());
  } else {
    insert(hash, record);  // the page is not empty, or it would have room
  }
}

/// What a chain held, copied: its pages are about to be written again.
struct ChainWriter::Drained {
  struct Item {
    std::uint64_t hash;
    ByteView record;
  };
  std::vector<std::unique_ptr<std::array<std::byte, kPageSize>>> pages;
  std::vector<Item> items;
};

ChainWriter::Drained ChainWriter::drain(std::uint32_t bucket) {
  Drained drained;
  ChainReader chain(*pages_, *root_, bucket);
  do {
    const auto& copy =
        drained.pages.emplace_back(std::make_unique<std::array<std::byte, kPageSize>>());
    std::copy_n(chain.ref().bytes().begin(), kPageSize, copy->begin());
    const BucketView page(chain.pid(), *copy, bucket);
    for (std::size_t i = 0; i < page.count(); ++i) {
      const Record record = page.record(i);
      const std::uint64_t hash = root_->hash(record.key);
      if (root_->bucket_of(hash) != bucket) {
        throw CorruptionError(chain.pid(), "key", "one of bucket " + std::to_string(bucket),
                              "one of bucket " + std::to_string(root_->bucket_of(hash)));
      }
      drained.items.push_back({hash, record.bytes});
    }
    if (chain.type() == PageType::hash_overflow) spare_.push_back(chain.pid());
  } while (chain.next());
  return drained;
}

/// Fills a chain that begins with an empty page, each page before the next.
class ChainWriter::Builder {
 public:
  Builder(ChainWriter& writer, Pid first, std::uint32_t bucket)
      : writer_(&writer),
        bucket_(bucket),
        page_(BucketPage::format(first, writer.pages_->renew(first, PageType::hash_bucket),
                                 bucket)) {}

  void add(const Drained::Item& item) {
    if (!page_.has_room(item.record.size())) page_ = writer_->add_overflow(page_, bucket_);
    page_.insert(fingerprint_of(item.hash), item.record);
  }

 private:
  ChainWriter* writer_;
  std::uint32_t bucket_;
  BucketPage page_;
};

void ChainWriter::split() {
  const std::uint32_t bucket = root_->fields().bucket_count;
  const std::uint32_t parent = split_parent(bucket);
  const Drained drained = drain(parent);
  Builder stays(*this, root_->bucket_page(parent), parent);
  Builder moves(*this, root_->add_bucket(), bucket);
  for (const Drained::Item& item : drained.items) {
    (root_->bucket_of(item.hash) == parent ? stays : moves).add(item);
  }
  free_spare();
}

void ChainWriter::merge() {
  const Drained drained = drain(root_->fields().bucket_count - 1);
  root_->remove_bucket();
  for (const Drained::Item& item : drained.items) place(item.hash, item.record);
  free_spare();
}

void ChainWriter::drop_last() {
  const Drained drained = drain(root_->fields().bucket_count - 1);
  std::uint64_t bytes = 0;
  for (const Drained::Item& item : drained.items) bytes += item.record.size();
  root_->remove_entries(drained.items.size());
  root_->resize_record(bytes, 0);
  root_->remove_bucket();
  free_spare();
}

}  // namespace quire::structures
