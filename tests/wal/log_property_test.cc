// Random histories of a log, cut by a power failure: of what was not synced, each sector of 512
// bytes is there, or is as it was before, or is garbage.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

constexpr std::size_t kSector = 512;

enum class Step { commit, hold, relaxed, in_parts, given_up_parts, mark, checkpoint };

/// A log, the commits that were made, and what is on the disk for certain.
class History {
 public:
  /// The `last_line`-th change of the disk fails, and all later ones.
  explicit History(std::size_t last_line) : writer_(log_.writer(8)) {
    note_synced(1);
    log_.files.fail = [this, last_line](const std::string& line) {
      if (log_.files.journal.size() > last_line) return EIO;
      constexpr std::string_view kSync = "sync shop-wal.";
      if (line.starts_with(kSync)) note_synced(std::stoul(line.substr(kSync.size())));
      if (line == "sync directory") note_new_segments();
      return 0;
    };
  }

  void take(Step step, Pid first, Pid count) {
    std::vector<Pid> pids(count);
    std::iota(pids.begin(), pids.end(), first);
    switch (step) {
      case Step::commit:
        hold(pids);
        flush(true);
        return;
      case Step::hold:
        hold(pids);
        return;
      case Step::relaxed:
        hold(pids);
        flush(false);
        return;
      case Step::in_parts:
        flush(false);
        in_parts(pids, true);
        return;
      case Step::given_up_parts:
        flush(false);
        in_parts(pids, false);
        return;
      case Step::mark:
        writer_.mark();
        return;
      case Step::checkpoint:
        flush(false);
        checkpoint();
        return;
    }
  }

  /// The power fails: `fates` decides, sector by sector.
  void cut(const std::vector<std::uint8_t>& fates) {
    std::size_t next = 0;
    for (const std::uint32_t no : log_.segments.numbers()) {
      if (!synced_.contains(no)) continue;  // named a moment ago, and synced before
      Bytes now = log_.content(no);
      const Bytes& before = synced_[no];
      for (std::size_t at = 0; at < now.size(); at += kSector) {
        const auto same =
            std::equal(now.begin() + at, now.begin() + at + kSector, before.begin() + at);
        if (same || fates.empty()) continue;
        const std::uint8_t fate = fates[next++ % fates.size()];
        if (fate % 3 == 0) std::copy_n(before.begin() + at, kSector, now.begin() + at);
        if (fate % 7 == 0) std::fill_n(now.begin() + at, kSector, std::byte{fate});
      }
      log_.set_content(no, now);
    }
  }

  std::map<Pid, Page> pages_at(Seq newest) const {
    std::map<Pid, Page> pages;
    for (Seq seq = log_.start.complete_seq + 1; seq <= newest; ++seq)
      for (const Pid pid : commits_.at(seq))
        pages[pid] = replayed(full_page(static_cast<std::uint32_t>(1000 * seq + pid)), 4);
    return pages;
  }

  TestLog& log() { return log_; }
  Seq made() const { return commits_.empty() ? 0 : commits_.rbegin()->first; }
  const LogWriter& writer() const { return writer_; }

 private:
  Seq next_seq() const { return writer_.appended_seq() + held_.size() + 1; }

  void hold(const std::vector<Pid>& pids) {
    const Seq seq = next_seq();
    commits_[seq] = pids;
    held_.push_back(commit_of(seq, pids, writer_.max_body()));
    writer_.reserve(held_.back());
  }

  /// All but the last chunk of a commit, and then that one, or nothing more of the commit.
  void in_parts(const std::vector<Pid>& pids, bool to_the_end) {
    EncodedCommit commit = commit_of(next_seq(), pids, writer_.max_body());
    writer_.reserve(commit);
    EncodedCommit parts = take_parts(commit, commit.bodies.size() - 1);
    writer_.append_parts(parts);
    if (!to_the_end) return;
    commits_[commit.seq] = pids;
    commit.part_sums = parts.part_sums;
    writer_.append({&commit, 1});
  }

  void flush(bool sync) {
    writer_.append(held_);
    held_.clear();
    if (sync) writer_.sync();
  }

  void checkpoint() {
    next_generation(writer_);
    writer_.mark();
    log_.start.complete_seq = writer_.appended_seq();
    log_.start.first_segment = writer_.current_segment();
    log_.start.first_generation = writer_.generation();
    if (commits_.size() % 2 == 0) writer_.retire(writer_.current_segment());
  }

  void note_synced(std::uint32_t no) { synced_[no] = log_.content(no); }

  /// A new segment was synced under its temporary name.
  void note_new_segments() {
    for (const std::uint32_t no : log_.segments.numbers())
      if (!synced_.contains(no)) note_synced(no);
  }

  TestLog log_;
  std::map<std::uint32_t, Bytes> synced_;
  std::map<Seq, std::vector<Pid>> commits_;
  std::vector<EncodedCommit> held_;
  LogWriter& writer_;
};

RC_GTEST_PROP(LogProperty, APowerCutLeavesAPrefixOfTheCommits, ()) {
  const auto step = rc::gen::weightedElement<Step>({{4, Step::commit},
                                                    {4, Step::hold},
                                                    {4, Step::relaxed},
                                                    {1, Step::in_parts},
                                                    {1, Step::given_up_parts},
                                                    {1, Step::mark},
                                                    {1, Step::checkpoint}});
  const auto run = rc::gen::pair(rc::gen::inRange<Pid>(2, 40), rc::gen::inRange<Pid>(0, 12));
  const auto steps = *rc::gen::container<std::vector<std::pair<Step, std::pair<Pid, Pid>>>>(
      rc::gen::pair(step, run));
  const auto last_line = *rc::gen::inRange<std::size_t>(10, 400);
  const auto fates = *rc::gen::arbitrary<std::vector<std::uint8_t>>();

  History history(last_line);
  bool cut_short = false;
  try {
    for (const auto& [what, pids] : steps) history.take(what, pids.first, pids.second);
  } catch (const IoError&) {
    cut_short = true;
  }
  history.cut(fates);

  LogReader reader(history.log().segments, history.log().start);
  const Seq newest = reader.scan().newest_seq();
  RC_ASSERT(newest >= history.writer().durable_seq());
  RC_ASSERT(newest <= history.made());
  RC_ASSERT(cut_short || !fates.empty() || newest == history.writer().appended_seq());
  RC_ASSERT(pages_of(reader) == history.pages_at(newest));

  history.log().files.fail = [](const std::string&) { return 0; };
  reader.rewrite_tail();
  RC_ASSERT(pages_of(reader) == history.pages_at(newest));
  LogReader again(history.log().segments, history.log().start);
  RC_ASSERT(again.scan().newest_seq() == newest);
  RC_ASSERT(again.scan().unproven().size() <= 1u);
  RC_ASSERT(pages_of(again) == history.pages_at(newest));
}

RC_GTEST_PROP(LogProperty, APageRecordGivesThePageBack, ()) {
  const auto type = *rc::gen::element<std::uint8_t>(0, 4);
  const auto spots =
      *rc::gen::container<std::vector<std::pair<std::size_t, std::uint8_t>>>(rc::gen::pair(
          rc::gen::inRange<std::size_t>(0, kPageSize), rc::gen::arbitrary<std::uint8_t>()));
  Page page{};
  for (const auto& [at, byte] : spots)
    std::fill(page.begin() + at, page.begin() + std::min(kPageSize, at + byte),
              static_cast<std::byte>(byte));
  const Bytes record = image({7, type, 9}, page);
  RC_ASSERT(record.size() <= kMaxImageRecordBytes);
  Page result;
  result.fill(std::byte{0xee});
  apply_record(decode_page_record(record, "here"), result);
  RC_ASSERT(result == replayed(page, type));
}

RC_GTEST_PROP(LogProperty, RandomBytesAreNeverAWrongRecord, (std::vector<std::uint8_t> bytes)) {
  if (bytes.size() > 5) bytes[4] = static_cast<std::uint8_t>(1 + bytes[4] % 4);
  try {
    const PageRecord record = decode_page_record(bytes, "here");
    RC_ASSERT(record.size <= bytes.size());
    Page page{};
    if (record.kind != PageRecordKind::bulk) apply_record(record, page);
  } catch (const CorruptionError&) {
  }
}

RC_GTEST_PROP(LogProperty, AHostileCommitWithRightSumsIsReplayedOrRefused, ()) {
  Bytes records =
      joined(image({7, 4, 9}, sparse_page(1)), delta({9, 4, 9}, {{40, 8}}, full_page(2)));
  records = joined(joined(records, image({8, 0, 9}, sparse_page(2))), bulk(20, 4));
  const auto edits = *rc::gen::arbitrary<std::vector<std::pair<std::size_t, std::uint8_t>>>();
  for (const auto& [at, byte] : edits) records[at % records.size()] = static_cast<std::byte>(byte);
  const auto page_records = *rc::gen::inRange<std::uint32_t>(0, 6);

  TestLog log;
  HandLog(log)
      .commit(1, image({9, 4, 9}, full_page(1)))
      .commit(2, records, [&](CommitTrailer& trailer) { trailer.page_records = page_records; });
  try {
    LogReader reader(log.segments, log.start);
    RC_ASSERT(reader.scan().newest_seq() >= 1u);
    for (const auto& [pid, page] : pages_of(reader)) RC_ASSERT(pid >= 2 && pid < 1000);
    reader.rewrite_tail();
  } catch (const CorruptionError&) {
  }
}

}  // namespace
}  // namespace quire::wal
