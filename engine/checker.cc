#include "engine/checker.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/handles.h"
#include "engine/structure.h"
#include "pager/space_map_format.h"
#include "structures/list.h"
#include "structures/walk.h"

namespace quire::engine {
namespace {

/// Which pages somebody has claimed, and the problems found so far.
class Ledger final : public structures::PageVisitor, public CheckSink {
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

  void problem(Pid page, const std::string& what) override { add({page, collection_, what}); }

  void problem(const std::string& what) override { problem(CorruptionError::kNoPage, what); }

  void unreached(Pid page, const std::string& what) { add({page, collection_, what, true}); }

  /// Whether the same was said before, of whatever page and collection.
  bool has_told(const std::string& what) const {
    return std::any_of(report_.problems.begin(), report_.problems.end(),
                       [&](const CheckProblem& problem) { return problem.what == what; });
  }

  bool deep() const override { return options_.deep; }
  PageState claimed(Pid pid) const { return claimed_[pid]; }

 private:
  void add(CheckProblem problem) {
    ++report_.problem_count;
    if (report_.problems.size() < options_.max_problems)
      report_.problems.push_back(std::move(problem));
  }

  const CheckOptions& options_;
  Pid page_count_;
  std::vector<PageState> claimed_;
  CheckReport& report_;
  std::string collection_;
  std::uint64_t* pages_ = nullptr;
};

const char* state_name(PageState state) {
  static constexpr const char* kNames[] = {"free", "a structure page", "a data page", "in use"};
  return kNames[static_cast<unsigned>(state)];
}

class Checker {
 public:
  Checker(std::shared_ptr<SnapshotSession> snapshot, const CheckOptions& options,
          CheckReport& report)
      : session_(std::move(snapshot)),
        snapshot_(*session_),
        options_(options),
        report_(report),
        ledger_(options, snapshot_.page_count(), report) {}

  void check_header_slots();
  void check_fixed_pages();
  void check_catalog();
  void compare_with_space_map();
  /// The collections that have a name of their own.
  std::vector<CatalogView::Named> collections();
  /// A collection and all below it.
  void check_family(const CatalogView::Named& named);
  /// Children that belong to no family.
  void check_orphans();
  /// What the reaper has not freed yet, and its list.
  void check_dropped();

 private:
  void check_pages(const std::string& path, const CatalogEntry& entry);
  void check_kind(const std::shared_ptr<OpenCollection>& collection);

  /// Runs one part of the check; an error that no part before it has reported is a problem.
  template <class Fn>
  void part(Fn&& fn) {
    const CallPass pass(snapshot_.core());
    try {
      fn();
    } catch (const CorruptionError& error) {
      if (!ledger_.has_told(error.finding())) ledger_.problem(error.page(), error.finding());
    }
  }
  void compare_group(Pid map_pid);
  void compare_page(Pid pid, PageState in_map);

  std::shared_ptr<SnapshotSession> session_;
  SnapshotSession& snapshot_;
  const CheckOptions& options_;
  CheckReport& report_;
  Ledger ledger_;
  bool all_is_read_ = true;     // when it comes to the space map
  std::uint64_t no_pages_ = 0;  // where those are counted that have none
  std::set<CollectionId> ids_;
  std::set<std::string> children_;  // keys of those that belong to a family
};

/// One works for both, until it is damaged too. What a failed write has left there is for the next
/// open to decide.
void Checker::check_header_slots() {
  ledger_.turn_to("", no_pages_);
  part([&] {
    Core& core = snapshot_.core();
    if (core.queue().poisoned()) return;
    const MutexLock lock(core.header_mutex);
    pager::HeaderSlots slots(core.base());
    for (const int number : {0, 1}) {
      const std::optional<pager::Header> found = slots.read_one(number);
      if (!found) {
        ledger_.problem(static_cast<Pid>(number),
                        "this header slot is damaged, and the other one works; opening the "
                        "database for writing repairs it");
      } else if (!core.options().read_only && *found != core.header) {
        ledger_.problem(static_cast<Pid>(number), "this header slot is not what was written last");
      }
    }
  });
}

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
    SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
    structures::HashView(pages, kCatalogRoot).walk(ledger_);
  });
}

std::vector<CatalogView::Named> Checker::collections() {
  std::vector<CatalogView::Named> found;
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
    const CatalogView catalog(pages);
    structures::HashCursor cursor;
    while (auto named = catalog.next(cursor)) found.push_back(std::move(*named));
  });
  return found;
}

void Checker::check_family(const CatalogView::Named& named) {
  ++report_.collections;
  ledger_.turn_to(named.name, no_pages_);
  std::vector<std::shared_ptr<OpenCollection>> members;
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
    members = family(CatalogView(pages), named);
  });
  for (const auto& member : members) {
    if (member->parent) children_.insert(catalog_key(*member));
    check_pages(path_of(*member), member->entry);
    check_kind(member);
  }
}

void Checker::check_orphans() {
  ledger_.turn_to("", no_pages_);
  std::vector<CatalogView::Named> orphans;
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
    const CatalogView catalog(pages);
    structures::HashCursor cursor;
    while (auto child = catalog.next_child(cursor)) {
      if (!children_.contains(child->name)) orphans.push_back(std::move(*child));
    }
  });
  for (const auto& [key, entry] : orphans) {
    check_pages("child of " + std::to_string(entry.parent), entry);
    ledger_.problem("is in the catalog, but no sound collection has it as its child");
  }
}

void Checker::check_dropped() {
  std::vector<CatalogEntry> dropped;
  ledger_.turn_to("", report_.catalog_pages);
  part([&] {
    SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
    const Pid root = CatalogView(pages).reaper_root();
    if (root == kNoPid) return;
    const structures::ListView list(pages, root);
    list.walk(ledger_);
    for (std::uint64_t index = 0; index < list.size(); ++index) {
      dropped.push_back(decode_catalog_entry("a dropped collection", list.at(index)));
    }
  });
  for (const CatalogEntry& entry : dropped) {
    check_pages("dropped collection " + std::to_string(entry.id), entry);
  }
}

void Checker::check_pages(const std::string& path, const CatalogEntry& entry) {
  ledger_.turn_to(path, entry.kind == CollectionKind::blob   ? report_.blob_pages
                        : entry.kind == CollectionKind::list ? report_.list_pages
                        : entry.kind == CollectionKind::hash ? report_.hash_pages
                                                             : no_pages_);
  if (entry.id == kEngineOwner || !ids_.insert(entry.id).second) {
    ledger_.problem("collection id " + std::to_string(entry.id) + " is not its own");
    return;
  }
  part([&] {
    SnapshotPages pages = snapshot_.pages(entry.id, pager::Caching::no);
    walk_structure(entry, pages, ledger_);
  });
}

/// The check that a composite's own type has, if the caller has named it.
void Checker::check_kind(const std::shared_ptr<OpenCollection>& collection) {
  if (collection->entry.kind != CollectionKind::composite) return;
  const auto check = options_.kinds.find(collection->entry.kind_name);
  if (check == options_.kinds.end()) return;
  try {
    check->second(make_read_scope(session_, collection), ledger_);
  } catch (const CorruptionError& error) {
    ledger_.problem(error.page(), error.finding());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io || error.code() == ErrorCode::closed) throw;
    ledger_.problem(std::string(error.message()));
  }
}

void Checker::compare_page(Pid pid, PageState in_map) {
  const PageState claimed = ledger_.claimed(pid);
  if (claimed == in_map) {
    if (claimed == PageState::free) ++report_.free_pages;
    return;
  }
  if (claimed == PageState::free) {
    ++report_.unaccounted_pages;
    const std::string said = std::string("the space map says it is ") + state_name(in_map);
    if (all_is_read_) {
      ledger_.problem(pid, "leaked: " + said + ", and nothing refers to it");
    } else {
      ledger_.unreached(pid,
                        "not reached: " + said + ", and nothing that can be read refers to it");
    }
  } else {
    ledger_.problem(pid, std::string("is ") + state_name(claimed) +
                             ", but the space map says it is " + state_name(in_map));
  }
}

void Checker::compare_group(Pid map_pid) {
  SnapshotPages pages = snapshot_.pages(kEngineOwner, pager::Caching::no);
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
  all_is_read_ = report_.problem_count == 0;
  ledger_.turn_to("", no_pages_);
  for (std::uint64_t pid = 0; pid < snapshot_.page_count(); pid += kGroupSize) {
    part([&] { compare_group(map_page_of(static_cast<Pid>(pid))); });
  }
}

}  // namespace

CheckReport check(const std::shared_ptr<SnapshotSession>& snapshot, const CheckOptions& options,
                  const ProgressFunction& progress) {
  CheckReport report;
  report.seq = snapshot->seq();
  report.pages = snapshot->page_count();
  Checker checker(snapshot, options, report);
  checker.check_header_slots();
  checker.check_fixed_pages();
  checker.check_catalog();
  const std::vector<CatalogView::Named> collections = checker.collections();
  std::uint64_t done = 0;
  for (const CatalogView::Named& named : collections) {
    if (progress) progress(done++, collections.size());
    checker.check_family(named);
  }
  checker.check_orphans();
  checker.check_dropped();
  checker.compare_with_space_map();
  if (progress) progress(collections.size(), collections.size());
  return report;
}

}  // namespace quire::engine
