#include "engine/salvage_catalog.h"

#include <quire/error.h>

#include <cstring>
#include <optional>

#include "engine/salvage_hash.h"
#include "engine/salvage_list.h"
#include "engine/salvage_loose.h"
#include "engine/salvage_pages.h"

namespace quire::engine {
namespace {

class CatalogReading {
 public:
  explicit CatalogReading(SalvageSource& source)
      : source_(source),
        pages_(source, kEngineOwner),
        hash_(pages_, account_, [this](auto k, auto v) { return take(k, v); }) {}

  SalvagedCatalog run();

 private:
  bool take(ByteView key, ByteView value);
  void read_loose();
  void read_dropped();

  SalvageSource& source_;
  SalvagePages pages_;
  SalvagedCollection account_;
  SalvagedHash hash_;
  SalvagedCatalog catalog_;
  std::set<CollectionId> ids_;
  std::optional<CatalogState> state_;
};

SalvagedCatalog CatalogReading::run() {
  try {
    hash_.read_from_root(kCatalogRoot);
    hash_.finish();
  } catch (const CorruptionError&) {
    account_.whole = false;
  }
  if (!account_.whole) read_loose();
  read_dropped();
  catalog_.is_whole = account_.whole && !pages_.ages().are_mixed();
  return std::move(catalog_);
}

void CatalogReading::read_loose() {
  const auto is_catalog = [](CollectionId owner) { return owner == kEngineOwner; };
  for (const LoosePage& page : find_loose_pages(source_, is_catalog)) {
    if (page.type != PageType::hash_bucket && page.type != PageType::hash_overflow) continue;
    try {
      hash_.read_loose_page(page.pid, page.type);
    } catch (const CorruptionError&) {
      account_.whole = false;
    }
  }
  hash_.finish();
}

bool CatalogReading::take(ByteView key, ByteView value) {
  if (key.empty()) {
    if (state_ || value.size() != sizeof(CatalogState)) return false;
    std::memcpy(&state_.emplace(), value.data(), sizeof(CatalogState));
    return true;
  }
  CatalogEntry entry = decode_catalog_entry(key.text(), value);
  if (catalog_.entries.contains(key.str()) || !ids_.insert(entry.id).second) return false;
  if (pages_.is_last_newer()) catalog_.newer.insert(entry.id);
  catalog_.entries.emplace(key.str(), std::move(entry));
  return true;
}

void CatalogReading::read_dropped() {
  if (!state_ || state_->reaper_root == kNoPid) return;
  SalvagedCollection account;
  const auto take_entry = [&](ByteView item) {
    catalog_.dropped.insert(decode_catalog_entry("a dropped collection", item).id);
  };
  try {
    read_salvaged_list(pages_, state_->reaper_root, take_entry, account);
  } catch (const CorruptionError&) {
    // What was dropped is then found without a name.
  }
}

}  // namespace

SalvagedCatalog read_salvaged_catalog(SalvageSource& source) {
  return CatalogReading(source).run();
}

}  // namespace quire::engine
