#include <utility>

#include "tests/pager/version_model_walker.h"

namespace quire::pager::model {
namespace {

/// engine/checkpointer.cc with PagePool::save(). All pages of a scenario are neighbours, hence one
/// slice: each page is settled before the first is written.
class Checkpointer : public Walker<Checkpointer> {
 public:
  explicit Checkpointer(int rounds) : Walker("checkpointer"), rounds_(rounds) {}

  int choices() const override {
    const bool may_fail = is_at(&Checkpointer::load) || is_at(&Checkpointer::sync) ||
                          is_at(&Checkpointer::sync_header);
    return may_fail ? 2 : 1;
  }
  bool at_rest() const override { return Walker::at_rest() || is_at(&Checkpointer::begin); }

  /// The generation ends: under the publish mutex.
  bool begin(World& world, int) {
    const bool has_work = world.published > world.header.end && rounds_ > 0;
    if (!has_work || world.is_publishing || world.is_poisoned) return false;
    --rounds_;
    const bool is_closed = !world.breaks(Mutant::generation_not_closed_at_end);
    end_ = is_closed ? world.published : world.durable;
    log_end_ = world.published;
    if (!world.breaks(Mutant::not_registered_as_reader)) registration_ = &world.registry.add(end_);
    return go("wait for D", &Checkpointer::wait);
  }

  bool wait(World& world, int) {
    if (world.is_poisoned) return end();
    if (world.durable < end_ || world.visible < end_) return false;
    if (!world.breaks(Mutant::base_settled_without_horizon)) world.registry.raise_horizon(end_);
    return go("scan", &Checkpointer::scan);
  }

  bool scan(World& world, int) {
    // What raise_horizon() returns when there is nothing to raise any more.
    readers_ = world.readers_at(end_);
    if (world.breaks(Mutant::base_settled_without_readers)) readers_.seqs.clear();
    unsaved_ = world.map.unsaved_pages(end_);
    if (world.breaks(Mutant::registration_ends_before_writes)) unregister(world);
    return go_on_with_next_page();
  }

  bool settle(World& world, int) {
    if (world.breaks(Mutant::base_never_settled)) return take_what_is_found(world);
    return go_on_with(world, world.map.begin_save(page(), end_, readers_));
  }

  bool load(World& world, int choice) {
    if (choice != 0 && !world.scenario.old_base_may_fail) return false;
    if (choice != 0 && world.breaks(Mutant::unreadable_base_stops_checkpoint)) {
      return go("stopped", &Checkpointer::stopped);
    }
    old_ = choice != 0 ? kMissing : world.base[page()].content;
    return go("hang in", &Checkpointer::hang_in);
  }

  bool hang_in(World& world, int) {
    FramePtr old = old_ == kMissing ? nullptr : world.new_frame(old_);
    old_ = 0;
    return go_on_with(world, world.map.begin_save_with(page(), std::move(old), end_, readers_));
  }

  bool write(World& world, int) {
    for (const auto& [page, content] : written_) world.base[page] = {kTorn, false};
    return go("write the rest", &Checkpointer::write_rest);
  }

  bool write_rest(World& world, int) {
    for (const auto& [page, content] : written_) {
      world.base[page] = {content, false};
      if (world.breaks(Mutant::marked_saved_before_sync)) world.map.mark_saved(page, content);
    }
    return go("sync", &Checkpointer::sync);
  }

  bool sync(World& world, int choice) {
    if (choice != 0) return fail_sync(world);
    for (BasePage& page : world.base) page.is_synced = true;
    return go_on_after_sync();
  }

  bool mark(World& world, int) {
    const auto [page, content] = written_.back();
    written_.pop_back();
    for (Seq seq = 1; seq <= world.published; ++seq) {
      if (seq == content || world.breaks(Mutant::every_version_marked_saved)) {
        world.map.mark_saved(page, seq);
      }
    }
    return go_on_after_sync();
  }

  bool write_header(World& world, int) {
    world.unsynced_header = HeaderState{end_, log_end_};
    if (world.breaks(Mutant::generation_retired_before_header)) world.log_deleted = log_end_;
    return go("sync header", &Checkpointer::sync_header);
  }

  bool sync_header(World& world, int choice) {
    if (choice != 0) {  // either header may be found
      if (!world.scenario.syncs_fail) return false;
      world.is_poisoned = true;
      return end();
    }
    world.header = *world.unsynced_header;
    world.unsynced_header.reset();
    return go("retire", &Checkpointer::retire);
  }

  bool retire(World& world, int) {
    if (world.is_poisoned) return end();  // as a leader
    world.log_deleted = log_end_;
    unregister(world);
    readers_ = {};
    if (world.missing_tail_at(end_) != 0)
      return go("raise to the cut", &Checkpointer::raise_to_cut);
    return finish();
  }

  bool raise_to_cut(World& world, int) {
    world.registry.raise_horizon(world.missing_tail_at(end_));
    return go("scan for the cut", &Checkpointer::scan_for_cut);
  }

  bool scan_for_cut(World& world, int) {
    const Seq cut = world.missing_tail_at(end_);
    const Readers readers = world.readers_at(cut);
    const bool is_seen = readers.need(0, cut);
    if (is_seen && !world.breaks(Mutant::tail_cut_under_a_snapshot)) return finish();
    return go("cut the file", &Checkpointer::cut_file);
  }

  /// One section, so that no room is reserved between the look and the end of the cut (S3).
  bool cut_file(World& world, int) {
    if (!world.is_reserved || world.breaks(Mutant::tail_cut_though_room_is_reserved)) {
      for (Pid page = 0; page < world.scenario.pages; ++page) {
        if (world.scenario.is_cut_off(end_, page)) world.base[page] = {kMissing, true};
      }
    }
    return finish();
  }

  void add_to(StateKey& key, World&) const override {
    key << static_cast<unsigned>(rounds_) << end_ << log_end_ << (registration_ != nullptr)
        << readers_ << at_ << old_ << unsaved_.size();
    for (const Pid page : unsaved_) key << page;
    key << written_.size();
    for (const auto& [page, content] : written_) key << page << content;
  }

 private:
  Pid page() const { return unsaved_[at_]; }

  bool go_on_with_next_page() {
    if (at_ < unsaved_.size()) return go("settle", &Checkpointer::settle);
    unsaved_.clear();
    at_ = 0;
    return written_.empty() ? go("sync", &Checkpointer::sync) : go("write", &Checkpointer::write);
  }

  bool go_on_with(World& world, const VersionMap::Save& save) {
    switch (save.step) {
      case VersionMap::Save::Step::write:
        return take(World::content_of(save.frame));
      case VersionMap::Save::Step::load_base:
        if (world.breaks(Mutant::base_overwritten_before_hung_in)) {
          world.base[page()] = {kTorn, false};
        }
        return go("load the old base", &Checkpointer::load);
      case VersionMap::Save::Step::nothing:
        ++at_;
        return go_on_with_next_page();
    }
    return false;
  }

  bool take(Content content) {
    written_.emplace_back(page(), content);
    ++at_;
    return go_on_with_next_page();
  }

  bool take_what_is_found(World& world) {
    return take(World::content_of(world.map.find(page(), end_).frame));
  }

  /// F1, K2: what was in flight is unknown now, and the registration stays.
  bool fail_sync(World& world) {
    if (!world.scenario.syncs_fail) return false;
    world.is_poisoned = true;
    for (BasePage& page : world.base) {
      if (!page.is_synced) page.content = kTorn;
    }
    if (world.breaks(Mutant::marked_saved_though_sync_failed)) return go_on_after_sync();
    return end();
  }

  bool go_on_after_sync() {
    return written_.empty() ? go("write header", &Checkpointer::write_header)
                            : go("mark saved", &Checkpointer::mark);
  }

  bool stopped(World&, int) { return false; }

  bool finish() {
    end_ = log_end_ = 0;
    return go("begin", &Checkpointer::begin);
  }

  void unregister(World& world) {
    if (registration_ != nullptr) world.registry.remove(*registration_);
    registration_ = nullptr;
  }

  int rounds_;
  Seq end_ = 0;      // G
  Seq log_end_ = 0;  // the last commit of the generation that ends
  SnapshotRegistry::Entry* registration_ = nullptr;
  Readers readers_;
  std::vector<Pid> unsaved_;
  std::size_t at_ = 0;  // of unsaved_
  Content old_ = 0;
  std::vector<std::pair<Pid, Content>> written_;  // or about to be, not marked yet
};

}  // namespace

ActorMaker checkpointer(int rounds) {
  return [rounds] { return std::make_unique<Checkpointer>(rounds); };
}

}  // namespace quire::pager::model
