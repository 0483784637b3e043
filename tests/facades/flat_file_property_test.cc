// Flat files against vectors of strings: puts, batches, streams, seals, drops and slices, in
// transactions that end in any way, beside a hash that keeps the locations; with checkpoints,
// reopening and the death of the process.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include <quire/quire.h>
#include <quire/testing.h>

namespace quire::testing {
namespace {

struct ModelSegment {
  std::vector<std::string> values;
  bool sealed = false;
  friend bool operator==(const ModelSegment&, const ModelSegment&) = default;

  std::uint64_t size() const {
    std::uint64_t sum = 0;
    for (const std::string& value : values) sum += value.size();
    return sum;
  }
};

using ModelFile = std::map<std::uint64_t, ModelSegment>;  // never empty; the last one is open
using Model = std::map<std::string, ModelFile>;

constexpr const char* kNames[] = {"plain", "packed"};
constexpr std::uint64_t kSegmentSize = 9000;

FlatFileOptions options_of(const std::string& name) {
  return {.segment_size = kSegmentSize,
          .compression_level = name.starts_with("packed") ? 1 : 0,
          .frame_size = 1024};
}

/// A number in [low, high), of the whole range however small the case is meant to be.
template <class T>
T pick(T low, T high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

std::string some_value() {
  constexpr std::size_t kLengths[] = {0, 1, 100, 1023, 1024, 1025, 5000};
  std::string value(kLengths[pick<std::size_t>(0, std::size(kLengths))], pick('a', 'z'));
  for (std::size_t at = 0; at < value.size(); at += 7) value[at] = static_cast<char>(pick(0, 255));
  return value;
}

ModelFile read(const FlatFileView& flat) {
  ModelFile model;
  for (const FlatFileSegment& segment : flat.segments()) {
    ModelSegment& copy = model[segment.id];
    copy.sealed = segment.sealed;
    for (const DataLocation& place : flat.scan(segment.id)) {
      copy.values.push_back(flat.get(place).str());
    }
    RC_ASSERT(copy.values.size() == segment.values);
    RC_ASSERT(copy.size() == segment.size);
  }
  return model;
}

template <class Session>
Model read_all(Session&& session) {
  Model model;
  for (const CollectionInfo& info : session.collections()) {
    if (info.kind == FlatFile::kKind) {
      model[info.name] = read(session.template open<FlatFile>(info.name));
    }
  }
  return model;
}

// ---- operations on a flat file and its model

void put_some(FlatFile& flat, ModelFile& model, Hash& places, std::size_t count) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(some_value());
  if (model.rbegin()->second.size() >= kSegmentSize) {
    model.rbegin()->second.sealed = true;
    model[model.rbegin()->first + 1] = {};
  }
  std::vector<std::string>& stored = model.rbegin()->second.values;
  std::vector<DataLocation> found;
  if (count == 1 && pick(0, 2) == 0) {
    auto out = flat.writer();
    out << values[0].substr(0, values[0].size() / 2) << std::flush;
    out << values[0].substr(values[0].size() / 2);
    found.push_back(out.finish());
  } else if (count == 1) {
    found.push_back(flat.put(values[0]));
  } else {
    found = flat.put_many(values);
  }
  for (std::size_t i = 0; i < count; ++i) {
    RC_ASSERT(found[i].segment == model.rbegin()->first);
    places.put(found[i].encode(), values[i]);
    stored.push_back(values[i]);
  }
}

void seal(FlatFile& flat, ModelFile& model) {
  if (!model.rbegin()->second.values.empty()) {
    model.rbegin()->second.sealed = true;
    model[model.rbegin()->first + 1] = {};
  }
  RC_ASSERT(flat.seal() == model.rbegin()->first);
}

void drop_one(FlatFile& flat, ModelFile& model) {
  const std::uint64_t id = pick<std::uint64_t>(0, model.rbegin()->first + 2);
  if (id == model.rbegin()->first) {
    RC_ASSERT_THROWS_AS(flat.drop_segment(id), UnsafeAccess);
  } else if (!model.contains(id)) {
    RC_ASSERT_THROWS_AS(flat.drop_segment(id), NotFound);
  } else {
    flat.drop_segment(id);
    model.erase(id);
  }
}

void abandon_a_stream(FlatFile& flat, ModelFile& model) {
  if (model.rbegin()->second.size() >= kSegmentSize) seal(flat, model);
  auto out = flat.writer();
  out << some_value() << std::flush << some_value();
}

// Each location leads to what was put there, or its segment has been dropped.
void read_places(const FlatFileView& flat, const ModelFile& model, const HashView& places) {
  for (const auto [key, value] : places) {
    const DataLocation place = DataLocation::decode(key);
    if (!model.contains(place.segment)) {
      RC_ASSERT_THROWS_AS(flat.get(place), NotFound);
      continue;
    }
    const auto begin = pick<std::uint64_t>(0, value.size() + 1);
    const auto end = pick<std::uint64_t>(begin, value.size() + 3);
    if (place.length > 0) RC_ASSERT(flat.get(place) == value);
    RC_ASSERT(flat.get(place, begin, end) == value.sub(begin, end - begin));
  }
}

// ---- a run

class Run {
 public:
  Run() {
    options_.cache_size = 1 << 20;
    options_.wal_segment_size = 64 << 10;
    reopen();
  }

  void step() {
    switch (pick(0, 8)) {
      case 0:
        database_->checkpoint();
        break;
      case 1:
        database_->close();
        reopen();
        break;
      case 2:
        crash();
        break;
      default:
        transaction();
        break;
    }
  }

  void finish() {
    database_->close();
    reopen();
    require_sound();
  }

 private:
  void reopen() {
    database_.reset();
    options_.file_system = files_.get();
    database_.emplace(Database::open("/test.quire", options_));
    RC_ASSERT(read_all(database_->snapshot()) == committed_);
  }
  void crash() {
    auto files = files_->crash(CrashPolicy::lose_all());
    database_.reset();
    files_ = std::move(files);
    reopen();
    require_sound();
  }
  void require_sound() {
    const CheckReport report = database_->check(CheckOptions().with<FlatFile>());
    for (const CheckProblem& problem : report.problems) std::cerr << problem.what << "\n";
    RC_ASSERT(report.ok());
  }

  void transaction() {
    Model model = committed_;
    Transaction txn = database_->begin();
    operations(txn, model, 0);
    RC_ASSERT(read_all(txn) == model);
    if (pick(0, 4) == 0) return;  // rolled back
    txn.commit();
    committed_ = std::move(model);
  }

  void operations(Transaction& txn, Model& model, int depth) {
    for (int left = pick(1, 6); left > 0; --left) {
      if (depth < 2 && pick(0, 6) == 0) {
        Model inner = model;
        Savepoint savepoint = txn.savepoint();
        operations(txn, inner, depth + 1);
        if (pick(0, 2) == 0) continue;  // rolled back
        savepoint.release();
        model = std::move(inner);
      } else {
        operation(txn, model);
      }
    }
  }

  static void operation(Transaction& txn, Model& model) {
    std::string name = kNames[pick(0, 2)];
    if (!model.contains(name) && model.contains(name + "2")) name += "2";
    if (model.contains(name) && pick(0, 15) == 0) {
      const std::string other = name.ends_with("2") ? name.substr(0, name.size() - 1) : name + "2";
      txn.rename(name, other);
      txn.rename("places of " + name, "places of " + other);
      model[other] = std::move(model[name]);
      model.erase(name);
    } else if (model.contains(name) && pick(0, 20) == 0) {
      txn.drop(name);
      txn.drop("places of " + name);
      model.erase(name);
    } else {
      if (!model.contains(name)) model[name] = {{0, {}}};
      auto flat = txn.open<FlatFile>(name, options_of(name));
      auto places = txn.open<Hash>("places of " + name);
      change(flat, model[name], places);
    }
  }

  static void change(FlatFile& flat, ModelFile& model, Hash& places) {
    switch (pick(0, 9)) {
      case 0:
        seal(flat, model);
        break;
      case 1:
      case 2:
        drop_one(flat, model);
        break;
      case 3:
        abandon_a_stream(flat, model);
        break;
      case 4:
        read_places(flat, model, places);
        break;
      case 5:
        put_some(flat, model, places, pick<std::size_t>(0, 6));
        break;
      default:
        put_some(flat, model, places, 1);
        break;
    }
  }

  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  Options options_;
  std::optional<Database> database_;
  Model committed_;
};

RC_GTEST_PROP(FlatFileProperty, HoldsWhatTheModelHolds, ()) {
  Run run;
  for (int left = pick(1, 40); left > 0; --left) run.step();
  run.finish();
}

}  // namespace
}  // namespace quire::testing
