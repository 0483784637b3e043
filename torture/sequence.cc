#include "torture/sequence.h"

#include <algorithm>
#include <utility>

#include "torture/content.h"
#include "torture/promises.h"

namespace quire::torture {

namespace {

using Kind = Operation::Kind;

bool commits(Kind kind) { return kind == Kind::commit || kind == Kind::commit_relaxed; }

std::uint64_t stamp_of(std::size_t index) { return 100'000 + 1'000 * index; }

class CrashRunner final : public Runner {
 public:
  explicit CrashRunner(CrashRun& run) : run_(run) {}

  Database open() override { return run_.open(); }
  void commit(Transaction& transaction, std::size_t operations, Durability durability) override {
    run_.commit(transaction, std::to_string(operations), durability);
  }
  void sync(Database& database) override { run_.sync(database); }

 private:
  CrashRun& run_;
};

}  // namespace

Sequence::Sequence(const Start& start, std::vector<Operation> operations, const Options& options)
    : start_(start), operations_(std::move(operations)), options_(options) {
  SimulatedFileSystem files;
  CrashRun run(files, CrashOptions().path, options_, std::make_shared<const CrashRun::Promises>());
  Database database = this->start(run);
  contents_.push_back(content_of(database));
  for (std::size_t index = 0; index < operations_.size(); ++index) {
    run_one(run, database, index);
    contents_.push_back(content_of(database));
  }
}

std::string Sequence::name() const {
  std::string text(start_.name);
  for (const char* separator = ": "; const Operation& operation : operations_) {
    text += separator;
    text += operation.name;
    separator = ", ";
  }
  return text;
}

Database Sequence::start(CrashRun& run) const {
  Database database = run.open();
  start_.prepare(database);
  return database;
}

void Sequence::run(CrashRun& run, std::size_t first) const {
  Database database = start(run);
  for (std::size_t index = 0; index < operations_.size(); ++index) {
    if (index == first) run.start_trying();
    run_one(run, database, index);
  }
}

void Sequence::run_one(CrashRun& run, Database& database, std::size_t index) const {
  CrashRunner runner(run);
  run_one(runner, database, index);
}

void Sequence::run_one(Runner& runner, Database& database, std::size_t index) const {
  const Operation& operation = operations_.at(index);
  if (operation.change != nullptr) {
    Transaction transaction = database.begin();
    operation.change(transaction, stamp_of(index));
    if (commits(operation.kind)) {
      runner.commit(transaction, index + 1,
                    operation.kind == Kind::commit ? Durability::immediate : Durability::relaxed);
    }
    return;
  }
  if (operation.kind == Kind::checkpoint) database.checkpoint();
  if (operation.kind == Kind::reopen) {
    database.close();
    database = runner.open();
  }
  runner.sync(database);  // behind the other two there is nothing to sync: it notes the promise
}

std::size_t Sequence::require_promised(const Database& database,
                                       const CrashHistory& history) const {
  const PromisedSteps promised = promised_steps(history);
  const std::string found = content_of(database);
  for (std::size_t number = promised.most + 1; number-- > promised.least;) {
    if (contents_.at(number) == found) return number;
  }
  const auto other = std::find(contents_.begin(), contents_.end(), found);
  throw broken_promise(other == contents_.end()
                           ? "no commit"
                           : "commit " + std::to_string(other - contents_.begin()),
                       promised);
}

Program program_of(const Sequence& sequence, const std::string& path) {
  return {path,
          sequence.options(),
          sequence.size(),
          [&](CrashRun& run) { return sequence.start(run); },
          [&](CrashRun& run, Database& database, std::size_t index) {
            sequence.run_one(run, database, index);
          },
          [&](const Database& database, const CrashHistory& history) {
            return sequence.require_promised(database, history);
          }};
}

CrashReport explore(const Sequence& sequence, CrashOptions effort, std::size_t first) {
  const Program program = program_of(sequence, effort.path);
  effort.database = sequence.options();
  std::size_t found = 0;
  effort.afterwards = [&](CrashRun& run, Database& database) {
    go_on(program, run, database, found);
  };
  return explore_crashes([&](CrashRun& run) { sequence.run(run, first); },
                         [&](Database& database, const CrashHistory& history) {
                           found = sequence.require_promised(database, history);
                         },
                         effort);
}

}  // namespace quire::torture
