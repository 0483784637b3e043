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

}  // namespace

Sequence::Sequence(const Start& start, std::vector<Operation> operations, const Options& options)
    : start_(start), operations_(std::move(operations)), options_(options) {
  SimulatedFileSystem files;
  CrashRun run(files, CrashOptions().path, options_, std::make_shared<const CrashRun::Promises>());
  Database database = run.open();
  start_.prepare(database);
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

void Sequence::run(CrashRun& run, std::size_t first) const {
  Database database = run.open();
  start_.prepare(database);
  for (std::size_t index = 0; index < operations_.size(); ++index) {
    if (index == first) run.start_trying();
    run_one(run, database, index);
  }
}

void Sequence::run_one(CrashRun& run, Database& database, std::size_t index) const {
  const Operation& operation = operations_.at(index);
  if (operation.change != nullptr) {
    Transaction transaction = database.begin();
    operation.change(transaction, stamp_of(index));
    if (commits(operation.kind)) {
      run.commit(transaction, std::to_string(index + 1),
                 operation.kind == Kind::commit ? Durability::immediate : Durability::relaxed);
    }
    return;
  }
  if (operation.kind == Kind::checkpoint) database.checkpoint();
  if (operation.kind == Kind::reopen) {
    database.close();
    database = run.open();
  }
  run.sync(database);  // behind the other two there is nothing to sync: it notes the promise
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

CrashReport explore(const Sequence& sequence, CrashOptions effort, std::size_t first) {
  effort.database = sequence.options();
  std::size_t found = 0;
  effort.afterwards = [&](CrashRun& run, Database& database) {
    run.acknowledge(run.announce(std::to_string(found)));  // what was seen must not go again
    if (found < sequence.size()) sequence.run_one(run, database, found);
  };
  return explore_crashes([&](CrashRun& run) { sequence.run(run, first); },
                         [&](Database& database, const CrashHistory& history) {
                           found = sequence.require_promised(database, history);
                         },
                         effort);
}

}  // namespace quire::torture
