// Random operations on partds of each codec and buffer size and on std::maps: in transactions and
// under savepoints, with drop, rename, reopening and crashes between them.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/facades/partd_fixture.h"

namespace quire::testing {
namespace {

struct PartdModel {
  std::map<std::string, std::string> values;
  std::set<std::string> firsts;
};
/// By collection name.
using Model = std::map<std::string, PartdModel>;

/// A number in [low, high), of the whole range however small the case is meant to be.
template <class T>
T pick(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

std::string pick_name() { return *rc::gen::element<std::string>("p", "q"); }

std::string pick_key() {
  return *rc::gen::weightedOneOf<std::string>(
      {{10, rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab/")))},
       {1, rc::gen::just(std::string(2000, 'k'))}});
}

std::string pick_bytes() {
  const std::size_t size = *rc::gen::weightedOneOf<std::size_t>(
      {{10, rc::gen::inRange<std::size_t>(0, 30)},
       {5, rc::gen::inRange<std::size_t>(0, 2000)},
       {1, rc::gen::element<std::size_t>(65'536, 70'000, (1 << 20) + 1)}});
  std::string bytes(size, *rc::gen::element('x', 'y', 'z'));
  for (std::size_t i = 0; i < size; i += 7) bytes[i] = static_cast<char>(i * i >> 3);
  return bytes;
}

/// What each collection is made with.
PartdOptions options_of(const std::string& name, std::size_t buffer_size) {
  return {.codec = name == "p" ? Codec::none : Codec::lz4, .buffer_size = buffer_size};
}

class Operations {
 public:
  Operations(Transaction& txn, Model& model) : txn_(txn), model_(model) {}

  void run(int depth) {
    const int count = pick(1, 12);
    for (int i = 0; i < count; ++i) {
      const int what = pick(0, 24);
      if (what == 0 && depth < 3) {
        under_savepoint(depth + 1);
      } else if (what == 1) {
        rename();
      } else if (what == 2) {
        const std::string name = pick_name();
        RC_ASSERT(txn_.drop(name) == (model_.erase(name) == 1));
      } else {
        on_partd(what);
      }
    }
  }

 private:
  void under_savepoint(int depth) {
    const Model before = model_;
    Savepoint savepoint = txn_.savepoint();
    run(depth);
    if (*rc::gen::arbitrary<bool>()) {
      savepoint.release();
    } else {
      savepoint.rollback();
      model_ = before;
    }
  }

  void rename() {
    // There and back, because a name says which codec; handles go on under it meanwhile.
    const std::string name = pick_name();
    if (!model_.contains(name)) return;
    auto partd = txn_.open<Partd>(name);
    txn_.rename(name, "elsewhere");
    partd.append("a", "renamed");
    txn_.rename("elsewhere", name);
    model_[name].values["a"] += "renamed";
  }

  void on_partd(int what) {
    const std::string name = pick_name();
    const std::size_t buffer_size = *rc::gen::element<std::size_t>(0, 1000, 64 << 20);
    auto partd = txn_.open<Partd>(name, options_of(name, buffer_size));
    PartdModel& model = model_[name];
    switch (what) {
      case 3:
      case 4:
        return iset(partd, model);
      case 5:
      case 6:
        return erase(partd, model);
      case 7:
        partd.clear();
        model = {};
        return;
      case 8:
        return append_many(partd, model);
      case 9:
        RC_ASSERT(partd.size() == model.values.size());
        return;
      case 10:
        RC_ASSERT(contents(partd) == model.values);
        return;
      case 11:
      case 12:
        return read(partd, model);
      default:
        const std::string key = pick_key();
        const std::string bytes = pick_bytes();
        partd.append(key, bytes);
        model.values[key] += bytes;
    }
  }

  static void iset(Partd& partd, PartdModel& model) {
    const std::string key = pick_key();
    const std::string bytes = pick_bytes();
    const bool is_first = model.firsts.insert(key).second;
    RC_ASSERT(partd.iset(key, bytes) == is_first);
    if (is_first) model.values[key] = bytes;
  }
  static void erase(Partd& partd, PartdModel& model) {
    const std::string key = pick_key();
    RC_ASSERT(partd.erase(key) == (model.values.erase(key) == 1));
    model.firsts.erase(key);
  }
  static void append_many(Partd& partd, PartdModel& model) {
    std::vector<std::pair<std::string, std::string>> pairs;
    const int count = pick(0, 10);
    for (int i = 0; i < count; ++i) pairs.emplace_back(pick_key(), pick_bytes());
    partd.append(pairs);
    for (const auto& [key, bytes] : pairs) model.values[key] += bytes;
  }
  static void read(const Partd& partd, const PartdModel& model) {
    const std::string key = pick_key();
    const auto found = model.values.find(key);
    const std::string expected = found == model.values.end() ? "" : found->second;
    RC_ASSERT(partd.contains(key) == (found != model.values.end()));
    RC_ASSERT(partd.get(key).str() == expected);
    RC_ASSERT(partd.value_size(key) == expected.size());
  }

  Transaction& txn_;
  Model& model_;
};

class Run {
 public:
  Run() { reopen(); }

  void step() {
    switch (pick(0, 8)) {
      case 0:
        database_->close();
        return reopen();
      case 1: {
        auto copy = copy_of(*files_, "/dir");
        database_.reset();
        files_ = std::move(copy);
        return reopen();
      }
      default:
        return transaction();
    }
  }

  void finish() {
    database_->close();
    reopen();
    const CheckReport report = database_->check(CheckOptions().with<Partd>());
    for (const CheckProblem& problem : report.problems) {
      std::cerr << problem.collection << ": " << problem.what << "\n";
    }
    RC_ASSERT(report.ok());
  }

 private:
  static constexpr const char* kPath = "/dir/test.quire";

  void reopen() {
    database_.reset();
    options_.file_system = files_.get();
    database_.emplace(Database::open(kPath, options_));
    require_equal();
  }

  void transaction() {
    Model model = committed_;
    {
      Transaction txn = database_->begin();
      Operations(txn, model).run(0);
      if (pick(0, 4) == 0) return require_equal();  // rolled back
      txn.commit();
    }
    committed_ = std::move(model);
    require_equal();
  }

  void require_equal() const {
    const Snapshot snapshot = database_->snapshot();
    RC_ASSERT(snapshot.collections().size() == committed_.size());
    for (const auto& [name, model] : committed_) {
      RC_ASSERT(contents(snapshot.open<Partd>(name)) == model.values);
    }
  }

  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  Options options_;
  std::optional<Database> database_;
  Model committed_;
};

RC_GTEST_PROP(PartdPropertyTest, AgreesWithMapsThroughCommitsRollbacksAndCrashes, ()) {
  Run run;
  const int steps = pick(1, 30);
  for (int i = 0; i < steps; ++i) run.step();
  run.finish();
}

}  // namespace
}  // namespace quire::testing
