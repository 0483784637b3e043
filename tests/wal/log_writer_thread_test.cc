// The sides of a log writer as the engine uses them, each in a thread of its own: one commits, one
// leads, one closes generations. ThreadSanitizer watches; the log must read back whole.

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

constexpr Seq kCommits = 600;
constexpr std::uint64_t kChanges = 12;
constexpr Seq kLastGeneration = 40;  // commits that come when all changes have been closed
constexpr Seq kCommitsAChange = (kCommits - kLastGeneration) / kChanges;

std::vector<Pid> pids_of(Seq seq) {
  std::vector<Pid> pids;
  for (Pid pid = 2 + seq % 5; pid < 10; pid += 1 + seq % 9) pids.push_back(pid);
  return pids;
}

class Engine {
 public:
  Engine() { writer_.start(0); }

  void run() {
    std::thread room([this] { commit_all(); });
    std::thread leader([this] { lead(); });
    std::thread keeper([this] { close_generations(); });
    room.join();
    leader.join();
    keeper.join();
  }

  LogWriter& writer() { return writer_; }
  TestLog& log() { return log_; }

 private:
  void commit_all() {
    for (Seq seq = 1; seq <= kCommits; ++seq) {
      EncodedCommit commit = commit_of(seq, pids_of(seq), writer_.max_body());
      writer_.reserve(commit);
      std::unique_lock lock(publish_);
      if (seq == kCommits - kLastGeneration + 1)
        changed_.wait(lock, [this] { return changes_ == kChanges; });
      queue_.push_back(std::move(commit));
      published_ = seq;
      changed_.notify_all();
    }
  }

  void lead() {
    while (writer_.appended_seq() < kCommits || writer_.generation() <= kChanges) {
      std::vector<EncodedCommit> old_generation;
      std::vector<EncodedCommit> group;
      const bool change = take(old_generation, group);
      writer_.append(old_generation);
      if (change) change_generation();
      writer_.append(group);
      if (writer_.appended_seq() % 2 == 0) writer_.sync();
    }
    writer_.sync();
  }

  /// Waits for work and takes all of it: whether a generation ends between the two groups.
  bool take(std::vector<EncodedCommit>& old_generation, std::vector<EncodedCommit>& group) {
    std::unique_lock lock(publish_);
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    group = std::exchange(queue_, {});
    if (!closed_) return false;
    const auto later = std::find_if(group.begin(), group.end(),
                                    [this](const auto& commit) { return commit.seq > *closed_; });
    old_generation.assign(std::make_move_iterator(group.begin()), std::make_move_iterator(later));
    group.erase(group.begin(), later);
    return true;
  }

  void change_generation() {
    writer_.next_generation();
    writer_.mark();
    log_.start.complete_seq = writer_.appended_seq();
    log_.start.first_segment = writer_.generation_segment();
    log_.start.first_generation = writer_.generation();
    writer_.retire(writer_.generation_segment());
    std::lock_guard lock(publish_);
    closed_.reset();
    changed_.notify_all();
  }

  void close_generations() {
    for (std::uint64_t change = 1; change <= kChanges; ++change) {
      writer_.prepare_successor();
      std::unique_lock lock(publish_);
      // Spread over the commits, so that they come between.
      changed_.wait(lock, [&] { return published_ >= change * kCommitsAChange; });
      changes_ = change;
      closed_ = published_;
      writer_.close_generation(published_);
      changed_.notify_all();
      changed_.wait(lock, [this] { return !closed_; });
      EXPECT_EQ(writer_.generation(), change + 1);
      EXPECT_GE(writer_.durable_seq(), log_.start.complete_seq);
      EXPECT_GE(writer_.segment_count(), 1u);
      EXPECT_GE(writer_.live_bytes(), kBlockSize);
    }
  }

  TestLog log_;
  LogWriter writer_{SegmentSet(log_.memory, "/db/shop", 0640),
                    log_.start.identity,
                    {8 * kBlockSize, 32 * kBlockSize}};
  std::mutex publish_;
  std::condition_variable changed_;
  std::vector<EncodedCommit> queue_;
  Seq published_ = 0;
  std::uint64_t changes_ = 0;  // closed so far
  std::optional<Seq> closed_;  // the leader has not changed the generation yet
};

TEST(LogWriterThreads, CommitLeadAndCloseGenerationsAtOnce) {
  Engine engine;
  engine.run();
  EXPECT_EQ(engine.writer().durable_seq(), kCommits);
  EXPECT_EQ(engine.writer().generation(), kChanges + 1);
  const LogStart& start = engine.log().start;
  EXPECT_GT(start.complete_seq, 0u);
  EXPECT_LT(start.complete_seq, kCommits);

  LogReader reader(engine.log().segments, start);
  EXPECT_EQ(reader.scan().newest_seq(), kCommits);
  std::map<Pid, Page> expected;
  for (Seq seq = start.complete_seq + 1; seq <= kCommits; ++seq)
    for (const Pid pid : pids_of(seq))
      expected[pid] = replayed(full_page(static_cast<std::uint32_t>(1000 * seq + pid)), 4);
  EXPECT_EQ(pages_of(reader), expected);
}

}  // namespace
}  // namespace quire::wal
