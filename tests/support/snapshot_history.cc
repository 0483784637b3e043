#include "tests/support/snapshot_history.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>

namespace quire::testing {
namespace {

std::uint64_t number_at(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc())
    throw std::runtime_error("no stamp: " + std::string(text.substr(0, 40)));
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty()) text.remove_prefix(1);
  return number;
}

/// Goes through a history and collects what is wrong.
class Judge {
 public:
  explicit Judge(const std::vector<ThreadHistory>& threads) : threads_(threads) {
    for (const ThreadHistory& thread : threads) {
      for (const Attempt& attempt : thread.attempts) note_outcome(attempt);
    }
  }

  std::vector<std::string> run() {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      thread_ = "thread " + std::to_string(i) + ": ";
      std::uint64_t newest = 0;
      for (const SnapshotRead& read : threads_[i].reads) judge(read, newest);
      for (const Attempt& attempt : threads_[i].attempts) judge(attempt);
    }
    thread_.clear();
    judge_order_of_seqs();
    return std::move(found_);
  }

  std::vector<std::string> run_after_crash(const std::vector<Stamp>& values,
                                           std::uint64_t acknowledged, std::uint64_t begun) {
    if (const auto stamp = only_one(values, "after the crash")) {
      judge_age(*stamp, acknowledged, begun, "after the crash");
    }
    return std::move(found_);
  }

 private:
  void add(const std::string& what) { found_.push_back(thread_ + what); }

  void note_outcome(const Attempt& attempt) {
    outcomes_[attempt.stamp.attempt] = attempt.end;
    if (attempt.end != Attempt::End::committed) return;
    const auto [at, is_new] = committed_.try_emplace(attempt.stamp.commit, attempt.stamp.attempt);
    if (!is_new) add("two attempts have made commit " + std::to_string(at->first));
    seqs_.emplace_back(attempt.seq, attempt.stamp.commit);
  }

  /// Check 1.
  std::optional<Stamp> only_one(const std::vector<Stamp>& values, const std::string& where) {
    if (values.empty()) return std::nullopt;
    for (const Stamp& value : values) {
      if (value == values.front()) continue;
      add(where + ", " + to_string(values.front()) + " beside " + to_string(value));
      return std::nullopt;
    }
    const Stamp& stamp = values.front();
    const auto outcome = outcomes_.find(stamp.attempt);
    const bool is_known = stamp == Stamp{} || outcome != outcomes_.end();
    if (!is_known) add(where + ", " + to_string(stamp) + ", which nobody has made");
    if (is_known && stamp != Stamp{} && outcome->second == Attempt::End::rolled_back) {
      add(where + ", " + to_string(stamp) + ", which was rolled back");
    }
    const auto winner = committed_.find(stamp.commit);
    if (winner != committed_.end() && winner->second != stamp.attempt) {
      add(where + ", " + to_string(stamp) + ", but attempt " + std::to_string(winner->second) +
          " has made that commit");
    }
    return stamp;
  }

  /// Check 2.
  void judge_age(const Stamp& stamp, std::uint64_t acknowledged, std::uint64_t begun,
                 const std::string& where) {
    if (stamp.commit < acknowledged) {
      add(where + ", " + to_string(stamp) + ", though commit " + std::to_string(acknowledged) +
          " was acknowledged before");
    }
    if (stamp.commit > begun) add(where + ", " + to_string(stamp) + ", which had not begun");
  }

  void judge(const SnapshotRead& read, std::uint64_t& newest) {
    const std::string where = "in snapshot " + std::to_string(read.seq);
    if (read.again != read.values) add(where + ", another content when it was read again");  // 4
    const auto stamp = only_one(read.values, where);
    if (!stamp) return;
    judge_age(*stamp, read.acknowledged_before, read.begun_after, where);
    if (stamp->commit < newest) {  // 3
      add(where + ", " + to_string(*stamp) + ", though the thread has seen commit " +
          std::to_string(newest));
    }
    newest = std::max(newest, stamp->commit);
    seqs_.emplace_back(read.seq, stamp->commit);
  }

  /// Check 5.
  void judge(const Attempt& attempt) {
    const std::string where = "in the transaction of " + to_string(attempt.stamp);
    for (const Stamp& value : attempt.after) {
      if (value == attempt.stamp) continue;
      add(where + ", " + to_string(value) + " behind its own change");
      break;
    }
    const auto base = only_one(attempt.base, where);
    if (!base) return;
    judge_age(*base, attempt.acknowledged_before, attempt.stamp.commit - 1, where);
    if (attempt.end == Attempt::End::committed && base->commit + 1 != attempt.stamp.commit) {
      add(where + ", built on " + to_string(*base));
    }
  }

  /// Check 3 over all threads.
  void judge_order_of_seqs() {
    std::sort(seqs_.begin(), seqs_.end());
    for (std::size_t i = 1; i < seqs_.size(); ++i) {
      const auto& [seq, commit] = seqs_[i];
      const bool is_older = commit < seqs_[i - 1].second;
      const bool is_another = seq == seqs_[i - 1].first && commit != seqs_[i - 1].second;
      if (!is_older && !is_another) continue;
      add("seq " + std::to_string(seq) + " is commit " + std::to_string(commit) + ", and seq " +
          std::to_string(seqs_[i - 1].first) + " commit " + std::to_string(seqs_[i - 1].second));
    }
  }

  const std::vector<ThreadHistory>& threads_;
  std::unordered_map<std::uint64_t, Attempt::End> outcomes_;    // of each attempt
  std::unordered_map<std::uint64_t, std::uint64_t> committed_;  // the attempt that made a commit
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seqs_;   // seq and commit
  std::string thread_;
  std::vector<std::string> found_;
};

}  // namespace

std::string to_string(const Stamp& stamp) {
  return "commit " + std::to_string(stamp.commit) + " (attempt " + std::to_string(stamp.attempt) +
         ")";
}

std::string stamped(const Stamp& stamp, unsigned object, std::size_t least) {
  std::string text = std::to_string(stamp.commit) + " " + std::to_string(stamp.attempt) + " " +
                     std::to_string(object) + " ";
  const std::size_t length = std::max(least, text.size()) + (stamp.commit * 7 + object) % 13;
  const char filler = static_cast<char>('a' + (stamp.attempt + object) % 26);
  text.resize(length, filler);
  return text;
}

Stamp stamp_in(ByteView bytes, unsigned object, std::size_t least) {
  std::string_view text = bytes.text();
  Stamp stamp;
  stamp.commit = number_at(text);
  stamp.attempt = number_at(text);
  if (bytes.text() != stamped(stamp, object, least)) {
    throw std::runtime_error("object " + std::to_string(object) + " does not hold what " +
                             to_string(stamp) + " has written");
  }
  return stamp;
}

Stamp HistoryClock::begin(std::uint64_t commit) noexcept {
  raise(begun_, commit);
  return {commit, ++last_attempt_};
}

void HistoryClock::raise(std::atomic<std::uint64_t>& number, std::uint64_t to) noexcept {
  std::uint64_t now = number;
  while (now < to && !number.compare_exchange_weak(now, to)) {
  }
}

std::vector<std::string> anomalies(const std::vector<ThreadHistory>& threads) {
  return Judge(threads).run();
}

std::vector<std::string> anomalies_after_crash(const std::vector<ThreadHistory>& threads,
                                               const std::vector<Stamp>& values,
                                               std::uint64_t acknowledged, std::uint64_t begun) {
  return Judge(threads).run_after_crash(values, acknowledged, begun);
}

}  // namespace quire::testing
