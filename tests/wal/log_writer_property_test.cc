// Random interleavings of the sides of a log writer, in one thread: what the other sides do comes
// at the steps of the disk, where the writer must hold nothing that they need.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <numeric>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

enum class RoomStep { reserve, reserve_worst_case, give_up, publish, prepare, close, full_disk };
enum class LeaderStep { append_some, append_all, append_parts, sync, mark, change_generation };

struct WriterStep {
  bool leads = false;
  RoomStep room = RoomStep::reserve;
  LeaderStep leader = LeaderStep::append_some;
  std::uint8_t count = 0;  // of pages, of commits
};

std::ostream& operator<<(std::ostream& out, const WriterStep& step) {
  if (step.leads) return out << "leader " << int(step.leader) << " " << int(step.count);
  return out << "room " << int(step.room) << " " << int(step.count);
}

rc::Gen<std::vector<WriterStep>> some_steps() {
  const auto room = rc::gen::weightedElement<RoomStep>({{6, RoomStep::reserve},
                                                        {2, RoomStep::reserve_worst_case},
                                                        {1, RoomStep::give_up},
                                                        {8, RoomStep::publish},
                                                        {2, RoomStep::prepare},
                                                        {2, RoomStep::close},
                                                        {1, RoomStep::full_disk}});
  const auto leader = rc::gen::weightedElement<LeaderStep>({{4, LeaderStep::append_some},
                                                            {1, LeaderStep::append_all},
                                                            {2, LeaderStep::append_parts},
                                                            {1, LeaderStep::sync},
                                                            {2, LeaderStep::mark},
                                                            {2, LeaderStep::change_generation}});
  const auto step = rc::gen::build<WriterStep>(
      rc::gen::set(&WriterStep::leads), rc::gen::set(&WriterStep::room, room),
      rc::gen::set(&WriterStep::leader, leader), rc::gen::set(&WriterStep::count));
  return rc::gen::scale(5.0, rc::gen::container<std::vector<WriterStep>>(step));
}

/// An engine that keeps the rules of the calls, and checks where the disk is asked for room.
class Engine {
 public:
  /// `meanwhile`: what the other side does at the steps of the disk, in order, again and again.
  explicit Engine(std::vector<WriterStep> meanwhile) : meanwhile_(std::move(meanwhile)) {
    writer_.start(0);
    log_.files.fail = [this](const std::string& line) {
      const bool makes_a_file = line.find("-wal-new.") != std::string::npos;
      if (makes_a_file) RC_ASSERT(makes_room_);
      RC_ASSERT(writer_.durable_seq() <= writer_.appended_seq());
      if (makes_a_file && disk_is_full_) return ENOSPC;
      if (!meanwhile_.empty()) take_meanwhile(meanwhile_[next_++ % meanwhile_.size()]);
      return 0;
    };
  }

  void take(const WriterStep& step) {
    if (step.leads) {
      leads_ = true;
      lead(step);
      leads_ = false;
    } else {
      take_room(step);
    }
  }

  /// Appends all that was published.
  void finish() {
    meanwhile_.clear();
    end_generation();
    append(queue_.size());
    writer_.sync();
  }

  std::map<Pid, Page> pages() const {
    std::map<Pid, Page> pages;
    for (const auto& [seq, pids] : published_)
      for (const Pid pid : pids)
        pages[pid] = replayed(full_page(static_cast<std::uint32_t>(1000 * seq + pid)), 4);
    return pages;
  }

  TestLog& log() { return log_; }
  const LogWriter& writer() const { return writer_; }
  Seq published_seq() const { return published_.size(); }

 private:
  void take_meanwhile(const WriterStep& step) {
    if (is_free(step)) take(step);
  }

  /// Two that make files exclude each other, so in one thread the second would wait for ever.
  bool is_free(const WriterStep& step) const {
    if (step.leads) return !leads_;
    if (leads_parts_) return step.room == RoomStep::prepare && !makes_room_;
    if (makes_room_) return step.room == (is_preparing_ ? RoomStep::publish : RoomStep::close);
    return true;
  }

  // ---- room

  void take_room(const WriterStep& step) {
    switch (step.room) {
      case RoomStep::reserve:
      case RoomStep::reserve_worst_case:
        reserve(step);
        return;
      case RoomStep::give_up:
        reserved_.reset();
        return;
      case RoomStep::publish:
        if (!reserved_) return;
        published_[reserved_->seq] = reserved_pids_;
        queue_.push_back(std::move(*reserved_));
        reserved_.reset();
        return;
      case RoomStep::prepare:
        is_preparing_ = true;
        prepared_ = in_room([&] { writer_.prepare_successor(); }) || prepared_;
        is_preparing_ = false;
        return;
      case RoomStep::close:
        if (!prepared_ || closed_at_ || parts_are_out()) return;
        closed_at_ = published_seq();
        writer_.close_generation(published_seq());
        prepared_ = false;
        return;
      case RoomStep::full_disk:
        disk_is_full_ = step.count % 4 == 0;
        return;
    }
  }

  void reserve(const WriterStep& step) {
    if (reserved_) return;
    reserved_pids_.assign(step.count % 14, 0);
    std::iota(reserved_pids_.begin(), reserved_pids_.end(), Pid{2} + step.count % 23);
    EncodedCommit commit = commit_of(published_seq() + 1, reserved_pids_, writer_.max_body());
    const bool worst_case = step.room == RoomStep::reserve_worst_case;
    const bool done = in_room([&] {
      if (!worst_case) return writer_.reserve(commit);
      const CommitEncoder encoder(writer_.max_body());
      writer_.reserve(commit.seq, encoder.worst_case_bodies(reserved_pids_.size()));
    });
    if (done) reserved_ = std::move(commit);
  }

  template <class Call>
  bool in_room(const Call& call) {
    makes_room_ = true;
    bool done = true;
    try {
      call();
    } catch (const OutOfSpace&) {
      done = false;
    }
    makes_room_ = false;
    return done;
  }

  bool parts_are_out() const { return reserved_ && !reserved_->part_sums.empty(); }

  // ---- leader

  void lead(const WriterStep& step) {
    switch (step.leader) {
      case LeaderStep::append_some:
        append(step.count % 4);
        return;
      case LeaderStep::append_all:
        append(queue_.size());
        return;
      case LeaderStep::append_parts:
        append_parts(step.count);
        return;
      case LeaderStep::sync:
        writer_.sync();
        RC_ASSERT(writer_.durable_seq() == writer_.appended_seq());
        return;
      case LeaderStep::mark:
        writer_.mark();
        return;
      case LeaderStep::change_generation:
        end_generation();
        return;
    }
  }

  /// Takes them from the queue first, as it may grow meanwhile.
  void append(std::size_t count) {
    const Seq last = closed_at_.value_or(published_seq());
    std::vector<EncodedCommit> group;
    for (; count > 0 && !queue_.empty() && queue_.front().seq <= last; --count) {
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    writer_.append(group);
  }

  void append_parts(std::size_t count) {
    if (!reserved_ || !queue_.empty() || closed_at_ || reserved_->bodies.size() < 2) return;
    leads_parts_ = true;
    EncodedCommit parts = take_parts(*reserved_, 1 + count % (reserved_->bodies.size() - 1));
    parts.part_sums = reserved_->part_sums;
    writer_.append_parts(parts);
    reserved_->part_sums = parts.part_sums;
    leads_parts_ = false;
  }

  void end_generation() {
    if (!closed_at_) return;
    append(queue_.size());
    writer_.next_generation();
    closed_at_.reset();
  }

  TestLog log_;
  LogWriter writer_{log_.segments, log_.start.identity, {8 * kBlockSize, 20 * kBlockSize}};
  std::vector<WriterStep> meanwhile_;
  std::size_t next_ = 0;
  bool leads_ = false;
  bool makes_room_ = false;
  bool is_preparing_ = false;
  bool leads_parts_ = false;
  bool disk_is_full_ = false;

  std::map<Seq, std::vector<Pid>> published_;
  std::deque<EncodedCommit> queue_;        // published, not appended
  std::optional<EncodedCommit> reserved_;  // not published
  std::vector<Pid> reserved_pids_;
  bool prepared_ = false;
  std::optional<Seq> closed_at_;
};

RC_GTEST_PROP(LogWriterProperty, NeedsRoomInTheRoomCallsOnlyAndReadsBackWhole, ()) {
  const auto steps = *some_steps();
  Engine engine(*some_steps());
  for (const WriterStep& step : steps) engine.take(step);
  engine.finish();
  RC_ASSERT(engine.writer().durable_seq() == engine.published_seq());
  LogReader reader(engine.log().segments, engine.log().start);
  RC_ASSERT(reader.scan().newest_seq() == engine.published_seq());
  RC_ASSERT(pages_of(reader) == engine.pages());
}

}  // namespace
}  // namespace quire::wal
