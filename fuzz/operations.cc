#include "fuzz/operations.h"

#include <algorithm>
#include <array>
#include <utility>

namespace quire::fuzz {
namespace {

constexpr const char* kPath = "/operations.quire";
constexpr std::size_t kMostChanges = 6;  // in a transaction
constexpr int kMostSavepoints = 3;       // inside one another
constexpr std::array kBlobs{"blob 0", "blob 1", "blob 2"};
constexpr std::array kHashes{"hash 0", "hash 1"};
constexpr std::array kLists{"list 0", "list 1"};
constexpr std::array kBags{"bag 0", "bag 1"};

/// No disk that lies about its syncs: it may lose what was promised.
constexpr std::array kFaults{
    FaultKind::io_error,        FaultKind::partial_write,  FaultKind::complete_write,
    FaultKind::no_space,        FaultKind::quota,          FaultKind::access_denied,
    FaultKind::too_many_files,  FaultKind::sync_loses,     FaultKind::sync_reverts,
    FaultKind::sync_keeps_some, FaultKind::sync_tells_each};

/// The smallest of everything, so that rare paths are common.
Options small_options(SimulatedFileSystem& files) {
  Options options;
  options.cache_size = std::size_t{64} << 10;
  options.wal_segment_size = std::size_t{64} << 10;
  options.wal_limit = std::size_t{128} << 10;
  options.file_system = &files;
  return options;
}

template <class Names>
const char* choose_name(Program& program, const Names& names) {
  return names[program.choose(names.size())];
}

}  // namespace

/// What fails because of a fault ends the step, and nothing else may fail.
template <class Fn>
void Operations::attempt(Fn&& fn) {
  try {
    fn();
  } catch (const Error&) {
    if (!has_faults_) throw;
  }
}

void Operations::run() {
  while (!program_.at_end()) step();
  held_.reset();
  cut_power();
  const CheckReport report = database_->check();
  require(report.ok(), "check() finds a problem at the end");
}

void Operations::step() {
  switch (program_.choose(16)) {
    case 0:
      return attempt([&] {
        database_->sync();
        durable_ = surviving_ = current_;
      });
    case 1:
      return attempt([&] { database_->checkpoint(); });
    case 2:
      return close();
    case 3:
      return cut_power();
    case 4:
      return die();
    case 5:
      return set_fault();
    case 6:
      return hold_or_compare();
    default:
      return transaction();
  }
}

// ---- transactions

void Operations::transaction() {
  attempt([&] {
    Transaction transaction = database_->begin();
    Model content = states_[current_];
    ModelledTransaction in_database(transaction);
    ModelledTransaction in_model(content);
    for (std::size_t count = 1 + program_.choose(kMostChanges); count > 0; --count) {
      change(in_database, in_model, content, 0);
    }
    finish(transaction, std::move(content));
  });
}

/// A commit that fails may still be found after the next opening if its outcome is unknown.
void Operations::finish(Transaction& transaction, Model content) {
  const std::size_t how = program_.choose(8);
  if (how == 0) return transaction.rollback();
  const bool relaxed = how < 3;
  if (content == states_[current_]) {
    transaction.commit();  // which promises nothing if it has changed nothing
    return;
  }
  try {
    transaction.commit(relaxed ? Durability::relaxed : Durability::immediate);
  } catch (const IoError& error) {
    if (error.outcome_unknown()) states_.push_back(std::move(content));
    throw;
  }
  ++commits_;
  states_.push_back(std::move(content));
  current_ = surviving_ = states_.size() - 1;
  if (!relaxed) durable_ = current_;
}

void Operations::change(ModelledTransaction& database, ModelledTransaction& model,
                        const Model& content, int depth) {
  switch (program_.choose(8)) {
    case 0:
    case 1:
      return change_blob(database, model);
    case 2:
    case 3:
      return change_hash(database, model);
    case 4:
      return change_list(database, model, content);
    case 5: {
      const char* const bag = choose_name(program_, kBags);
      const std::string thing = std::to_string(program_.choose(9));
      const std::string bytes = stamp();
      database.put_in_bag(bag, thing, bytes);
      return model.put_in_bag(bag, thing, bytes);
    }
    case 6:
      return change_names(database, model, content);
    default:
      break;
  }
  if (depth == kMostSavepoints) return;
  using Fate = ModelledTransaction::Fate;
  const Fate fate = program_.choose(2) == 0 ? Fate::released : Fate::rolled_back;
  model.under_savepoint(
      [&](ModelledTransaction& inner_model) {
        database.under_savepoint(
            [&](ModelledTransaction& inner) {
              for (std::size_t count = 1 + program_.choose(3); count > 0; --count) {
                change(inner, inner_model, content, depth + 1);
              }
            },
            fate);
      },
      fate);
}

void Operations::change_blob(ModelledTransaction& database, ModelledTransaction& model) {
  const char* const blob = choose_name(program_, kBlobs);
  const std::size_t place = program_.number();
  if (program_.choose(3) == 0) {
    database.resize(blob, place);
    return model.resize(blob, place);
  }
  const std::string bytes = stamp() + '.';  // a write of nothing extends nothing
  database.write(blob, place, bytes);
  model.write(blob, place, bytes);
}

void Operations::change_hash(ModelledTransaction& database, ModelledTransaction& model) {
  const char* const hash = choose_name(program_, kHashes);
  const std::string key = "key " + std::to_string(program_.choose(32));
  if (program_.choose(4) == 0) {
    database.erase(hash, key);
    return model.erase(hash, key);
  }
  const std::string bytes = stamp();
  database.put(hash, key, bytes);
  model.put(hash, key, bytes);
}

void Operations::change_list(ModelledTransaction& database, ModelledTransaction& model,
                             const Model& content) {
  const std::string list = choose_name(program_, kLists);
  const auto found = content.lists.find(list);
  const std::size_t size = found == content.lists.end() ? 0 : found->second.size();
  const std::string bytes = stamp();
  const std::size_t how = program_.choose(4);
  const std::size_t index = program_.choose(256) % (size + 1);
  if (how == 0 && size > 0) {
    const std::size_t count = program_.choose(8) % (size - index + 1);
    database.erase(list, index, count);
    model.erase(list, index, count);
  } else if (how == 1 && index < size) {
    database.set(list, index, bytes);
    model.set(list, index, bytes);
  } else {
    database.insert(list, index, bytes);
    model.insert(list, index, bytes);
  }
}

/// Drops a collection, or renames a blob.
void Operations::change_names(ModelledTransaction& database, ModelledTransaction& model,
                              const Model& content) {
  const std::array names{choose_name(program_, kBlobs), choose_name(program_, kHashes),
                         choose_name(program_, kLists), choose_name(program_, kBags)};
  const char* const to = choose_name(program_, kBlobs);
  const std::size_t kind = program_.choose(names.size() + 1);
  if (kind < names.size()) {
    database.drop(names[kind]);
    model.drop(names[kind]);
  } else if (content.blobs.contains(names[0]) && !content.blobs.contains(to)) {
    database.rename(names[0], to);
    model.rename(names[0], to);
  }
}

std::string Operations::stamp() {
  constexpr std::array<std::size_t, 8> kSizes{0, 3, 40, 300, 1001, 4096, 9000, 70'000};
  const std::string line = std::to_string(++stamps_) + '.';
  std::string bytes;
  const std::size_t size = kSizes[program_.choose(kSizes.size())];
  while (bytes.size() < size) bytes += line;
  bytes.resize(size);
  return bytes;
}

// ---- snapshots, faults, ends

void Operations::hold_or_compare() {
  attempt([&] {
    if (held_) {
      require(read_all(held_->first) == held_->second, "a snapshot has changed");
      held_.reset();
    } else {
      Snapshot snapshot = database_->snapshot();
      Model seen = read_all(snapshot);
      // A relaxed commit is visible before it is written, also if that fails.
      const auto first = states_.begin() + static_cast<std::ptrdiff_t>(current_);
      require(std::find(first, states_.end(), seen) != states_.end(),
              "a reader does not see the newest commit");
      held_.emplace(std::move(snapshot), std::move(seen));
    }
  });
}

void Operations::set_fault() {
  Fault fault;
  fault.kind = kFaults[program_.choose(kFaults.size())];
  fault.first_operation = files_->crash_points() + program_.choose(64);
  fault.count = program_.choose(4) == 0 ? Fault::kForever : 1 + program_.choose(3);
  files_->set_faults({{fault}});
  has_faults_ = true;
}

/// What a failed close leaves is what a dead process leaves.
void Operations::close() {
  held_.reset();
  bool is_clean = false;
  attempt([&] {
    database_
        ->sync();  // says what close() does not: that an earlier failure has stopped all writing
    database_->close();
    is_clean = true;
  });
  if (!is_clean) return die();
  durable_ = surviving_ = current_;
  reopen();
}

void Operations::cut_power() {
  held_.reset();
  const auto seed = program_.number();
  auto left = files_->crash(CrashPolicy::random(seed, static_cast<double>(seed % 5) / 4));
  database_.reset();
  files_ = std::move(left);
  surviving_ = durable_;
  reopen();
}

/// A sync that failed may have lost what was only written.
void Operations::die() {
  held_.reset();
  if (has_faults_) surviving_ = durable_;
  auto left = files_->crash(CrashPolicy::process_death());
  database_.reset();
  files_ = std::move(left);
  reopen();
}

void Operations::reopen() {
  files_->set_faults({});
  has_faults_ = false;
  database_.reset();
  database_.emplace(Database::open(kPath, small_options(*files_)));
  find_state();
}

/// The newest of the states that may be there; what was found is there for good.
void Operations::find_state() {
  Model found = read_all(*database_);
  const auto state = std::find(states_.rbegin(), states_.rend(), found);
  require(state != states_.rend(), "the database holds what no commit has made");
  const auto index = static_cast<std::size_t>(states_.rend() - state) - 1;
  require(index >= surviving_, "an acknowledged commit is lost");
  states_.assign(1, std::move(found));
  current_ = durable_ = surviving_ = 0;
}

}  // namespace quire::fuzz
