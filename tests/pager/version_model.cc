#include "tests/pager/version_model.h"

#include <algorithm>
#include <set>

namespace quire::pager::model {
namespace {

[[noreturn]] void lost(Seq seq, Pid page, const std::string& found, Content wanted) {
  throw Violation("snapshot " + std::to_string(seq) + " would find " + found + " in page " +
                  std::to_string(page) + ", not " + std::to_string(wanted));
}

bool is_said_to_be_in_base(const Version& version) {
  return version.kind == Version::Kind::base ||
         (version.kind == Version::Kind::frame && version.mark == Mark::equal);
}

}  // namespace

std::string text_of(Content content) {
  switch (content) {
    case kTorn:
      return "torn content";
    case kZeros:
      return "zeros";
    case kMissing:
      return "the end of the file";
    default:
      return std::to_string(content);
  }
}

StateKey& operator<<(StateKey& key, const Readers& readers) {
  key << readers.horizon << readers.seqs.size();
  for (const Seq seq : readers.seqs) key << seq;
  return key;
}

std::optional<Content> Scenario::truth(Seq seq, Pid page) const {
  for (; seq > 0; --seq) {
    if (is_end_of_life(op(seq, page))) return {};
    if (op(seq, page) != Op::none) return static_cast<Content>(seq);
  }
  return 0;
}

bool Scenario::is_cut_off(Seq seq, Pid page) const {
  while (seq > 0 && op(seq, page) == Op::none) --seq;
  return seq > 0 && op(seq, page) == Op::cut;
}

World::World(const Scenario& of) : scenario(of), bulk_records(of.pages), base(of.pages) {
  for (const auto& make : scenario.cast) cast.push_back(make());
}

bool World::step(std::size_t actor, int choice) {
  visible_before_ = visible;
  durable_before_ = durable;
  horizon_before_ = registry.horizon();
  return cast[actor]->step(*this, choice);
}

std::string World::about(std::size_t actor) const {
  return cast[actor]->name() + ": " + cast[actor]->next();
}

FramePtr World::new_frame(Content content) const {
  auto frame = std::make_shared<Frame>(frame_count);
  frame->sum = content;
  return frame;
}

Seq World::most_visible() const {
  for (Seq seq = durable + 1; seq <= published; ++seq) {
    if (!scenario.commits[seq - 1].is_relaxed) return seq - 1;
  }
  return published;
}

Readers World::readers_at(Seq horizon) {
  return {horizon, registry.raise_horizon(0).seqs};  // to 0: it stays where it is
}

Seq World::missing_tail_at(Seq end) const {
  for (Pid page = 0; page < scenario.pages; ++page) {
    if (!scenario.is_cut_off(end, page) || base[page].content == kMissing) continue;
    while (scenario.op(end, page) != Op::cut) --end;
    return end;
  }
  return 0;
}

bool World::has_unneeded_version(const Readers& readers) {
  for (Pid page = 0; page < scenario.pages; ++page) {
    const std::vector<Version> chain = map.versions_of(page);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      if (!readers.need(chain[i].seq, chain[i + 1].seq)) return true;
    }
  }
  return false;
}

// ---- the state

// Left out, because nothing depends on them: the marks of use, for the evictor lets go of all that
// can go; what an actor has already compared; the change counter itself, for a note is compared
// with it only and each actor adds the outcome.
std::string World::key() {
  StateKey key;
  key << published << visible << durable << written << synced << log_deleted << is_publishing
      << is_reserved << is_poisoned << registry.horizon() << header.end << header.log_start
      << unsynced_header.has_value();
  if (unsynced_header) key << unsynced_header->end << unsynced_header->log_start;
  for (Pid page = 0; page < scenario.pages; ++page) {
    key << base[page].content << base[page].is_synced << bulk_records[page];
    const std::vector<Version> chain = map.versions_of(page);
    key << chain.size();
    for (const Version& version : chain) {
      key << version.seq << static_cast<unsigned>(version.kind)
          << static_cast<unsigned>(version.mark);
      if (version.frame) key << content_of(version.frame);
    }
  }
  for (const auto& actor : cast) {
    key << actor->next();
    actor->add_to(key, *this);
  }
  return key.take();
}

std::string World::picture() {
  std::string line = "V " + std::to_string(visible) + " D " + std::to_string(durable) +
                     " horizon " + std::to_string(registry.horizon());
  for (Pid page = 0; page < scenario.pages; ++page) {
    line +=
        " | base " + text_of(base[page].content) + (base[page].is_synced ? "" : "?") + ", chain";
    for (const Version& version : map.versions_of(page)) {
      static constexpr const char* kKinds[] = {"", "=BASE", "=DAMAGED", "=FREE"};
      static constexpr const char* kMarks[] = {"d", "e", "m"};
      line += " " + std::to_string(version.seq) + kMarks[static_cast<int>(version.mark)] +
              kKinds[static_cast<int>(version.kind)];
    }
  }
  return line;
}

// ---- what holds in every state

void World::check() {
  check_order();
  std::set<Seq> snapshots;
  for (Seq seq = visible; seq <= published; ++seq) snapshots.insert(seq);
  for (const auto& actor : cast) {
    if (actor->snapshot()) snapshots.insert(*actor->snapshot());
  }
  for (const Seq seq : snapshots) check_snapshot(seq);
  check_base();
  check_counts();
  check_crash();
}

void World::check_order() const {
  const Seq horizon = registry.horizon();
  if (visible > published || written > published) throw Violation("what is not published counts");
  if (durable > synced || synced > written) throw Violation("D is not synced yet");
  if (header.end > durable) throw Violation("the header names a commit that is not durable");
  if (horizon > visible) throw Violation("the horizon is above V");
  if (visible > most_visible()) throw Violation("V shows an immediate commit before it is durable");
  if (visible < visible_before_ || durable < durable_before_ || horizon < horizon_before_) {
    throw Violation("V, D or the horizon went back");
  }
}

void World::check_snapshot(Seq seq) {
  using Where = VersionMap::Found::Where;
  for (Pid page = 0; page < scenario.pages; ++page) {
    const std::optional<Content> wanted = scenario.truth(seq, page);
    if (!wanted) continue;
    const VersionMap::Found found = map.find(page, seq);
    if (found.where == Where::nowhere) lost(seq, page, "nothing", *wanted);
    if (found.where == Where::damaged && !scenario.old_base_may_fail) {
      lost(seq, page, "a damaged version", *wanted);
    }
    if (found.where == Where::base && base[page].content != *wanted) {
      lost(seq, page, text_of(base[page].content) + " of the base", *wanted);
    }
    if (found.where == Where::memory && content_of(found.frame) != *wanted) {
      lost(seq, page, text_of(content_of(found.frame)), *wanted);
    }
  }
}

/// Rule K2: what is said to equal the base does, and no crash takes it away.
void World::check_base() {
  const Readers readers = readers_at(registry.horizon());
  for (Pid page = 0; page < scenario.pages; ++page) {
    const bool is_there = base[page].content != kMissing && base[page].content != kZeros;
    if (is_reserved && base[page].content == kMissing) throw Violation("reserved room is gone");
    int equal = 0;
    const std::vector<Version> chain = map.versions_of(page);
    // What a wild pointer has loaded of a page that is free, and may be written early, nobody reads.
    const bool is_free = !scenario.truth(published, page).has_value();
    if (is_free && !chain.empty() && chain.back().kind != Version::Kind::free) continue;
    for (std::size_t i = 0; i < chain.size(); ++i) {
      if (!is_said_to_be_in_base(chain[i])) continue;
      ++equal;
      // A cut of the file settles nothing: versions that nobody can read any more may be left.
      const bool is_last = i + 1 == chain.size();
      if (is_there || is_last || readers.need(chain[i].seq, chain[i + 1].seq)) {
        check_in_base(page, chain[i]);
      }
    }
    if (equal > 1) throw Violation("two versions of a page are said to be in the base");
  }
}

void World::check_in_base(Pid page, const Version& version) const {
  const bool is_same = !version.frame || content_of(version.frame) == base[page].content;
  if (is_same && base[page].is_synced) return;
  throw Violation("page " + std::to_string(page) + ": the base does not hold version " +
                  std::to_string(version.seq));
}

void World::check_counts() {
  std::size_t frames = 0;
  std::size_t dirty = 0;
  std::size_t superseded = 0;
  for (Pid page = 0; page < scenario.pages; ++page) {
    const std::vector<Version> chain = map.versions_of(page);
    for (const Version& version : chain) {
      const bool is_newest = &version == &chain.back();
      frames += version.frame ? 1 : 0;
      superseded += version.frame && !is_newest ? 1 : 0;
      dirty += version.frame && is_newest && version.mark == Mark::dirty ? 1 : 0;
    }
  }
  if (map.frames() != frames || map.dirty() != dirty || map.superseded() != superseded) {
    throw Violation("the counts of frames are wrong");
  }
}

/// Recovery finds exactly the commits up to `end`, whatever part of the unsynced log survives and
/// whichever of two headers a crash here leaves.
void World::check_crash() const {
  for (const HeaderState& found : {header, unsynced_header.value_or(header)}) {
    if (found.log_start < log_deleted) {
      throw Violation("crash: the header needs the log from commit " +
                      std::to_string(found.log_start + 1) + ", which is deleted");
    }
    for (Seq end = synced; end <= written; ++end) {
      for (Pid page = 0; page < scenario.pages; ++page) check_recovered(found, end, page);
    }
  }
}

void World::check_recovered(const HeaderState& found, Seq end, Pid page) const {
  const std::optional<Content> wanted = scenario.truth(end, page);
  if (!wanted) return;
  const Seq last = *wanted;                                          // commit that wrote it
  if (last > found.log_start && bulk_records[page] != last) return;  // in the log
  if (base[page].content == *wanted && base[page].is_synced) return;
  throw Violation("crash: commit " + std::to_string(end) + " wants " + text_of(*wanted) +
                  " in page " + std::to_string(page) + ", the base holds " +
                  text_of(base[page].content) + (base[page].is_synced ? "" : ", not synced"));
}

// ---- what holds when nobody can move any more

void World::check_end() {
  for (const auto& actor : cast) {
    if (!actor->at_rest()) {
      throw Violation("deadlock: " + actor->name() + " is stuck at " + actor->next());
    }
  }
  const auto reclaims = [](const auto& actor) { return actor->name() == "reclaimer"; };
  if (std::any_of(cast.begin(), cast.end(), reclaims) &&
      has_unneeded_version(readers_at(visible))) {
    throw Violation("leak: a version that nobody needs is kept");
  }
  if (frame_count->live != map.frames()) throw Violation("leak: a frame belongs to nobody");
}

}  // namespace quire::pager::model
