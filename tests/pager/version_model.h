#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pager/snapshot_registry.h"
#include "pager/version_map.h"
#include "tests/support/step_search.h"

// The version protocol (rules V1, V2, K1 to K3, M1, M2, M4, M8) as a world of actors around a real
// VersionMap and a real SnapshotRegistry. A step is one critical section of theirs, one I/O of a
// modelled base, or one change of V, D or the header. Actors follow the files of engine/ and pager/
// that they name.
//
// The content of a page is the number of the commit that wrote it, 0 at first; frames hold it in
// Frame::sum. A write of the base is two steps, between them the page is torn.
//
// A scan of the registrations is one step, though it takes them one by one: below the horizon,
// which is raised before, registrations only end, so a slow scan keeps at most too much.

namespace quire::pager::model {

using testing::StateKey;
using testing::Violation;

using Content = std::uint32_t;
// No checksum accepts these:
inline constexpr Content kTorn = 200;
inline constexpr Content kZeros = 201;    // room, but nothing written yet
inline constexpr Content kMissing = 202;  // behind the end of the file
inline bool is_intact(Content content) { return content < kTorn; }
std::string text_of(Content content);

/// One rule that an actor breaks.
enum class Mutant {
  none,
  // whoever starts a snapshot, or reclaims
  horizon_not_checked_again,
  scan_before_horizon,
  horizon_above_visible,
  // the checkpoint
  base_settled_without_horizon,
  base_settled_without_readers,
  base_never_settled,
  base_overwritten_before_hung_in,
  not_registered_as_reader,
  registration_ends_before_writes,
  every_version_marked_saved,
  marked_saved_before_sync,
  marked_saved_though_sync_failed,
  generation_not_closed_at_end,
  generation_retired_before_header,
  unreadable_base_stops_checkpoint,
  tail_cut_under_a_snapshot,
  tail_cut_though_room_is_reserved,
  // commits
  durable_before_sync,
  relaxed_commit_shows_those_before,
  free_not_published,
  // whoever reads or writes
  page_in_use_published_as_fresh,
  // pages that are written before their commit
  early_page_before_its_base_is_durable,
  early_page_under_a_snapshot,
  early_page_without_a_look,
  early_page_not_vacated,
  early_page_not_synced,
  load_installed_under_new_note,
  refused_load_used,
  direct_read_not_compared,
  torn_read_reported_unchecked,
};

enum class Op : std::uint8_t {
  none,
  write,
  free,
  cut,   // free, and the end of the file is before it from now on
  grow,  // a write behind the end of the file
  bulk,  // of a page that was free, to its place before the commit if nobody needs what is there
};
inline bool is_end_of_life(Op op) { return op == Op::free || op == Op::cut; }

struct Commit {
  bool is_relaxed = false;
  std::vector<Op> ops;  // by page
};

class Actor;
struct World;
using ActorMaker = std::function<std::unique_ptr<Actor>()>;

struct Scenario {
  std::string name;
  std::vector<Commit> commits;  // commit 1 first
  std::vector<ActorMaker> cast;
  std::size_t pages = 1;
  bool syncs_fail = false;  // of the base and the header
  bool log_syncs_fail = false;
  bool old_base_may_fail = false;  // the checkpoint cannot read what it is about to overwrite
  bool rolls_back = false;         // a commit with bulk pages is given up once before
  Mutant mutant = Mutant::none;

  Op op(Seq seq, Pid page) const { return commits[seq - 1].ops[page]; }
  Seq last_commit() const { return commits.size(); }
  /// What a snapshot at `seq` must see; nothing if the page is free there.
  std::optional<Content> truth(Seq seq, Pid page) const;
  /// The page lies behind the end of the file as of `seq`.
  bool is_cut_off(Seq seq, Pid page) const;
};

/// Does one step after the other.
class Actor {
 public:
  explicit Actor(std::string name) : name_(std::move(name)) {}
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  const std::string& name() const { return name_; }
  virtual const char* next() const = 0;
  virtual int choices() const { return 1; }
  /// False, with nothing changed, if it cannot go on now.
  virtual bool step(World& world, int choice) = 0;
  /// It may stay where it is for ever.
  virtual bool at_rest() const = 0;
  /// What decides its later steps, without next().
  virtual void add_to(StateKey& key, World& world) const = 0;
  /// The commit of the snapshot that it has open.
  virtual std::optional<Seq> snapshot() const { return {}; }

 private:
  std::string name_;
};

ActorMaker writer();
/// Reads each page that it is about to write, as of the newest published commit.
ActorMaker modifying_writer();
ActorMaker leader();
/// One whose work is one step.
ActorMaker swift_leader();
/// Begins as many checkpoints, one after the other; cuts the file if a commit has cut off its tail.
ActorMaker checkpointer(int rounds);
ActorMaker reclaimer();
ActorMaker evictor();
/// One snapshot that reads the pages of `plan` and keeps them beyond its end.
ActorMaker reader(std::string name, std::vector<Pid> plan);
/// The same, past the frames.
ActorMaker direct_reader(std::string name, std::vector<Pid> plan);
/// A load that no snapshot stands behind.
ActorMaker loader();

StateKey& operator<<(StateKey& key, const Readers& readers);

struct BasePage {
  Content content = 0;
  bool is_synced = true;
};

/// What a header says: the base is complete up to `end`, the log is needed from behind `log_start`.
struct HeaderState {
  Seq end = 0;
  Seq log_start = 0;
};

struct World {
  explicit World(const Scenario& scenario);

  // For StepSearch.
  std::size_t actors() const { return cast.size(); }
  int choices(std::size_t actor) const { return cast[actor]->choices(); }
  bool step(std::size_t actor, int choice);
  std::string about(std::size_t actor) const;
  std::string key();
  void check();
  void check_end();
  std::string picture();

  bool breaks(Mutant mutant) const { return scenario.mutant == mutant; }
  FramePtr new_frame(Content content) const;
  static Content content_of(const FramePtr& frame) { return frame->sum; }
  /// What V may be: every immediate commit up to it is durable.
  Seq most_visible() const;
  void raise_visible() { visible = std::max(visible, most_visible()); }
  /// Who is registered now.
  Readers readers_at(Seq horizon);
  /// The commit up to `end` that cut off a tail which the file still has; 0 without one.
  Seq missing_tail_at(Seq end) const;
  /// Whether a reclaimer would find something.
  bool has_unneeded_version(const Readers& readers);

  const Scenario& scenario;
  VersionMap map{1};  // of one stripe
  SnapshotRegistry registry;
  Seq published = 0;
  Seq visible = 0;
  Seq durable = 0;
  Seq written = 0;      // to the log
  Seq synced = 0;       // of these; a crash leaves any part of what was written behind it
  Seq log_deleted = 0;  // up to here
  bool is_publishing = false;
  bool is_reserved = false;  // a commit counts on the file reaching to its last page
  bool is_poisoned = false;
  /// Where the log says BULK: the commit, by page, of the last one.
  std::vector<Seq> bulk_records;
  HeaderState header;
  std::optional<HeaderState> unsynced_header;
  std::vector<BasePage> base;
  std::shared_ptr<FrameCount> frame_count = std::make_shared<FrameCount>();
  std::vector<std::unique_ptr<Actor>> cast;

 private:
  void check_order() const;
  void check_snapshot(Seq seq);
  void check_base();
  void check_in_base(Pid page, const Version& version) const;
  void check_counts();
  void check_crash() const;
  void check_recovered(const HeaderState& found, Seq end, Pid page) const;

  Seq visible_before_ = 0;  // the last step
  Seq durable_before_ = 0;
  Seq horizon_before_ = 0;
};

}  // namespace quire::pager::model
