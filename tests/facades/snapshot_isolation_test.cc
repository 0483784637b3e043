// One writer, and eight that compete, under eight readers, with real threads: every commit changes an
// object of each structure and of three facades, and what every thread has seen is judged as one
// history (tests/support/snapshot_history.h). Meanwhile checkpoints run, pages are evicted, the file
// grows and is cut, and snapshots and iterators are held across all of that.
//
// QUIRE_HISTORY_COMMITS says how many commits a history has.

#include <gtest/gtest.h>

#include <quire/quire.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "os/memory_file_system.h"
#include "tests/support/budget.h"
#include "tests/support/database_test.h"
#include "tests/support/pipe_content.h"
#include "tests/support/slow_sync_file_system.h"
#include "tests/support/snapshot_history.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr unsigned kEntries = 12;
constexpr unsigned kItems = 4;
// The numbers of the other objects; each facade has one.
constexpr unsigned kBlob = kEntries + kItems;
constexpr unsigned kPartd = kBlob + 1;
constexpr unsigned kPipe = kBlob + 2;
constexpr unsigned kFlatFile = kBlob + 3;
constexpr std::size_t kBytes = 900;
constexpr std::size_t kBlobBytes = 9000;
constexpr const char* kBallast = "ballast";

std::string key(unsigned entry) { return "key " + std::to_string(entry); }

void write_list(List list, const Stamp& stamp) {
  for (unsigned i = 0; i < kItems; ++i) {
    const std::string item = stamped(stamp, kEntries + i, kBytes);
    if (list.size() <= i) {
      list.push_back(item);
    } else {
      list.set(i, item);
    }
  }
}

void write_facades(Transaction& transaction, Hash table, const Stamp& stamp) {
  auto partd = transaction.open<Partd>("partd");
  partd.erase("key");
  partd.append("key", stamped(stamp, kPartd, kBytes));
  auto pipe = transaction.open<Pipe>("pipe");
  pipe.remove("block");
  append_block(pipe, "block", {{"key", stamped(stamp, kPipe, kBytes)}});
  auto values = transaction.open<FlatFile>("values", {.segment_size = 8 << 10});
  table.put("place", ByteView(values.put(stamped(stamp, kFlatFile, kBytes)).encode()));
  for (const auto& segment : values.segments()) {
    if (segment.sealed) values.drop_segment(segment.id);
  }
}

void write_objects(Transaction& transaction, const Stamp& stamp) {
  auto table = transaction.open<Hash>("table");
  for (unsigned i = 0; i < kEntries; ++i) table.put(key(i), stamped(stamp, i, kBytes));
  write_list(transaction.open<List>("list"), stamp);
  auto blob = transaction.open<Blob>("blob");
  const std::string content = stamped(stamp, kBlob, kBlobBytes);
  blob.write(0, content);
  blob.resize(content.size());
  write_facades(transaction, table, stamp);
}

/// Of a Snapshot or a Transaction. But for the entries of the table.
template <class Scope>
std::vector<Stamp> read_the_rest(Scope& scope) {
  std::vector<Stamp> stamps;
  const auto list = scope.template open<List>("list");
  for (unsigned i = 0; i < kItems; ++i) {
    stamps.push_back(stamp_in(list.at(i), kEntries + i, kBytes));
  }
  stamps.push_back(
      stamp_in(ByteView(scope.template open<Blob>("blob").read_all()), kBlob, kBlobBytes));
  stamps.push_back(stamp_in(scope.template open<Partd>("partd").get("key"), kPartd, kBytes));
  const auto pairs = contents(scope.template open<Pipe>("pipe").block("block"));
  stamps.push_back(stamp_in(pairs.at(0).second, kPipe, kBytes));
  const auto place = DataLocation::decode(*scope.template open<Hash>("table").get("place"));
  stamps.push_back(stamp_in(scope.template open<FlatFile>("values").get(place), kFlatFile, kBytes));
  return stamps;
}

/// Goes on with an iteration over the table, for at most `most` entries of it.
void read_entries(HashView::Iterator& at, std::size_t most, std::vector<Stamp>& stamps) {
  for (std::size_t i = 0; i < most && !(at == std::default_sentinel); ++i, ++at) {
    const std::string name = (*at).key.str();
    if (name == "place") continue;
    const auto number = static_cast<unsigned>(std::stoul(name.substr(4)));
    stamps.push_back(stamp_in((*at).value, number, kBytes));
  }
}

template <class Scope>
std::vector<Stamp> read_objects(Scope& scope) {
  std::vector<Stamp> stamps;
  HashView::Iterator at = scope.template open<Hash>("table").begin();
  read_entries(at, SIZE_MAX, stamps);
  EXPECT_EQ(stamps.size(), kEntries);
  for (const Stamp& stamp : read_the_rest(scope)) stamps.push_back(stamp);
  return stamps;
}

/// How long the ballast is, every page of which is looked at; nothing without one.
std::optional<std::uint64_t> read_ballast(const Snapshot& snapshot) {
  const auto ballast = snapshot.find<Blob>(kBallast);
  if (!ballast) return std::nullopt;
  for (std::uint64_t at = 0; at < ballast->size(); at += 4096) {
    EXPECT_EQ(ballast->at(at), std::byte{'b'});
  }
  return ballast->size();
}

/// A snapshot that has been read once, with an iterator in the middle of its table.
class HeldSnapshot {
 public:
  HeldSnapshot(Database& database, const HistoryClock& clock)
      : acknowledged_(clock.acknowledged()),
        snapshot_(database.snapshot()),
        at_(snapshot_.open<Hash>("table").begin()) {
    read_.acknowledged_before = acknowledged_;
    read_.seq = snapshot_.seq();
    read_.values = read_objects(snapshot_);
    read_.begun_after = clock.begun();
    ballast_ = read_ballast(snapshot_);
    read_entries(at_, kEntries / 2, read_.again);
  }

  SnapshotRead read_again() {
    EXPECT_EQ(read_ballast(snapshot_), ballast_);
    read_entries(at_, SIZE_MAX, read_.again);
    for (const Stamp& stamp : read_the_rest(snapshot_)) read_.again.push_back(stamp);
    return std::move(read_);
  }

 private:
  const std::uint64_t acknowledged_;  // before the snapshot begins
  Snapshot snapshot_;
  HashView::Iterator at_;
  SnapshotRead read_;
  std::optional<std::uint64_t> ballast_;
};

int commits_wanted() {
  const char* const said = std::getenv("QUIRE_HISTORY_COMMITS");
  return said != nullptr ? std::atoi(said) : kIsSanitized ? 40 : 100;
}

class SnapshotIsolationTest : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr unsigned kReaders = 8;

  SnapshotIsolationTest() {
    options.file_system = &disk;
    options.cache_size = std::size_t{256} << 10;
    options.wal_segment_size = std::size_t{64} << 10;
    options.wal_limit = std::size_t{512} << 10;
    options.relaxed_sync_interval = std::chrono::milliseconds(5);
    database = Database::open("/db", options);
    database->transact([](Transaction& transaction) { write_objects(transaction, {}); });
  }

  void write(ThreadHistory& history, unsigned seed) {
    std::mt19937 random(seed);
    while (remaining-- > 0) {
      if (random() % 8 == 0) change_ballast(random() % 4 == 0);
      attempt(history, random);
    }
  }

  /// A commit, relaxed or not, or a rollback; some behind a savepoint that is rolled back.
  void attempt(ThreadHistory& history, std::mt19937& random) {
    Transaction transaction = database->begin();
    if (random() % 4 == 0) {
      const Savepoint savepoint = transaction.savepoint();
      change(transaction, history);
    }
    Attempt& made = change(transaction, history);
    if (random() % 8 == 0) return;
    made.seq = transaction.commit(random() % 2 == 0 ? Durability::immediate : Durability::relaxed);
    made.end = Attempt::End::committed;
    clock.acknowledge(made.stamp);
  }

  Attempt& change(Transaction& transaction, ThreadHistory& history) {
    Attempt& made = history.attempts.emplace_back();
    made.end = Attempt::End::rolled_back;
    made.acknowledged_before = clock.acknowledged();
    made.base = read_objects(transaction);
    made.stamp = clock.begin(made.base.front().commit + 1);
    write_objects(transaction, made.stamp);
    made.after = read_objects(transaction);
    return made;
  }

  /// Lets the file grow, or gives the next checkpoint a tail to cut off.
  void change_ballast(bool is_dropped) {
    database->transact([&](Transaction& transaction) {
      if (is_dropped) {
        transaction.drop(kBallast);
      } else {
        transaction.open<Blob>(kBallast).append(std::string(std::size_t{160} << 10, 'b'));
      }
    });
  }

  void read(ThreadHistory& history) {
    std::deque<HeldSnapshot> held;
    while (!done) {
      held.emplace_back(*database, clock);
      if (held.size() < 3) continue;
      history.reads.push_back(held.front().read_again());
      held.pop_front();
    }
    for (; !held.empty(); held.pop_front()) history.reads.push_back(held.front().read_again());
  }

  /// What a thread throws fails the test, and the others go on.
  template <class Fn>
  static std::thread thread_of(Fn fn) {
    return std::thread([fn] {
      try {
        fn();
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }

  void run_threads(unsigned writers) {
    histories.resize(writers + kReaders);
    std::vector<std::thread> writing;
    std::vector<std::thread> others;
    for (unsigned i = 0; i < histories.size(); ++i) {
      ThreadHistory& history = histories[i];
      if (i < writers) {
        writing.push_back(thread_of([this, i, &history] { write(history, 7 + i); }));
      } else {
        others.push_back(thread_of([this, &history] { read(history); }));
      }
    }
    others.push_back(thread_of([this] {
      while (!done) database->checkpoint();
    }));
    for (std::thread& thread : writing) thread.join();
    done = true;
    for (std::thread& thread : others) thread.join();
  }

  os::MemoryFileSystem files;
  SlowSyncFileSystem disk{files, std::chrono::microseconds(100)};
  Options options;
  std::optional<Database> database;
  HistoryClock clock;
  std::vector<ThreadHistory> histories;
  std::atomic<int> remaining{commits_wanted()};
  std::atomic<bool> done{false};
};

TEST_P(SnapshotIsolationTest, EveryThreadSeesOneCommitAtATime) {
  run_threads(GetParam());
  EXPECT_EQ(anomalies(histories), std::vector<std::string>());

  const Stats stats = database->stats();
  EXPECT_GT(stats.checkpoints, 0u);
  EXPECT_GT(stats.page_evictions, 0u);
  const CheckOptions check = CheckOptions().with<Partd>().with<Pipe>().with<FlatFile>();
  expect_sound(*database, check);
  database->close();
  database = Database::open("/db", options);
  const Snapshot snapshot = database->snapshot();
  EXPECT_EQ(
      anomalies_after_crash(histories, read_objects(snapshot), clock.acknowledged(), clock.begun()),
      std::vector<std::string>());
  expect_sound(*database, check);

  std::size_t reads = 0;
  for (const ThreadHistory& history : histories) reads += history.reads.size();
  EXPECT_GT(reads, 0u);
  tried("snapshots judged", reads);
}

INSTANTIATE_TEST_SUITE_P(Writers, SnapshotIsolationTest, ::testing::Values(1u, 8u));

}  // namespace
}  // namespace quire::testing
