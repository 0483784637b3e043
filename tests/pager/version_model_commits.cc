#include <algorithm>

#include "tests/pager/version_model_read.h"
#include "tests/pager/version_model_walker.h"

namespace quire::pager::model {
namespace {

/// engine/committer.cc: reserves room, publishes page by page under the publish mutex, raises V.
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

  void add_to(StateKey& key, World& world) const override {
    key << seq_ << page_;
    if (read_) read_->add_to(key, world);
  }

 private:
  bool begin_commit(World& world) {
    page_ = 0;
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
    const std::vector<Op>& ops = world.scenario.commits[seq_ - 1].ops;
    if (std::count(ops.begin(), ops.end(), Op::grow) > 0) return go("reserve", &Writer::reserve);
    return go_publish(world);
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
    const bool was_free = !world.scenario.truth(seq_ - 1, page_).has_value();
    const bool is_fresh = was_free || world.breaks(Mutant::page_in_use_published_as_fresh);
    world.map.publish(page_, seq_, world.new_frame(static_cast<Content>(seq_)), is_fresh);
  }

  bool reads_first_;
  Seq seq_ = 1;
  Pid page_ = 0;
  std::optional<Read> read_;
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
