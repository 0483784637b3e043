#include <quire/quire.h>

#include <utility>

#include "engine/checkpointer.h"
#include "engine/committer.h"
#include "engine/core.h"
#include "engine/recovery.h"
#include "pager/private_pages.h"
#include "pager/space_map_format.h"
#include "tests/sabotage/detectors.h"
#include "tests/sabotage/disks.h"
#include "torture/operation.h"

namespace quire::sabotage {
namespace {

using torture::stamped_bytes;

constexpr std::size_t kFrames = 16;

/// Everything that commit_number() writes, as this snapshot sees it.
std::string content_of(const Snapshot& snapshot) {
  std::string content;
  for (const auto [key, value] : snapshot.open<Hash>("table")) content += key.str() + value.str();
  for (const Value item : snapshot.open<List>("list")) content += item.str();
  return content + ByteView(snapshot.open<Blob>("blob").read_all()).str();
}

void make_filler(Database& database, std::size_t pages) {
  database.transact([pages](Transaction& txn) {
    txn.open<Blob>("filler").write(0, stamped_bytes(pages * kPage, 7));
  });
}

/// Reads more pages than there are frames.
void evict(const Database& database) {
  for (int round = 0; round < 3; ++round) database.snapshot().open<Blob>("filler").read_all();
}

/// A commit of zeros in the place of a page that is not in memory; nothing is done behind it yet.
void publish_zeros(engine::Core& core) {
  pager::PrivatePages pages(core.pool(), core.space(), core.queue().published());
  pages.renew(kCatalogRoot, PageType::hash_root, kEngineOwner);
  engine::publish_commit(core, pages, Durability::immediate);
}

void require_sound(const Database& database) {
  const CheckReport report = database.check();
  require(report.ok(), report.ok() ? "" : "check(): " + report.problems.front().what);
}

}  // namespace

void old_snapshots() {
  const Disk disk = clean_disk(1);
  auto database = Database::open(kPath, options_on(*disk, kFrames));
  make_filler(database, 40);
  struct Old {
    Snapshot snapshot;
    std::string content;
  };
  std::vector<Old> olds;
  for (int number = 2; number <= 5; ++number) {
    Snapshot snapshot = database.snapshot();
    std::string content = content_of(snapshot);
    olds.push_back({std::move(snapshot), std::move(content)});
    evict(database);
    commit_number(database, number);
    if (number != 3) database.checkpoint();
    evict(database);
    for (const Old& old : olds) {
      require(content_of(old.snapshot) == old.content, "a snapshot has changed");
    }
  }
  olds.clear();
  require_sound(database);
}

void snapshot_under_early_pages() {
  const Disk disk = clean_disk(1);
  auto database = Database::open(kPath, options_on(*disk, kFrames));
  make_filler(database, 40);
  database.checkpoint();
  const Snapshot snapshot = database.snapshot();
  database.transact([](Transaction& txn) { txn.drop("filler"); });
  database.transact([](Transaction& txn) {
    auto blob = txn.open<Blob>("parts");
    for (std::size_t page = 0; page < 60; ++page) {
      blob.write(page * kPage, stamped_bytes(kPage, 100 + page));
    }
  });
  require(database.stats().pages_written_early > 0, "no page was written early");
  const auto filler = snapshot.open<Blob>("filler").read_all();
  require(ByteView(filler).str() == stamped_bytes(40 * kPage, 7), "a snapshot has changed");
}

void snapshot_behind_a_cut() {
  const Disk disk = clean_disk(1);
  auto database = Database::open(kPath, options_on(*disk));
  make_filler(database, 200);
  database.close();
  const std::uint64_t bytes = disk->status(kPath)->size;
  database = Database::open(kPath, options_on(*disk));  // with nothing in memory
  {
    const Snapshot snapshot = database.snapshot();
    database.transact([](Transaction& txn) { txn.drop("filler"); });
    for (int number = 2; number < 8; ++number) commit_number(database, number);
    database.checkpoint();
    const auto filler = snapshot.open<Blob>("filler").read_all();
    require(ByteView(filler).str() == stamped_bytes(200 * kPage, 7), "a snapshot has changed");
  }
  database.close();
  require(disk->status(kPath)->size < bytes, "the tail was never cut off");
}

/// Between its look at the newest commit and its registration, which the checkpoint has not seen.
void snapshot_that_begins_in_a_checkpoint() {
  const Disk disk = clean_disk(1);
  const Options options = options_on(*disk);
  const auto core = engine::Core::start(engine::open_file(kPath, options), options);
  engine::Checkpointer checkpointer(*core);
  bool has_begun = false;
  engine::Visible seen;
  pager::SnapshotRegistry::Entry& snapshot = core->registry().add(seen, [&] {
    const engine::Visible newest = core->queue().visible();
    if (!std::exchange(has_begun, true)) {
      publish_zeros(*core);
      checkpointer.step();  // ends the generation
      checkpointer.step();  // makes it durable, and looks who reads
    }
    return newest;
  });
  while (checkpointer.step()) {
  }
  core->pool().structure(kCatalogRoot, PageType::hash_root, kEngineOwner, seen.seq);
  core->registry().remove(snapshot);
}

void balance_of_pages() {
  const Disk disk = clean_disk(1);
  auto database = Database::open(kPath, options_on(*disk));
  make_filler(database, 40);
  database.transact([](Transaction& txn) { txn.drop("filler"); });
  const std::uint64_t free_pages = database.stats().free_pages;
  require(free_pages >= 40, "pages that were freed are not free");
  {
    Transaction txn = database.begin();
    txn.open<Blob>("other").write(0, stamped_bytes(30 * kPage, 8));
    txn.rollback();
  }
  commit_number(database, 2);
  require(database.stats().free_pages + 15 > free_pages, "a rollback has lost free pages");
  require_sound(database);
}

}  // namespace quire::sabotage
