#include <utility>

#include "base/checksum.h"
#include "pager/header_slots.h"
#include "tests/support/database_test.h"
#include "wal/commit_encoder.h"
#include "wal/log_scan.h"

// A log that says what no writer says, though all its sums hold: it is refused before anything in
// the file or the log is lost that somebody could still save.

namespace quire::testing {
namespace {

class HostileLogTest : public DatabaseTest {
 protected:
  /// What a crash leaves after two commits.
  HostileLogTest() {
    open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
    database->transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "w"); });
    page_count_ = database->info().page_count;
    crash();
  }

  pager::Header header() {
    const auto base = files->open(kPath, OpenMode::read_only);
    pager::HeaderSlots slots(*base);
    slots.read(false);
    EXPECT_TRUE(slots.equal());
    return slots.header();
  }
  wal::LogStart log_start() {
    const pager::Header found = header();
    return {{found.uuid, found.log_id},
            found.first_segment,
            found.first_generation,
            found.checkpoint_seq,
            found.page_count};
  }
  wal::SegmentSet segments() { return wal::SegmentSet(*files, kPath, 0600); }

  /// Puts a commit that changes nothing but the page count behind the last one.
  void append_commit(Pid page_count) {
    const wal::LogScan log(segments(), log_start());
    const Seq seq = log.newest_seq() + 1;
    wal::CommitEncoder encoder;
    std::vector<std::byte> body =
        encoder.finish(seq, page_count, Durability::immediate).bodies.back();
    auto& trailer = *reinterpret_cast<wal::CommitTrailer*>(body.data());
    trailer.part_sums = checksum64(ByteView(), 0);
    const std::uint64_t salt = log.end_segment().salt;
    const std::uint64_t at = log.end().offset;
    wal::ChunkHeader chunk{};
    chunk.body_length = static_cast<std::uint32_t>(body.size());
    chunk.kind = static_cast<std::uint8_t>(wal::ChunkKind::commit);
    chunk.flags = wal::kGroupEndsFlag;
    chunk.seq = seq;
    chunk.prev_sum = log.chain();
    chunk.body_sum = wal::body_sum(ByteView(body), salt, at);
    wal::set_durable_end(chunk, log.end());
    wal::seal(chunk, salt, at);
    const auto segment = segments().open(log.end().segment, OpenMode::read_write);
    segment->write_at(at, wal::bytes_of(chunk));
    segment->write_at(at + sizeof chunk, ByteView(body));
  }

  Pid page_count_ = 0;
};

TEST_F(HostileLogTest, APageCountThatTheSpaceMapContradictsNeverReachesTheHeader) {
  const auto crashed = copy_of(*files, "/dir");
  const pager::Header before = header();
  for (const Pid count : {0u, 1u, 2u, 3u, 4u, page_count_ - 1, page_count_ + 1, page_count_ + 5000,
                          Pid{1'000'000}, UINT32_MAX}) {
    SCOPED_TRACE(count);
    files = copy_of(*crashed, "/dir");
    append_commit(count);
    for (const bool read_only : {true, false, false}) {
      options.file_system = files.get();
      options.read_only = read_only;
      EXPECT_THROW(open(), CorruptionError);
    }
    EXPECT_EQ(header(), before);
    EXPECT_EQ(segments().numbers(), std::vector<std::uint32_t>{1}) << "the log is still there";
  }
  files = copy_of(*crashed, "/dir");
  options.file_system = files.get();
  EXPECT_EQ(open().snapshot().open<Hash>("h").get("k")->text(), "w");
}

TEST_F(HostileLogTest, TheCommitOfTheTestIsTakenIfItsPageCountIsRight) {
  append_commit(page_count_);
  EXPECT_EQ(open().info().recovered_commits, 3u);
}

}  // namespace
}  // namespace quire::testing
