#include "tests/pager/version_model_walker.h"

namespace quire::pager::model {
namespace {

/// What ends of snapshots and commits do: raise the horizon, scan, prune everything or page by
/// page.
class Reclaimer : public Walker<Reclaimer> {
 public:
  Reclaimer() : Walker("reclaimer") {}

  int choices() const override { return is_at(&Reclaimer::prune) ? 2 : 1; }
  bool at_rest() const override { return is_at(&Reclaimer::begin); }

  bool begin(World& world, int) {
    horizon_ = world.breaks(Mutant::horizon_above_visible) ? world.published : world.visible;
    const bool is_raised = world.registry.horizon() >= horizon_;
    if (is_raised && !world.has_unneeded_version(world.readers_at(horizon_))) return false;
    if (world.breaks(Mutant::scan_before_horizon)) {
      readers_ = world.readers_at(horizon_);
      return go("raise horizon late", &Reclaimer::raise_late);
    }
    world.registry.raise_horizon(horizon_);
    return go("scan", &Reclaimer::scan);
  }

  bool scan(World& world, int) {
    readers_ = world.registry.raise_horizon(horizon_);
    return go("prune", &Reclaimer::prune);
  }

  bool prune(World& world, int choice) {
    const bool is_by_page = choice != 0;
    if (!is_by_page) world.map.prune(readers_);
    for (Pid page = 0; is_by_page && page < world.scenario.pages; ++page) {
      world.map.prune_page(page, readers_);
    }
    if (world.has_unneeded_version(readers_)) throw Violation("pruning leaves what nobody needs");
    readers_ = {};
    horizon_ = 0;
    return go("begin", &Reclaimer::begin);
  }

  void add_to(StateKey& key, World&) const override {
    if (!at_rest()) key << horizon_ << readers_;
  }

 private:
  bool raise_late(World& world, int) {
    world.registry.raise_horizon(horizon_);
    return go("prune", &Reclaimer::prune);
  }

  Seq horizon_ = 0;
  Readers readers_;
};

/// Lets go of all that can go of one page; choice: which.
class Evictor : public Walker<Evictor> {
 public:
  Evictor() : Walker("evictor") {}

  int choices() const override { return 2; }
  bool at_rest() const override { return true; }

  bool begin(World& world, int choice) {
    const auto page = static_cast<Pid>(choice);
    if (page >= world.scenario.pages) return false;
    std::vector<std::vector<Version>> others;  // frames that somebody holds stay
    for (Pid other = 0; other < world.scenario.pages; ++other) {
      if (other != page) others.push_back(world.map.versions_of(other));
    }
    return world.map.evict(0) > 0;
  }

  void add_to(StateKey&, World&) const override {}
};

}  // namespace

ActorMaker reclaimer() {
  return [] { return std::make_unique<Reclaimer>(); };
}
ActorMaker evictor() {
  return [] { return std::make_unique<Evictor>(); };
}

}  // namespace quire::pager::model
