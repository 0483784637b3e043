#include "engine/salvage_hash.h"

#include <string>
#include <utility>

#include "structures/bucket_page.h"
#include "structures/hash_chain.h"
#include "structures/hash_root.h"

namespace quire::engine {

using structures::BucketHeader;
using structures::BucketView;
using structures::HashRoot;
using structures::Record;

SalvagedHash::SalvagedHash(SalvagePages& pages, SalvagedCollection& account, Sink sink,
                           std::optional<Root> root)
    : pages_(pages), account_(account), sink_(std::move(sink)), root_(root) {}

void SalvagedHash::read_from_root(Pid pid) {
  const HashRoot root(pages_, pid, {});
  pages_.claim(pid, pid, 1);
  const structures::HashRootPage& fields = root.fields();
  root_ = Root{fields.entries, fields.bucket_count};
  for (std::uint32_t d = 0; d < fields.directory_pages; ++d) {
    pages_.source().claim(fields.directories[d], 1);
  }
  for (std::uint32_t bucket = 0; bucket < fields.bucket_count; ++bucket) {
    try {
      read_chain(root, bucket);
    } catch (const CorruptionError&) {
      account_.whole = false;
    }
  }
}

void SalvagedHash::read_chain(const HashRoot& root, std::uint32_t bucket) {
  structures::ChainReader chain(pages_, root, bucket);
  do {
    pages_.claim(chain.pid(), chain.pid(), 1);
    read_entries(chain.ref(), chain.page());
  } while (chain.next());
}

void SalvagedHash::read_entries(const pager::PageRef& page, const BucketView& view) {
  for (std::size_t i = 0; i < view.count(); ++i) {
    try {
      const Record record = view.record(i);
      const std::string key = pages_.read_part(page, view.pid(), record.key);
      if (sink_(key, pages_.read_part(page, view.pid(), record.value))) ++account_.found;
    } catch (const CorruptionError&) {
      account_.whole = false;
    }
  }
}

void SalvagedHash::read_loose_page(Pid pid, PageType type) {
  const pager::PageRef page = pages_.read(pid, type);
  const std::uint32_t bucket = page.as<BucketHeader>().bucket;
  if (root_ && bucket >= root_->bucket_count) return;
  const BucketView view(pid, page.bytes(), bucket);
  pages_.claim(pid, pid, 1);
  const std::uint64_t before = account_.found;
  read_entries(page, view);
  account_.loose += account_.found - before;
}

void SalvagedHash::finish() {
  if (!root_)
    return lose_unknown(account_, "the root is lost, and with it how many entries there were");
  account_.lost = root_->entries > account_.found ? root_->entries - account_.found : 0;
  if (root_->entries != account_.found) account_.whole = false;
}

}  // namespace quire::engine
