#include <algorithm>
#include <utility>
#include <vector>

#include <quire/quire.h>

#include "tests/sabotage/detectors.h"
#include "tests/sabotage/disks.h"
#include "torture/fault_trial.h"
#include "torture/sequence.h"

namespace quire::sabotage {
namespace {

using torture::Operation;
using torture::Sequence;
using torture::stamped_bytes;
using torture::Start;
using Kind = Operation::Kind;

template <class Named>
const Named& named(std::span<const Named> all, std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  require(found != all.end(), "there is no " + std::string(name));
  return *found;
}

std::vector<Operation> program(std::initializer_list<std::string_view> names) {
  std::vector<Operation> operations;
  for (const std::string_view name : names)
    operations.push_back(named(torture::operations(), name));
  return operations;
}

const Start& start(std::string_view name) { return named(torture::starts(), name); }

struct Effort {
  std::size_t recover_one_in = 20;
  std::size_t images_per_recovery_point = 4;
};

void explore(const Sequence& sequence, const Effort& how = {}) {
  CrashOptions effort;
  effort.images_per_point = 40;
  effort.recover_one_in = how.recover_one_in;
  effort.images_per_recovery_point = how.images_per_recovery_point;
  const CrashReport report = torture::explore(sequence, effort);
  require(report.ok(), sequence.name() + ": " + message_of(report));
}

// ---- transactions of more pages than there are frames

Options tiny_cache(std::size_t frames) {
  Options options = torture::small_options();
  options.cache_size = frames * kPage;
  return options;
}

/// Page by page, so that free pages are used wherever they lie.
void write_in_parts(Transaction& txn, std::uint64_t stamp, std::size_t pages) {
  Blob blob = txn.open<Blob>("parts");
  for (std::size_t page = 0; page < pages; ++page) {
    blob.write(page * kPage, stamped_bytes(kPage, stamp + page));
  }
}
void write_40_parts(Transaction& txn, std::uint64_t stamp) { write_in_parts(txn, stamp, 40); }
void write_60_parts(Transaction& txn, std::uint64_t stamp) { write_in_parts(txn, stamp, 60); }
void cut_old(Transaction& txn, std::uint64_t stamp) { txn.open<Blob>("old").resize(9 + stamp % 7); }
void write_little(Transaction& txn, std::uint64_t stamp) {
  txn.open<Blob>("parts").write(0, stamped_bytes(9, stamp));
}

void make_old_pages(Database& database) {
  database.transact(
      [](Transaction& txn) { txn.open<Blob>("old").write(0, stamped_bytes(36 * kPage, 1)); });
}
void make_old_saved_pages(Database& database) {
  make_old_pages(database);
  database.checkpoint();
}
void make_few_old_pages(Database& database) {
  database.transact(
      [](Transaction& txn) { txn.open<Blob>("old").write(0, stamped_bytes(3 * kPage, 1)); });
}

constexpr Start kOldSavedPages{"old saved pages", make_old_saved_pages};
constexpr Start kFewOldPages{"few old pages", make_few_old_pages};

}  // namespace

/// Whoever has made a file finds it again.
void crash_in_a_creation() {
  const CrashWorkload create = [](CrashRun& run) {
    const CrashRun::Announced creation = run.announce("creation");
    const Database database = run.open();
    run.acknowledge(creation);
  };
  const CrashWorkload reopen = [](CrashRun& run) {
    if (run.promises()->history.back().acknowledged) {
      require(run.files().status(run.path()).has_value(), "the file is gone");
    }
    run.open().close();
  };
  const CrashReport report = explore_program_crashes(create, reopen);
  require(report.ok(), message_of(report));
}

void crash_in_a_first_commit() { explore({start("nothing"), program({"put one"})}); }

void crash_in_commits() {
  explore({start("a little"), program({"put one", "write inside a page", "put one"})});
}

void crash_in_relaxed_commits() {
  explore({start("a little"), program({"change all, relaxed", "put many, relaxed",
                                       "change all, relaxed", "put one"})});
}

void crash_in_commits_over_segments() {
  explore({start("nothing"), program({"write many pages", "write many pages", "put one"})});
}

void crash_in_early_pages() {
  explore({kOldSavedPages,
           {Operation{"cut", Kind::commit_relaxed, cut_old},
            Operation{"write parts", Kind::commit, write_40_parts}},
           tiny_cache(16)},
          {.recover_one_in = 500});
}

void crash_in_early_pages_over_old_records() {
  explore({kFewOldPages,
           {Operation{"cut", Kind::commit, cut_old},
            Operation{"write parts", Kind::commit, write_60_parts},
            Operation{"write little", Kind::commit_relaxed, write_little}},
           tiny_cache(32)},
          {.recover_one_in = 500});
}

void crash_in_a_checkpoint() {
  explore({start("a little"), program({"put one", "checkpoint", "put one"})});
}

void crash_in_a_checkpoint_of_relaxed_commits() {
  explore({start("a little"), program({"change all, relaxed", "checkpoint"})});
}

void crash_in_recoveries() {
  explore({start("nothing"), program({"put one", "put many, relaxed"})},
          {.recover_one_in = 1, .images_per_recovery_point = 40});
}

void failing_calls_before_a_power_cut() {
  constexpr std::uint64_t kCalls = 60;  // three commits make fewer
  for (const FaultKind kind :
       {FaultKind::io_error, FaultKind::partial_write, FaultKind::sync_loses}) {
    for (std::uint64_t call = 0; call < kCalls; ++call) {
      const Disk disk = clean_disk(0);
      auto database = Database::open(kPath, options_on(*disk));
      disk->set_faults({{{kind, disk->crash_points() + call, 1}}});
      int acknowledged = 0;
      try {
        for (int number = 1; number <= 3; ++number) {
          commit_number(database, number);
          acknowledged = number;
        }
      } catch (const IoError&) {
      } catch (const OutOfSpace&) {
      }
      const Disk left = disk->crash(CrashPolicy::lose_all());
      const auto reopened = Database::open(kPath, options_on(*left));
      const int newest =
          std::stoi(ByteView(*reopened.snapshot().open<Hash>("table").get("newest")).str());
      require(newest >= acknowledged, "an acknowledged commit is lost");
    }
  }
}

void failing_calls() {
  const Sequence sequence(start("a little"),
                          program({"put one", "put one", "checkpoint", "put one"}));
  const std::uint64_t calls = torture::calls_of(sequence, 0).size();
  for (const FaultKind kind :
       {FaultKind::io_error, FaultKind::partial_write, FaultKind::sync_loses}) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      const auto result = torture::try_fault(sequence, {kind, call, 1}, call);
      require(torture::is_good(result.outcome), result.problem);
    }
  }
}

}  // namespace quire::sabotage
