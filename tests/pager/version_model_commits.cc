#include <algorithm>

#include "tests/pager/version_model_read.h"
#include "tests/pager/version_model_walker.h"

namespace quire::pager::model {
namespace {

/// engine/committer.cc: reserves room, publishes page by page under the publish mutex, raises V.
/// Before that, pager/private_pages_early.cc and engine/early_writing.cc: bulk pages.
class Writer : public Walker<Writer> {
 public:
  explicit Writer(bool reads_first) : Walker("writer"), reads_first_(reads_first) {}

  bool begin(World& world, int) { return begin_commit(world); }

  /// One step of the read of page_, which has a content to be changed.
  bool read(World& world, int) {
    if (!read_->step(world)) return true;
    read_.reset();
    ++page_;
    return prepare(world);
  }

  /// The file grows, or keeps the length it has.
  bool reserve(World& world, int) {
    world.is_reserved = true;
    for (Pid page = 0; page < world.scenario.pages; ++page) {
      if (world.base[page].content == kMissing) world.base[page] = {kZeros, true};
    }
    return go_on_with_early_pages(world);
  }

  bool wait_for_base(World& world, int) {
    if (world.is_poisoned) return end();
    const bool is_durable = world.durable >= seq_ - 1 && world.visible >= seq_ - 1;
    if (!is_durable && !world.breaks(Mutant::early_page_before_its_base_is_durable)) return false;
    world.registry.raise_horizon(std::min(seq_ - 1, world.visible));
    return go("scan", &Writer::scan);
  }

  bool scan(World& world, int) {
    readers_ = world.readers_at(world.registry.horizon());
    if (world.breaks(Mutant::early_page_under_a_snapshot)) readers_.seqs.clear();
    return go("look for vacant pages", &Writer::choose);
  }

  bool choose(World& world, int) {
    for (Pid page = 0; page < world.scenario.pages; ++page) {
      if (world.scenario.op(seq_, page) != Op::bulk) continue;
      const bool is_vacant = world.map.is_vacant(page, readers_);
      const bool looks = !world.breaks(Mutant::early_page_without_a_look);
      if (is_vacant || !looks) early_.push_back(page);
    }
    readers_ = {};
    return early_.empty() ? go_publish(world) : go("write early", &Writer::write_early);
  }

  bool write_early(World& world, int) {
    for (const Pid page : early_) world.base[page] = {kTorn, false};
    return go("write the rest early", &Writer::write_early_rest);
  }

  bool write_early_rest(World& world, int) {
    for (const Pid page : early_) world.base[page].content = static_cast<Content>(seq_);
    return go("vacate", &Writer::vacate);
  }

  bool vacate(World& world, int) {
    for (const Pid page : early_) {
      if (!world.breaks(Mutant::early_page_not_vacated)) world.map.vacate(page);
    }
    return go("sync early", &Writer::sync_early);
  }

  bool sync_early(World& world, int choice) {
    if (choice != 0) return roll_back_or_fail(world);
    if (!world.breaks(Mutant::early_page_not_synced)) {
      for (BasePage& page : world.base) page.is_synced = true;
    }
    return go_publish(world);
  }

  bool publish(World& world, int) {
    if (world.is_poisoned && !world.is_publishing) return end();
    world.is_publishing = true;
    publish_page(world);
    ++page_;
    skip_untouched(world);
    return page_ < world.scenario.pages ? true : go("end of publish", &Writer::end_of_publish);
  }

  bool end_of_publish(World& world, int) {
    world.published = seq_;
    world.raise_visible();
    const bool is_relaxed = world.scenario.commits[seq_ - 1].is_relaxed;
    if (is_relaxed && world.breaks(Mutant::relaxed_commit_shows_those_before)) {
      world.visible = seq_;
    }
    world.is_publishing = false;
    ++seq_;
    return begin_commit(world);
  }

  int choices() const override { return is_at(&Writer::sync_early) ? 2 : 1; }

  void add_to(StateKey& key, World& world) const override {
    key << seq_ << page_ << has_rolled_back_ << readers_ << early_.size();
    for (const Pid page : early_) key << page;
    if (read_) read_->add_to(key, world);
  }

 private:
  /// What it has written lies in free pages, and the same commit is made anew.
  bool roll_back_or_fail(World& world) {
    if (world.scenario.rolls_back && !has_rolled_back_) {
      has_rolled_back_ = true;
      return begin_commit(world);
    }
    if (!world.scenario.syncs_fail) return false;
    world.is_poisoned = true;
    return end();
  }

  bool begin_commit(World& world) {
    page_ = 0;
    early_.clear();
    if (seq_ > world.scenario.last_commit() || world.is_poisoned) return end();
    return prepare(world);
  }

  /// What comes before publish(): reads from page_ on, then room.
  bool prepare(World& world) {
    while (reads_first_ && page_ < world.scenario.pages) {
      const bool has_content = world.scenario.truth(seq_ - 1, page_).has_value();
      if (has_content && world.scenario.op(seq_, page_) == Op::write) {
        read_.emplace(page_, seq_ - 1, Read::Way::cached);
        return go("read", &Writer::read);
      }
      ++page_;
    }
    const bool is_longer = commits(Op::grow, world) || commits(Op::bulk, world);
    return is_longer ? go("reserve", &Writer::reserve) : go_publish(world);
  }

  bool commits(Op op, const World& world) const {
    const std::vector<Op>& ops = world.scenario.commits[seq_ - 1].ops;
    return std::count(ops.begin(), ops.end(), op) > 0;
  }

  bool go_on_with_early_pages(const World& world) {
    if (!commits(Op::bulk, world)) return go_publish(world);
    return go("wait for the base", &Writer::wait_for_base);
  }

  bool go_publish(const World& world) {
    page_ = 0;
    skip_untouched(world);
    return go("publish", &Writer::publish);
  }

  void skip_untouched(const World& world) {
    while (page_ < world.scenario.pages && world.scenario.op(seq_, page_) == Op::none) ++page_;
  }

  void publish_page(World& world) const {
    if (is_end_of_life(world.scenario.op(seq_, page_))) {
      if (!world.breaks(Mutant::free_not_published)) world.map.publish_free(page_, seq_);
      return;
    }
    if (std::count(early_.begin(), early_.end(), page_) > 0) {
      world.bulk_records[page_] = seq_;
      return;
    }
    const bool was_free = !world.scenario.truth(seq_ - 1, page_).has_value();
    const bool is_fresh = was_free || world.breaks(Mutant::page_in_use_published_as_fresh);
    world.map.publish(page_, seq_, world.new_frame(static_cast<Content>(seq_)), is_fresh);
  }

  bool reads_first_;
  Seq seq_ = 1;
  Pid page_ = 0;
  std::optional<Read> read_;
  Readers readers_;
  std::vector<Pid> early_;  // pages that are written early
  bool has_rolled_back_ = false;
};

/// engine/commit_queue.cc: takes all that is published, writes it, syncs if that is asked for or if
/// one of the commits is immediate, then raises D and V in one section.
class Leader : public Walker<Leader> {
 public:
  Leader() : Walker("leader") {}

  int choices() const override { return is_at(&Leader::sync) || is_at(&Leader::write) ? 2 : 1; }
  bool at_rest() const override { return Walker::at_rest() || is_at(&Leader::begin); }

  bool begin(World& world, int) {
    if (world.published == world.durable || world.is_poisoned) return false;
    group_end_ = world.published;
    return go("write", &Leader::write);
  }

  bool write(World& world, int choice) {
    const bool is_synced = choice == 0;
    if (!is_synced && world.most_visible() < group_end_) return false;  // an immediate commit
    world.written = group_end_;
    if (world.breaks(Mutant::durable_before_sync)) world.durable = group_end_;
    return is_synced ? go("sync", &Leader::sync) : go("raise V", &Leader::raise);
  }

  bool sync(World& world, int choice) {
    if (choice != 0) {  // what of it has reached the disk is unknown, D and V stay
      if (!world.scenario.log_syncs_fail) return false;
      world.is_poisoned = true;
      return end();
    }
    world.synced = group_end_;
    return go("raise D and V", &Leader::raise);
  }

  bool raise(World& world, int) {
    world.durable = world.synced;
    world.raise_visible();
    group_end_ = 0;
    return go("begin", &Leader::begin);
  }

  void add_to(StateKey& key, World&) const override { key << group_end_; }

 private:
  Seq group_end_ = 0;
};

/// The same as one step, for scenarios that look at other things.
class SwiftLeader : public Walker<SwiftLeader> {
 public:
  SwiftLeader() : Walker("leader") {}

  bool begin(World& world, int) {
    if (world.published == world.durable || world.is_poisoned) return false;
    world.written = world.synced = world.durable = world.published;
    world.raise_visible();
    return true;
  }
  bool at_rest() const override { return true; }
  void add_to(StateKey&, World&) const override {}
};

}  // namespace

ActorMaker writer() {
  return [] { return std::make_unique<Writer>(false); };
}
ActorMaker modifying_writer() {
  return [] { return std::make_unique<Writer>(true); };
}
ActorMaker leader() {
  return [] { return std::make_unique<Leader>(); };
}
ActorMaker swift_leader() {
  return [] { return std::make_unique<SwiftLeader>(); };
}

}  // namespace quire::pager::model
