#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <quire/bytes.h>
#include <quire/salvage_report.h>

#include "engine/salvage_pages.h"
#include "structures/bucket_page.h"
#include "structures/hash_root.h"

namespace quire::engine {

/// Reads the entries of a hash of a damaged database, in no order: first those that its root leads
/// to, then those of pages that nothing leads to. What was lost is entered in the account.
class SalvagedHash {
 public:
  /// Takes an entry; false if it has that key already.
  using Sink = std::function<bool(ByteView key, ByteView value)>;
  /// What the root says that pages which nothing leads to are compared with.
  struct Root {
    std::uint64_t entries = 0;
    std::uint32_t bucket_count = 0;
  };

  /// `root`: of a table whose root was read before.
  SalvagedHash(SalvagePages& pages, SalvagedCollection& account, Sink sink,
               std::optional<Root> root = {});

  /// CorruptionError, and nothing is known, if the root cannot be read or belongs to something else.
  void read_from_root(Pid root);
  /// Nothing before the root was read.
  const std::optional<Root>& root() const noexcept { return root_; }
  /// A bucket or overflow page that read_from_root() has not met; the newest first, as an entry
  /// whose key is there counts as older. Takes nothing from a page whose bucket the root, if that
  /// was read, does not have: it was merged into another.
  void read_loose_page(Pid page, PageType type);
  /// When all is read: enters how many entries are missing.
  void finish();

 private:
  void read_chain(const structures::HashRoot& root, std::uint32_t bucket);
  void read_entries(const pager::PageRef& page, const structures::BucketView& view);

  SalvagePages& pages_;
  SalvagedCollection& account_;
  Sink sink_;
  std::optional<Root> root_;
};

}  // namespace quire::engine
