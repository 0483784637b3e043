// What the ledger calls enough is enough for every leader and every place of the change, and no
// more than the worst of them needs.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "wal/room_ledger.h"

namespace quire::wal {
namespace {

using Commits = std::vector<std::vector<std::size_t>>;  // body sizes
using Segments = std::vector<std::uint64_t>;  // sizes; again from the first one at the end

std::uint64_t size_of(const Segments& segments, std::size_t index) {
  return segments[index % segments.size()];
}

/// A leader that puts MARKs, ends groups and changes the generation where it likes.
class Leader {
 public:
  explicit Leader(const Segments& segments) : segments_(segments) {}

  void mark() {
    if (ends_in_mark_) return;
    end_group();
    at_.offset += kBlockSize;
    ends_in_mark_ = true;
  }
  void chunk(std::size_t body_bytes) {
    if (!chunk_fits(at_.offset, body_bytes, size_of(segments_, at_.segment - 1))) change();
    at_.offset += kChunkHeaderSize + body_bytes;
    ends_in_mark_ = false;
  }
  void end_group() { at_.offset = round_up(at_.offset, kBlockSize); }
  void change() {
    at_ = {at_.segment + 1, kBlockSize};
    ends_in_mark_ = false;
  }
  std::size_t segments_used() const { return at_.segment; }

 private:
  const Segments& segments_;
  LogPosition at_{1, kBlockSize};
  bool ends_in_mark_ = false;
};

std::size_t segments_needed(const RoomLedger& ledger, const Segments& segments) {
  Segments made;
  while (!ledger.has_room({1, kBlockSize}, made)) made.push_back(size_of(segments, made.size()));
  return made.size();
}

/// What the chunks need, each a group of its own behind a MARK, with the change before commit
/// `change`.
std::size_t worst_with_change(const Commits& commits, std::size_t change,
                              const Segments& segments) {
  Leader leader(segments);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (i == change) leader.change();
    for (const std::size_t body_bytes : commits[i]) {
      leader.mark();
      leader.chunk(body_bytes);
      leader.end_group();
    }
  }
  if (change == commits.size()) leader.change();
  return leader.segments_used();
}

rc::Gen<Commits> some_commits() {
  const auto body = rc::gen::inRange<std::size_t>(32, max_body_bytes(kMinSegmentBytes));
  const auto chunks = rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(body));
  return rc::gen::scale(0.2, rc::gen::container<Commits>(chunks));
}

rc::Gen<Segments> some_segments() {
  return rc::gen::nonEmpty(rc::gen::container<Segments>(
      rc::gen::map(rc::gen::inRange<std::uint64_t>(kMinSegmentBytes / kBlockSize, 40),
                   [](std::uint64_t blocks) { return blocks * kBlockSize; })));
}

RoomLedger ledger_of(const Commits& commits) {
  RoomLedger ledger;
  for (std::size_t i = 0; i < commits.size(); ++i) ledger.promise(i + 1, commits[i]);
  ledger.expect_change();
  return ledger;
}

RC_GTEST_PROP(RoomLedgerProperty, EnoughIsEnoughForEveryLeader, ()) {
  const Commits commits = *some_commits();
  const Segments segments = *some_segments();
  const auto change = *rc::gen::inRange<std::size_t>(0, commits.size() + 1);
  const bool is_known = *rc::gen::arbitrary<bool>();
  const auto choices = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::uint8_t>>());

  RoomLedger ledger = ledger_of(commits);
  if (is_known) ledger.close_generation(change);

  Leader leader(segments);
  std::size_t next = 0;
  const auto choose = [&](unsigned one_in) {
    return choices[next++ % choices.size()] % one_in == 0;
  };
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (i == change) leader.change();
    for (const std::size_t body_bytes : commits[i]) {
      if (choose(2)) leader.mark();
      leader.chunk(body_bytes);
      if (choose(2)) leader.end_group();
    }
  }
  if (change == commits.size()) leader.change();
  RC_ASSERT(leader.segments_used() <= segments_needed(ledger, segments));
}

RC_GTEST_PROP(RoomLedgerProperty, EnoughIsWhatTheWorstPlaceOfTheChangeNeeds, ()) {
  const Commits commits = *some_commits();
  const Segments segments = *some_segments();
  RoomLedger ledger = ledger_of(commits);
  std::size_t worst = 0;
  for (std::size_t change = 0; change <= commits.size(); ++change)
    worst = std::max(worst, worst_with_change(commits, change, segments));
  RC_ASSERT(segments_needed(ledger, segments) == worst);

  const auto known = *rc::gen::inRange<std::size_t>(0, commits.size() + 1);
  ledger.close_generation(known);
  RC_ASSERT(segments_needed(ledger, segments) == worst_with_change(commits, known, segments));
}

}  // namespace
}  // namespace quire::wal
