#include "tools/torture_kills.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <quire/database.h>
#include <quire/facades.h>

#include "tools/child_process.h"
#include "tools/interrupt.h"
#include "torture/content.h"
#include "torture/small_options.h"

namespace quire::tools {

namespace {

using torture::EndlessProgram;
using torture::Outcome;

constexpr const char* kKill = "SIGKILL, files on this machine's disk";
constexpr const char* kOpened = "opened";

Options writer_options() {
  Options options = torture::small_options();
  options.wal_limit = std::size_t{256} << 10;  // so that checkpoints come often
  return options;
}

/// Moments up to this long after an acknowledgement, short ones more often.
std::chrono::microseconds delay_of(std::mt19937_64& random) {
  constexpr std::uint64_t kMost = 16'000;
  const std::uint64_t bound = kMost >> random() % 6;
  return std::chrono::microseconds(random() % bound);
}

void require_sound(const Database& database) {
  const CheckReport check = database.check(facade_check_options());
  if (!check.ok()) throw std::runtime_error("check(): " + check.problems.front().what);
}

/// Another thread of the parent may be starting a process at this moment, which has a copy of the
/// descriptor, and so of the lock, that the parent has just closed, until it is this program.
Database open_unlocked(const std::string& path, const Options& options) {
  constexpr int kMostAttempts = 200;
  for (int attempt = 1;; ++attempt) {
    try {
      return Database::open(path, options);
    } catch (const LockedError&) {
      if (attempt == kMostAttempts) throw;
      sleep_for(std::chrono::milliseconds(5));
    }
  }
}

}  // namespace

ExitCode run_torture_writer(const std::string& database_path, std::uint64_t seed) {
  const EndlessProgram program(seed);
  Database database = open_unlocked(database_path, writer_options());
  tell_parent(kOpened);
  for (std::uint64_t number = EndlessProgram::count(database) + 1;; ++number) {
    database.transact([&](Transaction& transaction) { program.run(transaction, number); });
    tell_parent(std::to_string(number));
  }
}

KillLoop::KillLoop(const std::string& directory, std::uint64_t seed)
    : directory_(directory), seed_(seed), random_(seed) {
  begin_anew();
}

void KillLoop::begin_anew() {
  path_ = fmt::format("{}/torture-{}-{}.quire", directory_, seed_, ++databases_);
  Database::open(path_, writer_options()).close();
  twin_ = std::make_unique<torture::Twin>(seed_);
}

void KillLoop::kill_once(torture::CampaignResult& result) {
  try {
    judge(run_and_kill());
    result.table.add(kKill, Outcome::as_promised);
  } catch (const std::exception& error) {
    result.table.add(kKill, Outcome::wrong);
    result.findings.push_back({seed_, "endless program", kKill,
                               fmt::format("{}\n{} is left as it is", error.what(), path_), false});
    begin_anew();
  }
}

std::uint64_t KillLoop::run_and_kill() {
  ChildProcess child({kTortureWriterCommand, "--", path_, std::to_string(seed_)});
  std::uint64_t acknowledged = twin_->count();
  const auto follow = [&] {
    const std::optional<std::string> line = child.next_line();
    if (line && *line != kOpened) acknowledged = std::stoull(*line);
    return line.has_value();
  };
  // In a third of the cases as it opens and recovers.
  const std::uint64_t lines = below(3) == 0 ? 0 : 1 + below(6);
  for (std::uint64_t seen = 0; seen < lines && follow();) ++seen;
  sleep_for(delay_of(random_));
  child.kill();
  while (follow()) {
  }
  const ChildProcess::Ending ending = child.wait();
  if (!ending.killed) {
    throw std::runtime_error(fmt::format(
        "the writer ended with exit code {}; its message stands above", ending.exit_code));
  }
  return acknowledged;
}

void KillLoop::judge(std::uint64_t acknowledged) {
  Options how = writer_options();
  how.cache_size = std::size_t{64} << 20;  // the whole log may have to fit
  how.read_only = below(2) == 0;
  const Database database = open_unlocked(path_, how);
  const std::uint64_t count = EndlessProgram::count(database);
  if (count < acknowledged || count > acknowledged + 1) {
    throw std::runtime_error(
        fmt::format("{} transactions are there, but {} were acknowledged", count, acknowledged));
  }
  require_sound(database);
  twin_->advance_to(count);
  if (torture::content_of(database) != twin_->content()) {
    throw std::runtime_error(fmt::format("the content is not that of transaction {}", count));
  }
}

}  // namespace quire::tools
