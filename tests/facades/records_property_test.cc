// Records, arrays and rings against std containers: changes, savepoints, commit, rollback,
// checkpoint, close and reopen, crash and recovery, old snapshots read again.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/facades/record_model.h"

namespace quire::testing {
namespace {

/// A number in [low, high), of the whole range however small the case is meant to be.
template <class T>
T pick(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

class Run {
 public:
  Run() {
    kinds_.with<RecordStore>().with<RecordArrayStore>().with<RingStore>();
    reopen();
  }

  void step() {
    switch (pick(0, 10)) {
      case 0:
        database_->checkpoint();
        break;
      case 1:
        close();
        break;
      case 2:
        crash();
        break;
      case 3:
        held_.emplace_back(database_->snapshot(), committed_);
        if (held_.size() > 2) held_.pop_front();
        break;
      default:
        transaction();
        break;
    }
    for (const auto& [snapshot, model] : held_) RC_ASSERT(read_model(snapshot) == model);
  }

  void finish() {
    require_sound();
    close();
    require_sound();
  }

 private:
  static constexpr const char* kPath = "/dir/test.quire";

  void reopen() {
    options_.file_system = files_.get();
    database_.emplace(Database::open(kPath, options_));
    RC_ASSERT(read_model(database_->snapshot()) == committed_);
  }
  void close() {
    held_.clear();
    database_->close();
    database_.reset();
    reopen();
  }
  void crash() {
    held_.clear();
    auto copy = copy_of(*files_, "/dir");
    database_.reset();
    files_ = std::move(copy);
    reopen();
    require_sound();
  }
  void require_sound() const {
    const CheckReport report = database_->check(kinds_);
    for (const CheckProblem& problem : report.problems) {
      RC_LOG() << problem.collection << ": " << problem.what << "\n";
    }
    RC_ASSERT(report.ok());
  }

  void transaction() {
    RecordModel model = committed_;
    {
      Transaction txn = database_->begin();
      changes(txn, model, 0);
      if (pick(0, 4) == 0) return;  // rolled back
      txn.commit();
    }
    committed_ = std::move(model);
  }

  /// Random changes, some of them under savepoints of their own, and then a look at everything.
  static void changes(Transaction& txn, RecordModel& model, int depth) {
    const int count = pick(1, 15);
    for (int i = 0; i < count; ++i) {
      if (depth < 2 && pick(0, 8) == 0) {
        under_savepoint(txn, model, depth + 1);
        continue;
      }
      const RecordChange change{pick(0u, 1000u), pick(0u, 1000u), pick(0u, 100'000u)};
      change.apply(txn);
      change.apply(model);
    }
    RC_ASSERT(read_model(txn) == model);
  }

  static void under_savepoint(Transaction& txn, RecordModel& model, int depth) {
    const RecordModel before = model;
    Savepoint savepoint = txn.savepoint();
    changes(txn, model, depth);
    if (pick(0, 2) == 0) return savepoint.release();
    savepoint.rollback();
    model = before;
    RC_ASSERT(read_model(txn) == model);
  }

  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  Options options_;
  CheckOptions kinds_;
  RecordModel committed_;
  std::deque<std::pair<Snapshot, RecordModel>> held_;
  std::optional<Database> database_;
};

RC_GTEST_PROP(Records, EqualTheirModelThroughEverything, ()) {
  Run run;
  const int steps = pick(1, 30);
  for (int i = 0; i < steps; ++i) run.step();
  run.finish();
}

}  // namespace
}  // namespace quire::testing
