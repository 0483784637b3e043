#include "engine/checker.h"

#include <set>
#include <utility>
#include <vector>

#include "pager/space_map_format.h"
#include "structures/blob.h"
#include "structures/hash.h"
#include "structures/list.h"
#include "structures/walk.h"

namespace quire::engine {
namespace {

/// Which pages somebody has claimed, and the problems found so far.
class Ledger final : public structures::PageVisitor {
 public:
  Ledger(const CheckOptions& options, Pid page_count, CheckReport& report)
      : options_(options),
        page_count_(page_count),
        claimed_(page_count, PageState::free),
        report_(report) {}

  /// Whom visit() and problem() speak of, and where its pages are counted.
  void turn_to(std::string collection, std::uint64_t& pages) {
    collection_ = std::move(collection);
    pages_ = &pages;
  }

  bool visit(Pid first, std::uint32_t count, PageState state) override {
    if (first >= page_count_ || count > page_count_ - first) {
      problem(first, "a run of " + std::to_string(count) + " pages reaches beyond the file of " +
                         std::to_string(page_count_) + " pages");
      return false;
    }
    bool is_new = true;
    for (Pid pid = first; pid < first + count; ++pid) {
      if (claimed_[pid] != PageState::free) {
        problem(pid, "claimed a second time");
        is_new = false;
      } else {
        claimed_[pid] = state;
        ++*pages_;
      }
    }
    return is_new;
  }

  void problem(Pid page, const std::string& what) override {
    ++report_.problem_count;
    if (report_.problems.size() < options_.max_problems) {
      report_.problems.push_back({page, collection_, what});
    }
  }

  bool deep() const override { return options_.deep; }
  PageState claimed(Pid pid) const { return claimed_[pid]; }

 private:
  const CheckOptions& options_;
  Pid page_count_;
  std::vector<PageState> claimed_;
  CheckReport& report_;
  std::string collection_;
  std::uint64_t* pages_ = nullptr;
};

const char* state_name(PageState state) {
  static constexpr const char* kNames[] = {"free", "a structure page", "a data page", "owned"};
  return kNames[static_cast<unsigned>(state)];
}

class Checker {
 public:
  Checker(SnapshotSession& snapshot, const CheckOptions& options, CheckReport& report)
      : snapshot_(snapshot), report_(report), ledger_(options, snapshot.page_count(), report) {}

  void check_fixed_pages();
  void check_catalog();
  void compare_with_space_map();
  std::vector<CatalogView::Named> collections();
  void check_collection(const CatalogView::Named& named);

 private:
  /// Runs one part under the engine's mutex; an error of a page that nothing else reports is a
  /// problem.
  template <class Fn>
  void part(Fn&& fn) {
    const CoreLock lock(snapshot_.core());
    snapshot_.require_open();
    try {
      fn();
    } catch (const CorruptionError& error) {
      ledger_.problem(error.page(), std::string(error.message()));
    }
  }
  void compare_group(Pid map_pid);
  void compare_page(Pid pid, PageState in_map);

  SnapshotSession& snapshot_;
  CheckReport& report_;
  Ledger ledger_;
  std::set<CollectionId> ids_;
};

void Checker::check_fixed_pages() {
  ledger_.turn_to("", report_.header_pages);
  ledger_.visit(0, kFirstMapPage, PageState::owned);
  ledger_.turn_to("", report_.map_pages);
  for (std::uint64_t pid = 0; pid < snapshot_.page_count(); pid += kGroupSize) {
    ledger_.visit(map_page_of(static_cast<Pid>(pid)), 1, PageState::structure);
  }
}

void Checker::check_catalog() {
  ledger_.turn_to("", report_.catalog_pages);
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner);
    structures::HashView(pages, kCatalogRoot).walk(ledger_);
  });
}

std::vector<CatalogView::Named> Checker::collections() {
  std::vector<CatalogView::Named> found;
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner);
    const CatalogView catalog(pages);
    structures::HashCursor cursor;
    while (auto named = catalog.next(cursor, true)) found.push_back(std::move(*named));
  });
  return found;
}

void Checker::check_collection(const CatalogView::Named& named) {
  const auto& [name, entry] = named;
  ++report_.collections;
  std::uint64_t other_pages = 0;
  ledger_.turn_to(name, entry.kind == CollectionKind::blob   ? report_.blob_pages
                        : entry.kind == CollectionKind::list ? report_.list_pages
                        : entry.kind == CollectionKind::hash ? report_.hash_pages
                                                             : other_pages);
  if (entry.id == kEngineOwner || !ids_.insert(entry.id).second) {
    ledger_.problem(CorruptionError::kNoPage,
                    "collection id " + std::to_string(entry.id) + " is not its own");
    return;
  }
  part([&, &entry = entry] {
    SnapshotPages pages = snapshot_.pages(entry.id);
    if (entry.kind == CollectionKind::blob) {
      structures::BlobView(pages, entry.root).walk(ledger_);
    } else if (entry.kind == CollectionKind::list) {
      structures::ListView(pages, entry.root).walk(ledger_);
    } else if (entry.kind == CollectionKind::hash) {
      structures::HashView(pages, entry.root).walk(ledger_);
    } else {
      ledger_.problem(CorruptionError::kNoPage, "a collection of kind '" +
                                                    std::string(kind_name(entry)) +
                                                    "', which this version of Quire cannot check");
    }
  });
}

void Checker::compare_page(Pid pid, PageState in_map) {
  const PageState claimed = ledger_.claimed(pid);
  if (claimed == in_map) {
    if (claimed == PageState::free) ++report_.free_pages;
    return;
  }
  if (claimed == PageState::free) {
    ++report_.unaccounted_pages;
    ledger_.problem(pid, std::string("leaked: the space map says ") + state_name(in_map) +
                             ", and nothing refers to it");
  } else {
    ledger_.problem(pid, std::string("is ") + state_name(claimed) + ", but the space map says " +
                             state_name(in_map));
  }
}

void Checker::compare_group(Pid map_pid) {
  SnapshotPages pages = snapshot_.pages(kEngineOwner);
  const pager::PageRef page = pages.read(map_pid, PageType::map);
  const auto& map = page.as<MapPage>();
  const std::uint64_t end = std::min<std::uint64_t>(
      std::uint64_t{group_begin(map_pid)} + kGroupSize, snapshot_.page_count());
  for (Pid pid = group_begin(map_pid); pid < end; ++pid) compare_page(pid, get_state(map, pid));
  for (std::uint64_t pid = end; pid < std::uint64_t{group_begin(map_pid)} + kGroupSize; ++pid) {
    if (get_state(map, static_cast<Pid>(pid)) != PageState::free) {
      ledger_.problem(map_pid, "names pages beyond the end of the file as used");
      break;
    }
  }
  MapPage recounted = map;
  pager::SpaceMap::count_free(recounted, map_pid, snapshot_.page_count());
  if (recounted.free_count != map.free_count ||
      recounted.longest_free_run != map.longest_free_run) {
    ledger_.problem(map_pid, "the counts of free pages are wrong");
  }
}

void Checker::compare_with_space_map() {
  std::uint64_t engine_pages = 0;
  ledger_.turn_to("", engine_pages);
  for (std::uint64_t pid = 0; pid < snapshot_.page_count(); pid += kGroupSize) {
    part([&] { compare_group(map_page_of(static_cast<Pid>(pid))); });
  }
}

}  // namespace

CheckReport check(SnapshotSession& snapshot, const CheckOptions& options,
                  const ProgressFunction& progress) {
  CheckReport report;
  report.seq = snapshot.seq();
  report.pages = snapshot.page_count();
  Checker checker(snapshot, options, report);
  checker.check_fixed_pages();
  checker.check_catalog();
  const std::vector<CatalogView::Named> collections = checker.collections();
  std::uint64_t done = 0;
  for (const CatalogView::Named& named : collections) {
    if (progress) progress(done++, collections.size());
    checker.check_collection(named);
  }
  checker.compare_with_space_map();
  if (progress) progress(collections.size(), collections.size());
  return report;
}

}  // namespace quire::engine
