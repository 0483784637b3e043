#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quire/quire.h>
#include <quire/testing.h>

#include "fuzz/finding.h"
#include "fuzz/program.h"
#include "tests/testing/modelled_transaction.h"

namespace quire::fuzz {

/// Runs a program of transactions, checkpoints, reopenings, faults of the disk, deaths of the
/// process and power cuts, beside a model of what the database has to hold. Throws Finding if it
/// does not, or what the library should not have thrown.
class Operations {
 public:
  explicit Operations(Program program) : program_(program) { reopen(); }

  /// To the end of the program; then, on a disk without faults, once more through a power cut.
  void run();
  /// Commits that were acknowledged.
  std::uint64_t commits() const noexcept { return commits_; }

 private:
  void step();
  void transaction();
  void change(ModelledTransaction& database, ModelledTransaction& model, const Model& content,
              int depth);
  void change_blob(ModelledTransaction& database, ModelledTransaction& model);
  void change_hash(ModelledTransaction& database, ModelledTransaction& model);
  void change_list(ModelledTransaction& database, ModelledTransaction& model, const Model& content);
  void change_names(ModelledTransaction& database, ModelledTransaction& model,
                    const Model& content);
  void finish(Transaction& transaction, Model content);
  void hold_or_compare();
  void set_fault();
  void close();
  void cut_power();
  void die();
  void reopen();
  void find_state();
  std::string stamp();

  template <class Fn>
  void attempt(Fn&& fn);

  Program program_;
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  std::optional<Database> database_;
  std::optional<std::pair<Snapshot, Model>> held_;
  // What the database may hold, oldest first: after the last reopening, and after each commit since
  // that may be there.
  std::vector<Model> states_{Model{}};
  std::size_t current_ = 0;    // what a reader sees
  std::size_t durable_ = 0;    // survives a power cut
  std::size_t surviving_ = 0;  // survives the death of the process
  bool has_faults_ = false;    // since the database was opened
  std::uint64_t commits_ = 0;
  std::uint64_t stamps_ = 0;
};

}  // namespace quire::fuzz
