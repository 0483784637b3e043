#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <quire/quire.h>
#include <quire/testing.h>

namespace quire {

/// What a database holds: the blobs, and the tables, by name.
struct Model {
  std::map<std::string, std::string> blobs;
  std::map<std::string, std::map<std::string, std::string>> hashes;
  friend bool operator==(const Model&, const Model&) = default;
};

/// Changes a transaction, or a model in the same way.
class ModelledTransaction {
 public:
  explicit ModelledTransaction(Transaction& transaction) : transaction_(&transaction) {}
  explicit ModelledTransaction(Model& model) : model_(&model) {}

  void write(const std::string& blob, std::uint64_t offset, const std::string& bytes);
  void resize(const std::string& blob, std::uint64_t size);
  void put(const std::string& hash, const std::string& key, const std::string& value);
  void erase(const std::string& hash, const std::string& key);
  void drop(const std::string& name);

 private:
  Transaction* transaction_ = nullptr;
  Model* model_ = nullptr;
};

/// A program for the engine, of steps that each commit once. What a step changes follows from its
/// number, so that it can be done again after a crash.
class EngineWorkload {
 public:
  using Change = std::function<void(ModelledTransaction&)>;
  enum class After { nothing, checkpoint, reopen };

  /// A step that commits `change`, then checkpoints, or closes and reopens.
  EngineWorkload& step(Change change, After after = After::nothing);
  /// The same step, rolled back before it is made: it must leave no trace.
  EngineWorkload& rolled_back_step(Change change, After after = After::nothing);

  std::size_t step_count() const noexcept { return steps_.size(); }
  /// What the database holds after the first `count` steps.
  const Model& model(std::size_t count) const { return models_.at(count); }

  /// All steps from the first, each announced as its number.
  void run(CrashRun& run) const;
  /// Makes step `index` and acknowledges it.
  void make_step(CrashRun& run, Database& database, std::size_t index) const;
  /// The number of steps whose result the database holds; throws if it holds nothing of the sort.
  std::size_t find_step(Database& database) const;
  /// Throws if the steps that the database holds are not what it promised.
  void require_promised(Database& database, const CrashHistory& history) const;

 private:
  struct Step {
    Change change;
    After after = After::nothing;
    bool is_rolled_back_first = false;
  };

  EngineWorkload& add(Step step);

  std::vector<Step> steps_;
  std::vector<Model> models_{Model{}};
};

/// Everything that the newest commit holds.
Model read_all(const Database& database);

/// The workloads that crashes and errors are tried on, by name: many commits of a few pages.
const std::map<std::string, EngineWorkload>& engine_workloads();
/// Small segments and a small cache, so that rare paths are common.
Options small_options();

}  // namespace quire
