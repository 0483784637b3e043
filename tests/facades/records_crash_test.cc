// The power is cut at every write of a workload of records, arrays and rings, mixed with plain
// collections in the same transactions. What is left must hold what a prefix of the commits made,
// all collections alike, with every commit that was acknowledged.

#include <algorithm>
#include <iostream>
#include <random>

#include <quire/testing.h>

#include "tests/facades/record_model.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

/// Commits whose changes follow from their number; models[n] is the content after n of them.
class Workload {
 public:
  Workload() {
    for (unsigned step = 1; step <= kSteps; ++step) {
      RecordModel model = models_.back();
      for (const RecordChange& change : changes(step)) change.apply(model);
      models_.push_back(std::move(model));
    }
  }

  void run(CrashRun& run) const {
    Database database = run.open();
    for (unsigned step = 1; step <= kSteps; ++step) {
      Transaction txn = database.begin();
      for (const RecordChange& change : changes(step)) change.apply(txn);
      run.commit(txn, std::to_string(step));
      if (step == kSteps / 2) database.checkpoint();
    }
    database.close();
  }

  void require_promised(const Database& database, const CrashHistory& history) const {
    std::size_t least = 0, most = 0;
    for (const CrashCommit& commit : history) {
      most = std::max<std::size_t>(most, std::stoul(commit.note));
      if (commit.acknowledged) least = most;
    }
    const RecordModel found = read_model(database.snapshot());
    const auto first = models_.begin() + static_cast<std::ptrdiff_t>(least);
    const auto last = models_.begin() + static_cast<std::ptrdiff_t>(most) + 1;
    if (std::find(first, last, found) == last) {
      throw std::runtime_error("the content is not that of a commit from " + std::to_string(least) +
                               " to " + std::to_string(most));
    }
    const CheckReport report = database.check(
        CheckOptions().with<RecordStore>().with<RecordArrayStore>().with<RingStore>());
    if (!report.ok()) throw std::runtime_error("check: " + report.problems.at(0).what);
  }

 private:
  static constexpr unsigned kSteps = 25;

  static std::vector<RecordChange> changes(unsigned step) {
    std::mt19937 random(step);
    std::vector<RecordChange> changes;
    for (int i = 0; i < 12; ++i) {
      changes.push_back({static_cast<unsigned>(random()), static_cast<unsigned>(random()),
                         static_cast<unsigned>(random() % 1000)});
    }
    changes.push_back({36, step, step});  // a plain change, so that no two contents are equal
    return changes;
  }

  std::vector<RecordModel> models_{RecordModel{}};
};

TEST(RecordsCrashTest, CommitsOfRecordsAreThereWholeOrNotAtAll) {
  const Workload workload;
  CrashOptions options;
  options.database.cache_size = std::size_t{1} << 20;
  options.database.wal_segment_size = std::size_t{64} << 10;
  options.images_per_point = 6 * crash_budget();
  options.recover_one_in = std::max<std::uint64_t>(1, 120 / crash_budget());
  options.images_per_recovery_point = 2;
  const CrashReport report = explore_crashes([&](CrashRun& run) { workload.run(run); },
                                             [&](Database& database, const CrashHistory& history) {
                                               workload.require_promised(database, history);
                                             },
                                             options);
  std::cout << "records: " << report.summary() << "\n";
  tried("crash images in all", report.images);
  tried("crash images in recovery", report.recovery_images);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(report.images, 100u);
}

}  // namespace
}  // namespace quire::testing
