// Blobs, lists, hashes and composites of one database against std containers: operations,
// savepoints, commit, rollback, checkpoint, close and reopen, crash and recovery, snapshots of
// random ages read again.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "tests/support/bag.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

constexpr int kBags = 3;  // of a shelf, at most

struct Model {
  using Bags = std::map<int, std::map<std::string, std::string>>;
  std::map<std::string, Bags> shelves;
  std::map<std::string, std::map<std::string, std::string>> hashes;
  std::map<std::string, std::string> blobs;
  std::map<std::string, std::vector<std::string>> lists;
  friend bool operator==(const Model&, const Model&) = default;
};

Model::Bags bags_of(const ShelfView& shelf) {
  Model::Bags bags;
  for (int number = 0; number < kBags; ++number) {
    try {
      bags[number] = contents(shelf.bag(number).things());
    } catch (const NotFound&) {
      continue;  // not made yet
    }
  }
  return bags;
}

template <class Session>
Model read_all(Session&& session) {
  Model model;
  for (const CollectionInfo& info : session.collections()) {
    if (info.kind == "hash") {
      model.hashes[info.name] = contents(session.template open<Hash>(info.name));
    } else if (info.kind == "list") {
      model.lists[info.name] = contents(session.template open<List>(info.name));
    } else if (info.kind == Shelf::kKind) {
      model.shelves[info.name] = bags_of(session.template open<Shelf>(info.name));
    } else {
      model.blobs[info.name] = contents(session.template open<Blob>(info.name));
    }
  }
  return model;
}

/// A number in [low, high), of the whole range however small the case is meant to be.
template <class T>
T pick(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

struct Sizes {
  bool tiny = false;         // cache and log
  int most_operations = 12;  // of a transaction, or under a savepoint
  int most_steps = 80;
};

class Run {
 public:
  explicit Run(const Sizes& sizes) : most_operations_(sizes.most_operations) {
    if (sizes.tiny) {
      options_.cache_size = 64 << 10;
      options_.wal_segment_size = 64 << 10;
      options_.wal_limit = 128 << 10;
    }
    reopen();
  }

  void step() {
    switch (pick(0, 10)) {
      case 0:
        checkpoint();
        break;
      case 1:
        close();
        break;
      case 2:
        crash();
        break;
      case 3:
        hold_snapshot();
        break;
      default:
        transaction();
        has_early_pages_ = has_early_pages_ || database_->stats().pages_written_early > 0;
        break;
    }
    for (const auto& [snapshot, model] : held_) RC_ASSERT(read_all(snapshot) == model);
  }

  void finish() {
    held_.clear();
    RC_CLASSIFY(has_early_pages_, "with early pages");
    close();
    const CheckReport report = database_->check();
    for (const CheckProblem& problem : report.problems) {
      std::cerr << problem.page << " " << problem.collection << " " << problem.what << "\n";
    }
    RC_ASSERT(report.ok());
  }

 private:
  static constexpr const char* kPath = "/dir/test.quire";
  static constexpr int kMostSavepoints = 3;

  void reopen() {
    database_.reset();
    options_.file_system = files_.get();
    database_.emplace(Database::open(kPath, options_));
    RC_ASSERT(read_all(database_->snapshot()) == committed_);
  }
  void checkpoint() { database_->checkpoint(); }
  void close() {
    held_.clear();
    database_->close();
    reopen();
  }
  void crash() {
    held_.clear();
    auto copy = copy_of(*files_, "/dir");
    database_.reset();
    files_ = std::move(copy);
    reopen();
    RC_ASSERT(database_->check().ok());
  }
  void hold_snapshot() {
    held_.emplace_back(database_->snapshot(), committed_);
    if (held_.size() > 3) held_.pop_front();
  }

  void transaction() {
    Model model = committed_;
    {
      Transaction txn = database_->begin();
      operations(txn, model, 0);
      if (pick(0, 4) == 0) return;  // rolled back
      txn.commit();
    }
    committed_ = std::move(model);
  }

  /// Random operations, some of them under savepoints of their own, and then a look at everything.
  void operations(Transaction& txn, Model& model, int depth) const {
    const int count = pick(1, most_operations_);
    for (int i = 0; i < count; ++i) {
      if (depth < kMostSavepoints && pick(0, 6) == 0) {
        under_savepoint(txn, model, depth + 1);
      } else {
        operation(txn, model);
      }
    }
    RC_ASSERT(read_all(txn) == model);
  }

  void under_savepoint(Transaction& txn, Model& model, int depth) const {
    const Model before = model;
    Savepoint savepoint = txn.savepoint();
    operations(txn, model, depth);
    switch (pick(0, 3)) {
      case 0:
        savepoint.release();
        return;
      case 1:
        savepoint.rollback();
        break;
      default: {
        // An inner one that is still open ends with it.
        const Savepoint inner = txn.savepoint();
        operation(txn, model);
        savepoint.rollback();
        break;
      }
    }
    model = before;
    RC_ASSERT(read_all(txn) == model);
  }

  static std::string bytes(std::size_t most) {
    const auto size = pick(0, 2) == 0 ? pick<std::size_t>(0, 40) : pick<std::size_t>(0, most);
    return std::string(size, pick('a', 'z'));
  }
  static std::string key() {
    const auto number = pick(0, 40);
    return number == 39 ? std::string(1500, 'k') : std::to_string(number);
  }

  static void operation(Transaction& txn, Model& model) {
    const std::string name = *rc::gen::element<std::string>("x", "y");
    const int what = pick(0, 21);
    if (what < 6) {
      change_hash(txn.open<Hash>("h" + name), model.hashes["h" + name]);
    } else if (what < 11) {
      change_blob(txn.open<Blob>("b" + name), model.blobs["b" + name]);
    } else if (what < 17) {
      change_list(txn.open<List>("l" + name), model.lists["l" + name]);
    } else if (what < 20) {
      change_shelf(txn, name, model.shelves);
    } else {
      const std::string victim = *rc::gen::element<std::string>("hx", "bx", "lx", "sx");
      const bool there = model.hashes.erase(victim) + model.blobs.erase(victim) +
                             model.lists.erase(victim) + model.shelves.erase(victim) >
                         0;
      RC_ASSERT(txn.drop(victim) == there);
    }
  }

  /// Puts something into a bag of a shelf, or renames one.
  static void change_shelf(Transaction& txn, const std::string& name,
                           std::map<std::string, Model::Bags>& expected) {
    if (pick(0, 4) > 0) {
      const int number = pick(0, kBags);
      const std::string k = key();
      const std::string v = bytes(2000);
      txn.open<Shelf>("s" + name).bag(number).put(k, v);
      expected["s" + name][number][k] = v;
    } else if (expected.contains("sx") && !expected.contains("sy")) {
      txn.rename("sx", "sy");
      expected["sy"] = std::move(expected.extract("sx").mapped());
    }
  }

  static void change_hash(Hash table, std::map<std::string, std::string>& expected) {
    const std::string k = key();
    const std::string v = bytes(3000);
    switch (pick(0, 6)) {
      case 0:
      case 1:
        RC_ASSERT(table.put(k, v) == expected.insert_or_assign(k, v).second);
        break;
      case 2:
        RC_ASSERT(table.insert(k, v) == expected.emplace(k, v).second);
        break;
      case 3:
        RC_ASSERT(table.erase(k) == (expected.erase(k) == 1));
        break;
      case 4:
        table.append(k, v), expected[k] += v;
        break;
      default: {
        const auto found = expected.find(k);
        RC_ASSERT(table.update(k, [](std::span<std::byte> place) {
          for (std::byte& byte : place) byte = std::byte{'U'};
        }) == (found != expected.end()));
        if (found != expected.end()) found->second.assign(found->second.size(), 'U');
      }
    }
  }

  static void change_blob(Blob blob, std::string& expected) {
    const auto at = pick<std::size_t>(0, 30'000);
    const std::string v = bytes(20'000);
    switch (pick(0, 5)) {
      case 0:
        blob.append(v), expected += v;
        break;
      case 1:
      case 2:
        if (v.empty()) break;
        blob.write(at, v);
        if (expected.size() < at + v.size()) expected.resize(at + v.size(), '\0');
        expected.replace(at, v.size(), v);
        break;
      case 3:
        blob.resize(at), expected.resize(at, '\0');
        break;
      default: {
        blob.punch(at, v.size());
        if (at < expected.size()) {
          const std::size_t count = std::min(v.size(), expected.size() - at);
          expected.replace(at, count, std::string(count, '\0'));
        }
      }
    }
  }

  static void change_list(List list, std::vector<std::string>& expected) {
    const auto at = pick<std::size_t>(0, expected.size() + 1);
    const auto place = expected.begin() + static_cast<std::ptrdiff_t>(at);
    const std::string v = bytes(1500);
    switch (pick(0, 6)) {
      case 0:
        list.insert(at, v), expected.insert(place, v);
        break;
      case 1:
        for (int i = 0; i < 20; ++i) list.push_back(v), expected.push_back(v);
        break;
      case 2:
        list.push_front(v), expected.insert(expected.begin(), v);
        break;
      case 3: {
        const auto count = pick<std::size_t>(0, expected.size() - at + 1);
        list.erase(at, count);
        expected.erase(place, place + static_cast<std::ptrdiff_t>(count));
        break;
      }
      default:
        if (at == expected.size()) break;
        list.set(at, v), *place = v;
    }
  }

  int most_operations_;
  bool has_early_pages_ = false;
  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  Options options_;
  Model committed_;
  std::deque<std::pair<Snapshot, Model>> held_;
  std::optional<Database> database_;
};

void run(const Sizes& sizes) {
  Run run(sizes);
  const int steps = pick(1, sizes.most_steps);
  for (int i = 0; i < steps; ++i) run.step();
  run.finish();
}

RC_GTEST_PROP(Database, EqualsItsModelThroughEverything, ()) { run({}); }
RC_GTEST_PROP(Database, EqualsItsModelWithTinySizes, ()) { run({.tiny = true}); }
RC_GTEST_PROP(Database, EqualsItsModelWithTransactionsLargerThanMemory, ()) {
  run({.tiny = true, .most_operations = 25, .most_steps = 12});
}

}  // namespace
}  // namespace quire::testing
