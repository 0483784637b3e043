#include <limits>
#include <utility>

#include "tests/pager/version_model_read.h"
#include "tests/pager/version_model_walker.h"

namespace quire::pager::model {
namespace {

void add_frame(StateKey& key, World& world, Pid page, const FramePtr& frame) {
  const std::vector<Version> chain = world.map.versions_of(page);
  std::size_t index = 0;
  while (index < chain.size() && chain[index].frame != frame) ++index;
  key << index;  // the size: it has left the chain
}

/// engine/session.cc, SnapshotRegistry::add() step by step, and PagePool's reads.
class Reader : public Walker<Reader> {
 public:
  Reader(std::string name, std::vector<Pid> plan, Read::Way way)
      : Walker(std::move(name)), plan_(std::move(plan)), way_(way) {}

  std::optional<Seq> snapshot() const override {
    const bool is_open = is_at(&Reader::read) || is_at(&Reader::end_snapshot);
    return is_open ? std::optional<Seq>(seq_) : std::nullopt;
  }

  bool begin(World& world, int) {
    seq_ = world.visible;
    return go("register", &Reader::enter);
  }

  bool enter(World& world, int) {
    registration_ = &world.registry.add(seq_);
    if (world.breaks(Mutant::horizon_not_checked_again)) return next_read(world);
    return go("check the horizon", &Reader::validate);
  }

  bool validate(World& world, int) {
    if (world.registry.horizon() <= seq_) return next_read(world);
    leave(world);
    seq_ = 0;
    return go("begin", &Reader::begin);
  }

  bool read(World& world, int) {
    if (!read_->step(world)) return true;
    if (read_->frame()) held_.emplace_back(read_->page(), read_->frame());
    read_.reset();
    return next_read(world);
  }

  bool end_snapshot(World& world, int) {
    leave(world);
    seq_ = 0;
    return held_.empty() ? end() : go("let go of values", &Reader::let_go);
  }

  bool let_go(World&, int) {
    held_.clear();
    return end();
  }

  void add_to(StateKey& key, World& world) const override {
    key << seq_ << (registration_ != nullptr) << at_;
    if (read_) read_->add_to(key, world);
    key << held_.size();
    for (const auto& [page, frame] : held_) {
      key << page;
      add_frame(key, world, page, frame);
    }
  }

 private:
  /// No pointer leads to a page that is free in this snapshot.
  bool next_read(World& world) {
    while (at_ < plan_.size() && !world.scenario.truth(seq_, plan_[at_])) ++at_;
    if (at_ == plan_.size()) return go("end", &Reader::end_snapshot);
    read_.emplace(plan_[at_++], seq_, way_);
    return go("read", &Reader::read);
  }

  void leave(World& world) {
    world.registry.remove(*registration_);
    registration_ = nullptr;
  }

  std::vector<Pid> plan_;
  Read::Way way_;
  Seq seq_ = 0;
  SnapshotRegistry::Entry* registration_ = nullptr;
  std::size_t at_ = 0;  // of plan_
  std::optional<Read> read_;
  std::vector<std::pair<Pid, FramePtr>> held_;  // by Values
};

/// Read-ahead of page 0: it reports nothing.
class Loader : public Walker<Loader> {
 public:
  Loader() : Walker("loader") {}

  bool at_rest() const override { return Walker::at_rest() || is_at(&Loader::begin); }

  bool begin(World& world, int) {
    const VersionMap::Found found = world.map.find(0, kNewest);
    if (found.where != VersionMap::Found::Where::base) return false;
    note_ = found.note;
    return go("pread", &Loader::pread);
  }

  bool pread(World& world, int) {
    data_ = world.base[0].content;
    return go("install", &Loader::install);
  }

  bool install(World& world, int) {
    const bool is_late = world.breaks(Mutant::load_installed_under_new_note);
    const LoadNote note = is_late ? world.map.find(0, kNewest).note : note_;
    if (is_intact(data_)) world.map.install(0, note, world.new_frame(data_));
    return end();
  }

  void add_to(StateKey& key, World& world) const override {
    if (at_rest()) return;
    const LoadNote now = world.map.find(0, kNewest).note;
    key << data_ << note_.empty_chain << (note_.changes == now.changes);
  }

 private:
  static constexpr Seq kNewest = std::numeric_limits<Seq>::max();
  LoadNote note_;
  Content data_ = 0;
};

}  // namespace

ActorMaker reader(std::string name, std::vector<Pid> plan) {
  return [=] { return std::make_unique<Reader>(name, plan, Read::Way::cached); };
}
ActorMaker direct_reader(std::string name, std::vector<Pid> plan) {
  return [=] { return std::make_unique<Reader>(name, plan, Read::Way::direct); };
}
ActorMaker loader() {
  return [] { return std::make_unique<Loader>(); };
}

}  // namespace quire::pager::model
