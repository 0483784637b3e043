#include "engine/salvage_blob.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "structures/blob_format.h"
#include "structures/blob_lookup.h"

namespace quire::engine {
namespace {

using structures::BlobEntry;
using structures::BlobRootPage;
using structures::BlobTablePage;

constexpr std::size_t kMostGathered = std::size_t{256} << 10;

/// One walk down from a node, from left to right. No page is met twice, since each is claimed, and
/// levels fall, so that it ends.
class BlobReading {
 public:
  BlobReading(SalvagePages& pages, std::uint64_t size, SalvagedBlobSink& sink)
      : pages_(pages), size_(size), sink_(sink) {}

  void node(Pid pid, std::span<const BlobEntry> entries, unsigned level, std::uint64_t first_page);

 private:
  void child(Pid parent, std::span<const BlobEntry> entries, std::size_t slot, unsigned level,
             std::uint64_t first_page);

  SalvagePages& pages_;
  std::uint64_t size_;
  SalvagedBlobSink& sink_;
};

void BlobReading::node(Pid pid, std::span<const BlobEntry> entries, unsigned level,
                       std::uint64_t first_page) {
  const std::uint64_t stride = structures::blob_pages_per_entry(level);
  for (std::size_t slot = 0; slot < entries.size(); ++slot) {
    const std::uint64_t first = first_page + slot * stride;
    const std::uint64_t begin = first * kPageSize;
    if (begin >= size_) return;
    try {
      child(pid, entries, slot, level, first);
    } catch (const CorruptionError&) {
      sink_.lose(begin, std::min(size_, begin + stride * kPageSize));
    }
  }
}

void BlobReading::child(Pid parent, std::span<const BlobEntry> entries, std::size_t slot,
                        unsigned level, std::uint64_t first_page) {
  const Pid pid = structures::checked_pid(parent, entries, slot, pages_.page_count());
  if (pid == kNoPid) return;
  if (level > 1) {
    const pager::PageRef table = pages_.read(pid, PageType::blob_table);
    pages_.claim(parent, pid, 1);
    return node(pid, table.as<BlobTablePage>().entries, level - 1, first_page);
  }
  pages_.claim(parent, pid, 1);
  const pager::PageRef data = pages_.read_data(pid, entries[slot].sum);
  const std::uint64_t begin = first_page * kPageSize;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPageSize, size_ - begin));
  sink_.write(begin, ByteView(data.bytes()).sub(0, count));
}

/// Writes to a new blob, neighbouring pages at once.
class BlobCopy final : public SalvagedBlobSink {
 public:
  BlobCopy(Blob& into, SalvagedCollection& account) : into_(into), account_(account) {}

  void resize(std::uint64_t size) override {
    into_.resize(size);
    account_.found = size;
  }
  void write(std::uint64_t offset, ByteView bytes) override {
    if (offset != begin_ + gathered_.size() || gathered_.size() >= kMostGathered) flush();
    if (gathered_.empty()) begin_ = offset;
    gathered_ += bytes.text();
  }
  void lose(std::uint64_t begin, std::uint64_t end) override {
    add_lost_range(account_, begin, end);
    account_.found -= end - begin;
  }
  void flush() {
    into_.write(begin_, gathered_);
    gathered_.clear();
  }

 private:
  Blob& into_;
  SalvagedCollection& account_;
  std::uint64_t begin_ = 0;
  std::string gathered_;
};

}  // namespace

void read_salvaged_blob(SalvagePages& pages, Pid from, Pid root, SalvagedBlobSink& sink) {
  const pager::PageRef page = structures::read_blob_root(pages, root);
  pages.claim(from, root, 1);
  const auto& format = page.as<BlobRootPage>();
  sink.resize(format.size);
  if (format.height > 0) {
    return BlobReading(pages, format.size, sink).node(root, format.entries, format.height, 0);
  }
  if (format.size > 0) sink.write(0, structures::inline_content(format).sub(0, format.size));
}

void copy_blob(SalvagePages& pages, Pid root, Blob& into, SalvagedCollection& account) {
  BlobCopy copy(into, account);
  read_salvaged_blob(pages, root, root, copy);
  copy.flush();
}

bool is_lowest_blob_table(SalvageSource& source, Pid table) {
  const pager::FramePtr page = source.recognise(table);
  if (!page) return false;
  const auto& entries = reinterpret_cast<const BlobTablePage*>(page->bytes.data())->entries;
  return std::any_of(entries.begin(), entries.end(),
                     [](const BlobEntry& entry) { return entry.sum != 0; });
}

void copy_blob_table(SalvagePages& pages, Pid table, Blob& into, SalvagedCollection& account) {
  const pager::PageRef page = pages.read(table, PageType::blob_table);
  const auto& entries = page.as<BlobTablePage>().entries;
  pages.claim(table, table, 1);
  std::size_t used = entries.size();
  while (used > 0 && entries[used - 1].pid == kNoPid) --used;
  BlobCopy copy(into, account);
  copy.resize(used * kPageSize);
  BlobReading(pages, used * kPageSize, copy).node(table, entries, 1, 0);
  copy.flush();
}

}  // namespace quire::engine
