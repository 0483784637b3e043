#include "engine/commit_queue.h"

#include <algorithm>
#include <exception>
#include <new>

#include "base/invariant.h"
#include "base/sabotage.h"

namespace quire::engine {
namespace {

/// As much may be lost to the cache of the operating system as a relaxed commit allows; beyond it
/// the writer waits for a sync (rule M8).
constexpr std::uint64_t kMostUnsyncedBytes = std::uint64_t{16} << 20;

std::uint64_t bytes_of(const std::vector<wal::EncodedCommit>& group) {
  std::uint64_t bytes = 0;
  for (const wal::EncodedCommit& commit : group) bytes += commit.size();
  return bytes;
}

}  // namespace

CommitQueue::CommitQueue(const Visible& at_open, std::string path)
    : path_(std::move(path)),
      out_of_memory_(std::make_shared<const IoError>("commit", path_, 0, "out of memory")),
      written_(at_open.seq),
      published_pages_(at_open.page_count),
      published_(at_open.seq),
      durable_(at_open.seq),
      visible_seq_(at_open.seq),
      visible_pages_(at_open.page_count) {}

// ---- V

Visible CommitQueue::visible() const noexcept {
  for (;;) {
    const std::uint64_t version = visible_version_.load(std::memory_order_acquire);
    const Visible visible{visible_seq_.load(std::memory_order_acquire),
                          visible_pages_.load(std::memory_order_acquire)};
    if (version % 2 == 0 && visible_version_.load(std::memory_order_acquire) == version) {
      return visible;
    }
    schedule_spin();
  }
}

void CommitQueue::store_visible(const Visible& visible) noexcept {
  visible_version_.fetch_add(1, std::memory_order_acq_rel);
  visible_seq_.store(visible.seq, std::memory_order_release);
  visible_pages_.store(visible.page_count, std::memory_order_release);
  visible_version_.fetch_add(1, std::memory_order_acq_rel);
}

void CommitQueue::raise_visible() {
  Visible visible{0, 0};
  while (!invisible_.empty()) {
    const Pending& next = invisible_.front();
    if (!next.relaxed && next.seq > durable() && !is_sabotaged(Sabotage::wait_for_durable)) break;
    visible = {next.seq, next.page_count};
    invisible_.pop_front();
  }
  if (visible.seq != 0) store_visible(visible);
}

Visible CommitQueue::newest() const {
  const MutexLock lock(mutex_);
  return {published(), published_pages_};
}

// ---- the log

void CommitQueue::start_log(std::unique_ptr<wal::LogWriter> log) {
  const MutexLock lock(mutex_);
  owned_log_ = std::move(log);
  log_.store(owned_log_.get(), std::memory_order_release);
}

// ---- publishing

void CommitQueue::publish(Seq seq, Pid page_count, std::optional<wal::EncodedCommit> body,
                          const std::function<void()>& install) {
  const MutexLock lock(mutex_);
  chunks_ahead_ = false;
  changed_.notify_all();
  if (poisoned() && !is_sabotaged(Sabotage::failure_before_publishing)) throw_poisoned();
  invariant(seq == published() + 1, "commits are published in order");
  const bool relaxed = body && body->relaxed;
  try {
    if (body) unwritten_.reserve(unwritten_.size() + 1);
    invisible_.push_back({seq, page_count, relaxed});
    try {
      install();
    } catch (...) {
      invisible_.pop_back();  // a leader at work may raise V behind this
      throw;
    }
    if (body) unwritten_.push_back(std::move(*body));
  } catch (const std::exception& error) {
    poison_locked(error);  // some versions of it lie in memory, where nobody may build on them
    throw;
  }
  published_pages_ = page_count;
  published_.store(seq, std::memory_order_release);
  if (!log()) {
    written_ = seq;
    durable_.store(seq, std::memory_order_release);
  } else if (!relaxed) {
    last_immediate_ = seq;
  }
  raise_visible();
}

// ---- leading

void CommitQueue::take_leadership(Lock& lock) {
  while (leader_) changed_.wait(lock);
  leader_ = true;
}

/// Writes all that is published, if it was not, and syncs if somebody waits for that. The caller
/// has set leader_; it is given up here.
void CommitQueue::lead_locked(Lock& lock, bool sync,
                              const std::function<void(wal::LogWriter&)>& fn) {
  std::vector<wal::EncodedCommit> group = std::exchange(unwritten_, {});
  const std::optional<Seq> generation_end = std::exchange(generation_end_, {});
  const Seq last = group.empty() ? written_ : group.back().seq;
  unsynced_bytes_ += bytes_of(group);
  sync = sync || last_immediate_ > durable() || unsynced_bytes_ >= kMostUnsyncedBytes;
  lock.unlock();
  try {
    write(group, generation_end);
    if (sync) log()->sync();
    if (fn) fn(*log());
    group.clear();
    lock.lock();
    written_ = last;
    if (sync) {
      durable_.store(last, std::memory_order_release);
      unsynced_bytes_ = 0;
    }
    raise_visible();
  } catch (const std::exception& error) {
    lock.lock();
    poison_locked(error);
  }
  leader_ = false;
  changed_.notify_all();
}

void CommitQueue::lead_or_wait(Lock& lock, bool sync) {
  if (leader_) {
    changed_.wait(lock);
  } else {
    leader_ = true;
    lead_locked(lock, sync, {});
  }
}

void CommitQueue::write(std::vector<wal::EncodedCommit>& group, std::optional<Seq> generation_end) {
  const auto end =
      generation_end
          ? std::find_if(group.begin(), group.end(),
                         [&](const auto& commit) { return commit.seq > *generation_end; })
          : group.begin();
  log()->append(std::span(group.begin(), end));
  if (generation_end) log()->next_generation();
  log()->append(std::span(end, group.end()));
}

void CommitQueue::wait_visible(Seq seq) QUIRE_NO_ANALYSIS {
  if (visible().seq >= seq) return;
  Lock lock(mutex_);
  while (visible().seq < seq) {
    if (poisoned()) throw_outcome_unknown();
    lead_or_wait(lock, false);
  }
}

void CommitQueue::wait_written(Seq seq) QUIRE_NO_ANALYSIS {
  if (!log()) return;
  Lock lock(mutex_);
  while (written_ < seq) {
    if (poisoned()) throw_outcome_unknown();
    lead_or_wait(lock, false);
  }
}

void CommitQueue::make_durable() QUIRE_NO_ANALYSIS {
  if (!log()) return;
  Lock lock(mutex_);
  const Seq wanted = published();
  while (durable() < wanted) {
    if (poisoned()) throw IoError(*poison_);
    lead_or_wait(lock, true);
  }
}

void CommitQueue::prove_durable() {
  make_durable();
  if (log() == nullptr || is_sabotaged(Sabotage::mark_before_pages)) return;
  lead([](wal::LogWriter& log) { log.mark(); });
}

void CommitQueue::lead(const std::function<void(wal::LogWriter&)>& fn) QUIRE_NO_ANALYSIS {
  Lock lock(mutex_);
  take_leadership(lock);
  if (poisoned()) {
    leader_ = false;
    changed_.notify_all();
    throw_poisoned();
  }
  lead_locked(lock, false, fn);
  if (poisoned()) throw IoError(*poison_);
}

void CommitQueue::lead_chunks(std::uint64_t bytes,
                              const std::function<void(wal::LogWriter&)>& fn) QUIRE_NO_ANALYSIS {
  {
    const MutexLock lock(mutex_);
    // A generation that is closed now is begun before `fn` runs; none is closed behind it.
    chunks_ahead_ = true;
  }
  try {
    lead(fn);
  } catch (...) {
    end_chunks();
    throw;
  }
  const MutexLock lock(mutex_);
  unsynced_bytes_ += bytes;
}

void CommitQueue::end_chunks() {
  const MutexLock lock(mutex_);
  chunks_ahead_ = false;
  changed_.notify_all();
}

void CommitQueue::close_generation(const std::function<void(const Visible& end)>& closed)
    QUIRE_NO_ANALYSIS {
  Lock lock(mutex_);
  while (chunks_ahead_ && !is_sabotaged(Sabotage::chunks_of_one_generation)) changed_.wait(lock);
  if (poisoned()) throw_poisoned();
  closed({published(), published_pages_});
  if (log()) {
    log()->close_generation(published());
    generation_end_ = published();
  }
}

// ---- poison

/// Never fails: whoever waits must be told.
void CommitQueue::poison_locked(const std::exception& reason) noexcept {
  if (!poison_) {
    try {
      if (const auto* io = dynamic_cast<const IoError*>(&reason)) {
        poison_ = std::make_shared<const IoError>(*io);
      } else {
        poison_ = std::make_shared<const IoError>("commit", path_, 0, reason.what());
      }
    } catch (const std::bad_alloc&) {
      poison_ = out_of_memory_;
    }
  }
  is_poisoned_.store(true, std::memory_order_release);
  changed_.notify_all();
}

void CommitQueue::poison(const std::exception& reason) noexcept {
  const MutexLock lock(mutex_);
  poison_locked(reason);
}

void CommitQueue::poison_if_log_failed(const std::exception& reason) {
  if (const auto* io = dynamic_cast<const IoError*>(&reason)) {
    poison(*io);
    throw IoError(*io);
  }
  if (log() != nullptr && log()->poisoned()) poison(reason);
  require_healthy();
}

void CommitQueue::require_healthy() {
  if (!poisoned()) return;
  const MutexLock lock(mutex_);
  throw_poisoned();
}

void CommitQueue::throw_poisoned() {
  throw IoError("commit", path_, 0,
                "an earlier failure has stopped all writing (" + std::string(poison_->what()) +
                    "); close the database and open it again to recover");
}

void CommitQueue::throw_outcome_unknown() {
  IoError error = *poison_;
  error.set_outcome_unknown();
  throw error;
}

}  // namespace quire::engine
