#pragma once

#include <quire/bytes.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace quire::testing {

/// Who has written something: commit number `commit`, counted by the test from 1 on, in the attempt
/// `attempt`, of which no two are equal. Commit 0 is what the test begins with.
struct Stamp {
  std::uint64_t commit = 0;
  std::uint64_t attempt = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

std::string to_string(const Stamp& stamp);

/// What an object holds after a commit: bytes that follow from both, at least `least` of them, with
/// the stamp in front.
std::string stamped(const Stamp& stamp, unsigned object, std::size_t least);
/// The reverse. std::runtime_error unless they are exactly the bytes that some stamp gives that object.
Stamp stamp_in(ByteView bytes, unsigned object, std::size_t least);

/// One snapshot, and what it showed.
struct SnapshotRead {
  std::uint64_t acknowledged_before = 0;  // newest commit that was acknowledged before it began
  std::uint64_t begun_after = 0;          // newest commit that anybody had begun when it was read
  std::uint64_t seq = 0;
  std::vector<Stamp> values;  // of each object
  std::vector<Stamp> again;   // the same, read once more, later
};

/// One transaction that has changed every object.
struct Attempt {
  enum class End { committed, rolled_back, unknown };
  Stamp stamp;
  End end = End::unknown;
  std::uint64_t acknowledged_before = 0;
  std::uint64_t seq = 0;     // if committed
  std::vector<Stamp> base;   // what it saw before its own changes
  std::vector<Stamp> after;  // and behind them
};

/// What one thread has seen, in its order.
struct ThreadHistory {
  std::vector<SnapshotRead> reads;
  std::vector<Attempt> attempts;
};

/// What all threads have in common while they make a history. Safe from any thread, without locks.
class HistoryClock {
 public:
  std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  std::uint64_t begun() const noexcept { return begun_; }
  /// An attempt to make commit number `commit`, before it changes anything.
  Stamp begin(std::uint64_t commit) noexcept;
  /// When commit() has returned.
  void acknowledge(const Stamp& stamp) noexcept { raise(acknowledged_, stamp.commit); }

 private:
  static void raise(std::atomic<std::uint64_t>& number, std::uint64_t to) noexcept;

  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> last_attempt_{0};
};

/// What is wrong with a history, a sentence each; none if every snapshot is isolated and none of what
/// was acknowledged is lost:
///
/// 1. all values of a snapshot are of one commit, in its one attempt that was not rolled back;
/// 2. that commit is no older than what was acknowledged before the snapshot began, and had begun;
/// 3. it is no older than what the same thread has seen before, and a greater seq is never an older
///    commit, over all threads;
/// 4. what is read again is the same;
/// 5. a writer sees its own changes over those of the commit before its own, of which there is one.
///
/// Linear in the size of the history, but for sorting it by seq.
std::vector<std::string> anomalies(const std::vector<ThreadHistory>& threads);

/// The same for what a reopened database holds: `values`, where commits up to `acknowledged` had to
/// survive and no more than `begun` had begun.
std::vector<std::string> anomalies_after_crash(const std::vector<ThreadHistory>& threads,
                                               const std::vector<Stamp>& values,
                                               std::uint64_t acknowledged, std::uint64_t begun);

}  // namespace quire::testing
