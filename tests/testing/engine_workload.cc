#include "tests/testing/engine_workload.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace quire {
namespace {

/// `count` bytes that tell which step wrote them.
std::string stamp(std::size_t count, std::size_t number) {
  std::string text;
  while (text.size() < count)
    text += "<" + std::to_string(number) + "@" + std::to_string(text.size()) + ">";
  text.resize(count);
  return text;
}

}  // namespace

void ModelledTransaction::write(const std::string& blob, std::uint64_t offset,
                                const std::string& bytes) {
  if (transaction_ != nullptr) return transaction_->open<Blob>(blob).write(offset, bytes);
  std::string& content = model_->blobs[blob];
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
  content.replace(offset, bytes.size(), bytes);
}

void ModelledTransaction::resize(const std::string& blob, std::uint64_t size) {
  if (transaction_ != nullptr) return transaction_->open<Blob>(blob).resize(size);
  model_->blobs[blob].resize(size);
}

void ModelledTransaction::put(const std::string& hash, const std::string& key,
                              const std::string& value) {
  if (transaction_ != nullptr) {
    transaction_->open<Hash>(hash).put(key, value);
  } else {
    model_->hashes[hash][key] = value;
  }
}

void ModelledTransaction::erase(const std::string& hash, const std::string& key) {
  if (transaction_ != nullptr) {
    transaction_->open<Hash>(hash).erase(key);
  } else {
    model_->hashes[hash].erase(key);
  }
}

void ModelledTransaction::drop(const std::string& name) {
  if (transaction_ != nullptr) {
    transaction_->drop(name);
  } else {
    model_->blobs.erase(name);
    model_->hashes.erase(name);
  }
}

Model read_all(const Database& database) {
  const Snapshot snapshot = database.snapshot();
  Model model;
  for (const CollectionInfo& info : snapshot.collections()) {
    if (info.kind == Blob::kKind) {
      model.blobs[info.name] = ByteView(snapshot.open<Blob>(info.name).read_all()).str();
      continue;
    }
    auto& entries = model.hashes[info.name];
    for (const auto& [key, value] : snapshot.open<Hash>(info.name))
      entries[key.str()] = value.str();
  }
  return model;
}

EngineWorkload& EngineWorkload::add(Step step) {
  Model& model = models_.emplace_back(Model(models_.back()));
  ModelledTransaction modelled(model);
  step.change(modelled);
  steps_.push_back(std::move(step));
  return *this;
}

EngineWorkload& EngineWorkload::step(Change change, After after) {
  return add({std::move(change), after, false});
}

EngineWorkload& EngineWorkload::rolled_back_step(Change change, After after) {
  return add({std::move(change), after, true});
}

void EngineWorkload::make_step(CrashRun& run, Database& database, std::size_t index) const {
  const Step& step = steps_.at(index);
  if (step.is_rolled_back_first) {
    Transaction abandoned = database.begin();
    ModelledTransaction modelled(abandoned);
    step.change(modelled);
    modelled.put("of an abandoned transaction", "key", "value");
    abandoned.rollback();
  }
  Transaction transaction = database.begin();
  ModelledTransaction modelled(transaction);
  step.change(modelled);
  run.commit(transaction, std::to_string(index + 1));
  if (step.after == After::checkpoint) database.checkpoint();
  if (step.after == After::reopen) {
    database.close();
    database = run.open();
  }
}

void EngineWorkload::run(CrashRun& run) const {
  Database database = run.open();
  for (std::size_t index = 0; index < steps_.size(); ++index) make_step(run, database, index);
  database.close();
}

std::size_t EngineWorkload::find_step(Database& database) const {
  const Model found = read_all(database);
  const auto place = std::find(models_.begin(), models_.end(), found);
  if (place == models_.end()) throw std::runtime_error("the content is that of no commit");
  return static_cast<std::size_t>(place - models_.begin());
}

void EngineWorkload::require_promised(Database& database, const CrashHistory& history) const {
  std::size_t least = 0;
  std::size_t most = 0;
  for (const CrashCommit& commit : history) {
    const auto number = static_cast<std::size_t>(std::stoul(commit.note));
    most = std::max(most, number);
    if (commit.acknowledged) least = std::max(least, number);
  }
  const std::size_t found = find_step(database);
  if (found < least || found > most) {
    throw std::runtime_error("the content is that of commit " + std::to_string(found) +
                             ", not one from " + std::to_string(least) + " to " +
                             std::to_string(most));
  }
}

Options small_options() {
  Options options;
  options.cache_size = std::size_t{1} << 20;
  options.wal_segment_size = std::size_t{64} << 10;
  return options;
}

// ---- the workloads

namespace {

using After = EngineWorkload::After;

EngineWorkload small_commits() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 6; ++number) {
    workload.step([number](ModelledTransaction& change) {
      change.put("table", "key " + std::to_string(number % 4), stamp(30, number));
      change.write("blob", 100 * number, stamp(150, number));
    });
  }
  return workload;
}

EngineWorkload overwrites_and_checkpoints() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 6; ++number) {
    workload.step(
        [number](ModelledTransaction& change) {
          change.write("blob", 0, stamp(9000, number));
          change.put("table", "key", stamp(1500, number));
        },
        number % 2 == 0 ? After::checkpoint : After::nothing);
  }
  return workload;
}

EngineWorkload large_commits() {
  EngineWorkload workload;
  workload.step([](ModelledTransaction& change) { change.write("blob", 0, stamp(10, 1)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 5, stamp(150'000, 2)); });
  workload.step([](ModelledTransaction& change) { change.write("blob", 70'000, stamp(9, 3)); },
                After::checkpoint);
  workload.step([](ModelledTransaction& change) { change.write("other", 0, stamp(140'000, 4)); });
  return workload;
}

EngineWorkload closes_and_reopens() {
  EngineWorkload workload;
  for (std::size_t number = 1; number <= 4; ++number) {
    workload.step(
        [number](ModelledTransaction& change) {
          change.put("table", "key " + std::to_string(number), stamp(500, number));
        },
        After::reopen);
  }
  workload.step([](ModelledTransaction& change) { change.put("table", "last", stamp(9, 5)); });
  return workload;
}

EngineWorkload drops_and_rollbacks() {
  EngineWorkload workload;
  const auto fill = [](std::size_t number) {
    return [number](ModelledTransaction& change) {
      change.write("blob", 0, stamp(20'000, number));
      for (std::size_t key = 0; key < 60; ++key) {
        change.put("table", stamp(20, key), stamp(100, key + number));
      }
    };
  };
  workload.rolled_back_step(fill(1));
  workload.rolled_back_step([](ModelledTransaction& change) { change.drop("table"); },
                            After::checkpoint);
  workload.rolled_back_step(fill(3));
  workload.step([](ModelledTransaction& change) {
    change.drop("blob");
    change.erase("table", stamp(20, 7));
  });
  workload.rolled_back_step(fill(5), After::reopen);
  workload.step([](ModelledTransaction& change) { change.resize("blob", 3000); });
  return workload;
}

}  // namespace

const std::map<std::string, EngineWorkload>& engine_workloads() {
  static const std::map<std::string, EngineWorkload> workloads{
      {"SmallCommits", small_commits()},
      {"OverwritesAndCheckpoints", overwrites_and_checkpoints()},
      {"LargeCommits", large_commits()},
      {"ClosesAndReopens", closes_and_reopens()},
      {"DropsAndRollbacks", drops_and_rollbacks()},
  };
  return workloads;
}

}  // namespace quire
