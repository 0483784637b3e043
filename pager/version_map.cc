#include "pager/version_map.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/invariant.h"
#include "base/sabotage.h"

namespace quire::pager {
namespace {

constexpr std::size_t kMostStripes = 1024;
constexpr std::size_t kFramesAStripe = 64;

struct Tally {
  std::size_t frames = 0;
  std::size_t dirty = 0;
  std::size_t superseded = 0;
  std::size_t long_chains = 0;  // 1 or 0
};

Tally tally_of(const std::vector<Version>& chain) {
  Tally tally;
  tally.long_chains = chain.size() > 1 ? 1 : 0;
  for (const Version& version : chain) {
    if (!version.frame) continue;
    const bool newest = &version == &chain.back();
    ++tally.frames;
    if (!newest) ++tally.superseded;
    if (newest && version.mark == Mark::dirty) ++tally.dirty;
  }
  return tally;
}

bool is_base(const Version& version) { return version.kind == Version::Kind::base; }
/// What a load has found becomes a version. A structure page knows its commit, so that it need not
/// stay for snapshots that are older still.
void fill_base(Version& base, const Version* successor, FramePtr frame) {
  base.kind = frame ? Version::Kind::frame : Version::Kind::damaged;
  if (frame && frame->verified == Frame::Verified::structure) {
    const Seq seq = frame->header().seq;
    if (successor == nullptr || seq < successor->seq) base.seq = seq;
  }
  base.frame = std::move(frame);
}

const Version* successor_of(const std::vector<Version>& chain,
                            std::vector<Version>::const_iterator version) {
  const auto next = std::next(version);
  return next == chain.end() ? nullptr : &*next;
}

bool is_free(const Version& version) { return version.kind == Version::Kind::free; }

Version base_marker() {
  Version version;
  version.kind = Version::Kind::base;
  return version;
}

/// Whether the chain, if it is not empty, says no more than an empty one.
bool says_nothing(const std::vector<Version>& chain) {
  return chain.size() == 1 && (is_base(chain[0]) || is_free(chain[0]));
}

}  // namespace

/// A change of one chain under the mutex of its stripe. At the end it empties a chain that says no
/// more than an empty one, and counts.
class QUIRE_THREAD_ATTRIBUTE(scoped_lockable) VersionMap::Edit {
 public:
  Edit(VersionMap& map, Pid pid) QUIRE_NO_ANALYSIS
      : Edit(map, map.stripe_of(pid), pid, std::unique_lock(map.stripe_of(pid).mutex)) {}
  /// The caller holds the stripe's mutex.
  Edit(VersionMap& map, Stripe& stripe, Pid pid) QUIRE_NO_ANALYSIS
      : Edit(map, stripe, pid, std::unique_lock(stripe.mutex, std::defer_lock)) {}

  ~Edit() QUIRE_NO_ANALYSIS {
    if (says_nothing(chain_)) chain_.clear();
    count();
    if (is_listed_ && chain_.size() < 2) stripe_.long_chains.erase(pid_);
    if (!chain_.empty()) return;
    stripe_.chains.erase(pid_);
    if (!was_empty_) ++stripe_.changes;
  }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  Chain& chain() { return chain_; }
  LoadNote note() const QUIRE_NO_ANALYSIS { return {stripe_.changes, chain_.empty()}; }
  /// What was noted of the chain no longer holds: loads under way begin anew.
  void void_notes() QUIRE_NO_ANALYSIS { ++stripe_.changes; }

  void push(Version version) QUIRE_NO_ANALYSIS {
    if (!chain_.empty() && !is_listed_) {
      stripe_.long_chains.insert(pid_);  // here, because memory may run out
      is_listed_ = true;
    }
    chain_.push_back(std::move(version));
  }
  void prune(const Readers& readers);

 private:
  Edit(VersionMap& map, Stripe& stripe, Pid pid, std::unique_lock<Mutex> lock) QUIRE_NO_ANALYSIS
      : map_(map),
        stripe_(stripe),
        pid_(pid),
        lock_(std::move(lock)),
        chain_(stripe.chains[pid]),
        before_(tally_of(chain_)),
        was_empty_(chain_.empty()),
        is_listed_(chain_.size() > 1) {}

  void count() {
    const Tally after = tally_of(chain_);
    // Unsigned arithmetic wraps, so a difference below zero subtracts.
    map_.counts_.frames.fetch_add(after.frames - before_.frames, std::memory_order_relaxed);
    map_.counts_.dirty.fetch_add(after.dirty - before_.dirty, std::memory_order_relaxed);
    map_.counts_.superseded.fetch_add(after.superseded - before_.superseded,
                                      std::memory_order_relaxed);
    map_.counts_.long_chains.fetch_add(after.long_chains - before_.long_chains,
                                       std::memory_order_relaxed);
  }

  VersionMap& map_;
  Stripe& stripe_;
  Pid pid_;
  std::unique_lock<Mutex> lock_;
  Chain& chain_;
  Tally before_;
  bool was_empty_;
  bool is_listed_;  // in long_chains
};

/// The newest always stays; FREE at the bottom says no more than nothing.
void VersionMap::Edit::prune(const Readers& readers) {
  for (std::size_t i = chain_.size() - 1; i-- > 0;) {
    if (readers.need(chain_[i].seq, chain_[i + 1].seq)) continue;
    if (is_base(chain_[i])) void_notes();
    if (is_free(chain_[i]) || chain_[i].new_life) chain_[i + 1].new_life = true;
    chain_.erase(chain_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (chain_.size() > 1 && is_free(chain_.front())) chain_.erase(chain_.begin());
}

VersionMap::VersionMap(std::size_t frames)
    : stripe_mask_(
          std::bit_floor(std::clamp<std::size_t>(frames / kFramesAStripe, 1, kMostStripes)) - 1),
      stripes_(std::make_unique<Stripe[]>(stripe_mask_ + 1)) {}

VersionMap::Stripe& VersionMap::stripe_of(Pid pid) noexcept { return stripes_[pid & stripe_mask_]; }

// ---- readers

VersionMap::Found VersionMap::find(Pid pid, Seq seq) {
  Stripe& stripe = stripe_of(pid);
  const MutexLock lock(stripe.mutex);
  Found found;
  found.note.changes = stripe.changes;
  const auto chain = stripe.chains.find(pid);
  if (chain == stripe.chains.end()) {
    found.where = Found::Where::base;
    return found;
  }
  found.note.empty_chain = false;
  for (auto version = chain->second.rbegin(); version != chain->second.rend(); ++version) {
    if (version->seq > seq) continue;
    switch (version->kind) {
      case Version::Kind::frame:
        version->used = true;
        found.where = Found::Where::memory;
        found.frame = version->frame;
        break;
      case Version::Kind::base:
        found.where = Found::Where::base;
        break;
      case Version::Kind::damaged:
        found.where = Found::Where::damaged;
        break;
      case Version::Kind::free:
        break;
    }
    return found;
  }
  return found;
}

bool VersionMap::holds(Pid pid, const LoadNote& note) {
  Stripe& stripe = stripe_of(pid);
  const MutexLock lock(stripe.mutex);
  if (stripe.changes != note.changes) return false;
  const auto chain = stripe.chains.find(pid);
  if (chain == stripe.chains.end()) return note.empty_chain;
  return !note.empty_chain && std::any_of(chain->second.begin(), chain->second.end(), is_base);
}

bool VersionMap::install(Pid pid, const LoadNote& note, FramePtr frame) {
  Edit edit(*this, pid);
  const bool holds =
      edit.note().changes == note.changes && edit.note().empty_chain == note.empty_chain;
  if (!holds && !is_sabotaged(Sabotage::note_of_a_load)) {
    return false;
  }
  if (note.empty_chain) edit.push(base_marker());
  const auto base = std::find_if(edit.chain().begin(), edit.chain().end(), is_base);
  if (base == edit.chain().end()) return false;  // another load was faster
  fill_base(*base, successor_of(edit.chain(), base), std::move(frame));
  return true;
}

// ---- commits

void VersionMap::publish(Pid pid, Seq seq, FramePtr frame, bool is_fresh) {
  Edit edit(*this, pid);
  Chain& chain = edit.chain();
  invariant(chain.empty() || chain.back().seq < seq, "versions are published in order");
  if (chain.empty() && !is_fresh) edit.push(base_marker());
  Version version;
  version.seq = seq;
  version.frame = std::move(frame);
  version.mark = Mark::dirty;
  version.new_life = is_fresh;
  edit.push(std::move(version));
}

void VersionMap::publish_free(Pid pid, Seq seq) {
  Edit edit(*this, pid);
  Chain& chain = edit.chain();
  invariant(chain.empty() || chain.back().seq < seq, "versions are published in order");
  if (chain.empty()) edit.push(base_marker());
  Version version;
  version.seq = seq;
  version.kind = Version::Kind::free;
  edit.push(std::move(version));
}

void VersionMap::install_replayed(Pid pid, Seq seq, FramePtr frame) {
  Edit edit(*this, pid);
  invariant(edit.chain().empty(), "a log is replayed into memory before any page is read");
  Version version;
  version.seq = seq;
  version.frame = std::move(frame);
  version.mark = Mark::only_memory;
  edit.push(std::move(version));
}

bool VersionMap::is_vacant(Pid pid, const Readers& readers) {
  Edit edit(*this, pid);
  if (!edit.chain().empty()) edit.prune(readers);
  return edit.chain().empty() || says_nothing(edit.chain()) ||
         is_sabotaged(Sabotage::readers_of_early_room);
}

void VersionMap::vacate(Pid pid) {
  Edit edit(*this, pid);
  edit.chain().clear();
  edit.void_notes();
}

void VersionMap::prune_page(Pid pid, const Readers& readers) {
  Edit edit(*this, pid);
  if (!edit.chain().empty()) edit.prune(readers);
}

void VersionMap::prune(const Readers& readers) {
  for (std::size_t i = 0; i <= stripe_mask_; ++i) {
    Stripe& stripe = stripes_[i];
    const MutexLock lock(stripe.mutex);
    const std::vector<Pid> pids(stripe.long_chains.begin(), stripe.long_chains.end());
    for (const Pid pid : pids) Edit(*this, stripe, pid).prune(readers);
  }
}

// ---- the checkpoint

namespace {

/// The newest version up to G; nullptr if the page is younger.
template <class Chain>
auto* newest_up_to(Chain& chain, Seq g) {
  const auto after = std::find_if(chain.rbegin(), chain.rend(),
                                  [g](const Version& version) { return version.seq <= g; });
  return after == chain.rend() ? nullptr : &*after;
}

}  // namespace

std::vector<Pid> VersionMap::unsaved_pages(Seq g) {
  std::vector<Pid> pids;
  for (std::size_t i = 0; i <= stripe_mask_; ++i) {
    Stripe& stripe = stripes_[i];
    const MutexLock lock(stripe.mutex);
    for (const auto& [pid, chain] : stripe.chains) {
      const Version* version = newest_up_to(chain, g);
      if (version != nullptr && version->frame && version->mark == Mark::dirty) pids.push_back(pid);
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

/// The page is about to be overwritten with its newest version up to G.
VersionMap::Save VersionMap::settle(Edit& edit, Seq g, const Readers& readers) {
  Chain& chain = edit.chain();
  Save save;
  Version* newest = newest_up_to(chain, g);
  if (newest == nullptr || !newest->frame || newest->mark != Mark::dirty) return save;
  const auto base = std::find_if(chain.begin(), chain.end(), is_base);
  if (base != chain.end()) {
    const bool is_dropped = is_sabotaged(Sabotage::base_that_readers_need);
    if (!is_dropped && readers.need(base->seq, std::next(base)->seq)) {
      save.step = Save::Step::load_base;
      if (!std::next(base)->new_life) save.frame = std::next(base)->frame;
      return save;
    }
    chain.erase(base);
    newest = newest_up_to(chain, g);
  }
  // Without a BASE too: whoever noted one that was loaded since must not take a later one for it.
  edit.void_notes();
  // What the base held until now only memory holds from now on.
  for (Version& version : chain) {
    if (is_sabotaged(Sabotage::mark_of_overwritten_versions)) break;
    if (&version != newest && version.mark == Mark::equal) version.mark = Mark::only_memory;
  }
  save.step = Save::Step::write;
  save.frame = newest->frame;
  save.seq = newest->seq;
  return save;
}

VersionMap::Save VersionMap::begin_save(Pid pid, Seq g, const Readers& readers) {
  Edit edit(*this, pid);
  return settle(edit, g, readers);
}

VersionMap::Save VersionMap::begin_save_with(Pid pid, FramePtr old, Seq g, const Readers& readers) {
  Edit edit(*this, pid);
  const auto base = std::find_if(edit.chain().begin(), edit.chain().end(), is_base);
  // Gone meanwhile: a reader has loaded it, or its readers have ended. A change of another page in
  // the stripe does no harm: nobody but the checkpoint overwrites the base.
  if (base != edit.chain().end()) {
    fill_base(*base, successor_of(edit.chain(), base), std::move(old));
  }
  return settle(edit, g, readers);
}

void VersionMap::mark_saved(Pid pid, Seq seq) {
  Edit edit(*this, pid);
  for (Version& version : edit.chain()) {
    const bool is_saved =
        version.seq == seq || is_sabotaged(Sabotage::only_what_was_saved_is_clean);
    if (is_saved && version.mark == Mark::dirty) version.mark = Mark::equal;
  }
}

// ---- eviction

namespace {

bool is_evictable(const Version& version) {
  return version.frame && version.mark == Mark::equal && version.frame.use_count() == 1;
}

void become_base(Version& version) {
  version.kind = Version::Kind::base;
  version.frame.reset();
}

}  // namespace

/// True if a frame went. A newest version that equals the base is evicted with its chain; an older
/// one that does becomes BASE (rule M8).
bool VersionMap::evict_chain(Edit& edit) {
  Chain& chain = edit.chain();
  for (Version& version : chain) {
    if (!is_evictable(version)) continue;
    if (version.used) {
      version.used = false;
      continue;
    }
    become_base(version);
    return true;
  }
  return false;
}

std::size_t VersionMap::evict_from(Stripe& stripe, std::size_t wanted, std::size_t& looked) {
  const MutexLock lock(stripe.mutex);
  std::vector<Pid> pids;
  pids.reserve(stripe.chains.size());
  for (const auto& [pid, chain] : stripe.chains) pids.push_back(pid);
  std::size_t evicted = 0;
  for (const Pid pid : pids) {
    if (evicted == wanted) break;
    ++looked;
    Edit edit(*this, stripe, pid);
    if (evict_chain(edit)) ++evicted;
  }
  return evicted;
}

std::size_t VersionMap::evict(std::size_t frames, std::size_t looks) {
  std::size_t evicted = 0;
  std::size_t looked = 0;
  // Two rounds: the first may only take away the marks of use.
  for (std::size_t visits = 2 * (stripe_mask_ + 1); visits > 0; --visits) {
    const std::size_t now = newest();
    if (now <= frames || looked >= looks) break;
    Stripe& stripe = stripes_[hand_.fetch_add(1, std::memory_order_relaxed) & stripe_mask_];
    evicted += evict_from(stripe, now - frames, looked);
  }
  return evicted;
}

std::size_t VersionMap::evict_old() {
  std::size_t evicted = 0;
  for (std::size_t i = 0; i <= stripe_mask_; ++i) {
    Stripe& stripe = stripes_[i];
    const MutexLock lock(stripe.mutex);
    const std::vector<Pid> pids(stripe.long_chains.begin(), stripe.long_chains.end());
    for (const Pid pid : pids) {
      Edit edit(*this, stripe, pid);
      for (std::size_t old = 0; old + 1 < edit.chain().size(); ++old) {
        Version& version = edit.chain()[old];
        if (!is_evictable(version)) continue;
        become_base(version);
        ++evicted;
      }
    }
  }
  return evicted;
}

// The two counts are read one after the other, so the difference may seem to be below zero.
std::size_t VersionMap::newest() const noexcept {
  const std::size_t all = frames();
  return all - std::min(all, superseded());
}

std::vector<Version> VersionMap::versions_of(Pid pid) {
  Stripe& stripe = stripe_of(pid);
  const MutexLock lock(stripe.mutex);
  const auto chain = stripe.chains.find(pid);
  return chain == stripe.chains.end() ? Chain() : chain->second;
}

}  // namespace quire::pager
