// The way of a commit from published to visible.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/database_test.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/sizes.h"

namespace quire::testing {
namespace {

/// While it is held, no sync of a log segment ends.
class HeldLogFileSystem final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    auto file = ForwardingFileSystem::open(path, how, mode);
    if (path.find("-wal.") == std::string::npos) return file;
    return std::make_unique<HeldFile>(std::move(file), *this);
  }

  void hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  void wait_for_a_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

 private:
  class HeldFile final : public ForwardingFile {
   public:
    HeldFile(std::unique_ptr<File> inner, HeldLogFileSystem& files)
        : ForwardingFile(std::move(inner)), files_(files) {}
    void sync_data() override {
      files_.wait_until_let_go();
      ForwardingFile::sync_data();
    }

   private:
    HeldLogFileSystem& files_;
  };

  void wait_until_let_go() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held_; });
    --waiting_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  int waiting_ = 0;
};

class CommitQueueTest : public DatabaseTest {
 protected:
  CommitQueueTest() { options.file_system = &disk; }

  void put(const std::string& value) {
    database->transact([&](Transaction& txn) { txn.open<Hash>("h").put("k", value); });
  }
  std::string get() { return database->snapshot().open<Hash>("h").get("k")->str(); }
  void overwrite(std::size_t bytes, Durability durability) {
    Transaction txn = database->begin();
    txn.open<Blob>("blob").write(0, std::string(bytes, 'x'));
    txn.commit(durability);
  }

  HeldLogFileSystem disk{*files};
};

TEST_F(CommitQueueTest, SyncsRelaxedCommitsOnce16MiBOfLogWait) {
  options.relaxed_sync_interval = std::chrono::hours(1);
  open();
  for (int i = 0; i < 20; ++i) overwrite(2 * kMiB, Durability::immediate);
  database->checkpoint();  // and from now on the log is in a segment that holds as much again
  for (int round = 0; round < 2; ++round) {
    const Stats before = database->stats();
    Stats after = before;
    while (after.wal_syncs == before.wal_syncs) {
      overwrite(kMiB, Durability::relaxed);
      after = database->stats();
      ASSERT_LT(after.wal_bytes_written - before.wal_bytes_written, 18 * kMiB);
    }
    EXPECT_GE(after.wal_bytes_written - before.wal_bytes_written, 16 * kMiB);
  }
}

// A transaction builds on commits that are published but not yet durable. Whoever is told that it has
// ended, although it changed nothing, may tell others what it read.
TEST_F(CommitQueueTest, TransactionThatOnlyReadsReturnsWhenWhatItHasReadIsVisible) {
  open();
  put("1");
  disk.hold();
  std::thread writer([&] { put("2"); });
  disk.wait_for_a_sync();
  std::atomic<bool> has_read{false};
  std::string seen;
  std::thread reader([&] {
    Transaction txn = database->begin();
    EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "2");
    has_read = true;
    txn.commit(Durability::relaxed);  // an immediate one would wait for the sync in any case
    seen = get();
  });
  while (!has_read) std::this_thread::yield();
  EXPECT_EQ(get(), "1");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time to do it wrong
  disk.let_go();
  reader.join();
  writer.join();
  EXPECT_EQ(seen, "2");
}

}  // namespace
}  // namespace quire::testing
