#include "tests/schedule/engine_run.h"

#include <functional>
#include <stdexcept>

namespace quire::schedule {
namespace {

using testing::anomalies;
using testing::anomalies_after_crash;
using testing::Attempt;
using testing::Stamp;
using testing::stamp_in;
using testing::stamped;

constexpr unsigned kEntries = 3;
constexpr unsigned kItems = 2;
constexpr unsigned kBlob = kEntries + kItems;  // the blob's number among the objects
constexpr std::size_t kEntryBytes = 600;
constexpr std::size_t kItemBytes = 500;
constexpr std::size_t kBlobBytes = 5000;
constexpr const char* kFiller = "filler";

std::string key(unsigned entry) { return "key " + std::to_string(entry); }

std::string pages_of_filler(std::size_t count) { return std::string(count * 4096, 'f'); }

void write_objects(Transaction& transaction, const Stamp& stamp) {
  auto table = transaction.open<Hash>("table");
  auto list = transaction.open<List>("list");
  auto blob = transaction.open<Blob>("blob");
  for (unsigned i = 0; i < kEntries; ++i) table.put(key(i), stamped(stamp, i, kEntryBytes));
  for (unsigned i = 0; i < kItems; ++i) {
    const std::string item = stamped(stamp, kEntries + i, kItemBytes);
    if (list.size() <= i) {
      list.push_back(item);
    } else {
      list.set(i, item);
    }
  }
  const std::string content = stamped(stamp, kBlob, kBlobBytes);
  blob.write(0, content);
  blob.resize(content.size());
}

/// Of a Snapshot or a Transaction.
template <class Scope>
std::vector<Stamp> read_objects(Scope& scope) {
  std::vector<Stamp> stamps;
  const auto table = scope.template open<Hash>("table");
  const auto list = scope.template open<List>("list");
  const auto blob = scope.template open<Blob>("blob");
  for (unsigned i = 0; i < kEntries; ++i) {
    stamps.push_back(stamp_in(table.get(key(i)).value(), i, kEntryBytes));
  }
  for (unsigned i = 0; i < kItems; ++i) {
    stamps.push_back(stamp_in(list.at(i), kEntries + i, kItemBytes));
  }
  stamps.push_back(stamp_in(ByteView(blob.read_all()), kBlob, kBlobBytes));
  return stamps;
}

/// Its size; nothing without one. std::runtime_error if a page of it is not as it was written.
std::optional<std::uint64_t> read_filler(const Snapshot& snapshot) {
  const auto filler = snapshot.find<Blob>(kFiller);
  if (!filler) return std::nullopt;
  for (std::uint64_t at = 0; at < filler->size(); at += 4096) {
    if (filler->at(at) != std::byte{'f'}) throw std::runtime_error("another page in the filler");
  }
  return filler->size();
}

void require_none(const std::vector<std::string>& found, const std::string& where) {
  if (found.empty()) return;
  std::string text = where;
  for (const std::string& anomaly : found) text += "\n  " + anomaly;
  throw std::runtime_error(text);
}

void require_sound(const Database& database, const std::string& where) {
  std::vector<std::string> found;
  for (const CheckProblem& problem : database.check().problems) {
    found.push_back("check: page " + std::to_string(problem.page) + " of '" + problem.collection +
                    "': " + problem.what);
  }
  require_none(found, where);
}

}  // namespace

// ---- the disk

EngineDisk::EngineDisk(std::size_t filler_pages) : disk_(std::make_unique<SimulatedFileSystem>()) {
  Options options = EngineRun::small_options();
  options.file_system = disk_.get();
  auto database = Database::open(EngineRun::kPath, options);
  database.transact([](Transaction& transaction) { write_objects(transaction, {}); });
  if (filler_pages > 0) {
    database.transact([&](Transaction& transaction) {
      transaction.open<Blob>(kFiller).append(pages_of_filler(filler_pages));
    });
  }
  database.close();
}

std::unique_ptr<SimulatedFileSystem> EngineDisk::copy() const {
  return disk_->crash(CrashPolicy::keep_all());
}

bool EngineDisk::is_new(const SimulatedFileSystem& disk, const std::string& promises) {
  return seen_.insert(promises + std::to_string(disk.image_hash())).second;
}

// ---- a run

Options EngineRun::small_options() {
  Options options;
  options.cache_size = std::size_t{64} << 10;
  options.wal_segment_size = std::size_t{64} << 10;
  options.wal_limit = std::size_t{256} << 10;
  return options;
}

EngineRun::EngineRun(Scheduler& scheduler, EngineDisk& disk, Options options)
    : scheduler_(scheduler),
      origin_(disk),
      options_(std::move(options)),
      disk_(disk.copy()),
      files_(scheduler, *disk_) {
  options_.file_system = &files_;
}

void EngineRun::run(const std::vector<Part>& parts, const Part& before) {
  histories_.resize(parts.size() + 1);
  Actor preparing(*this, parts.size());
  scheduler_.quietly([&] {
    database_ = Database::open(kPath, options_);
    if (before) before(preparing);
    scheduler_.settle();
  });
  // Another moment in another schedule.
  const std::size_t moment = std::hash<std::string>()(to_string(scheduler_.schedule()));
  files_.before_change(moment % 32, [this, moment] {
    cut_power(moment % 2 == 0 ? CrashPolicy::lose_all() : CrashPolicy::random(moment));
  });
  run_parts(parts);
  scheduler_.quietly([&] {
    cut_power(CrashPolicy::lose_all());
    cut_power(CrashPolicy::random(moment));
    judge(preparing);
    database_->close();
    database_.reset();
  });
  const Unscheduled alone;
  cut_power(CrashPolicy::lose_all());
  judge_images();
}

// No thread of an engine waits for a time to pass while another one waits for it: where that happens,
// a wake-up is lost, and a timer of the keeper has made up for it.
void EngineRun::run_parts(const std::vector<Part>& parts) {
  const std::uint64_t leaps = scheduler_.leaps();
  std::vector<std::unique_ptr<Thread>> threads;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    threads.push_back(scheduler_.start_thread([this, i, &part = parts[i]] {
      Actor actor(*this, i);
      try {
        part(actor);
      } catch (const ClosedError&) {
        // Another thread has closed the database: nothing of this one counts from then on.
      }
    }));
  }
  threads.clear();  // joins
  if (!has_slept_ && scheduler_.leaps() != leaps) {
    throw std::runtime_error("nobody went on until a deadline had passed");
  }
}

void EngineRun::judge(Actor& last) {
  try {
    if (last.has_snapshot()) last.end_snapshot();
    last.read();
    require_sound(*database_, "in the end");
  } catch (const ClosedError&) {
    // A part of the scenario has closed it.
  }
}

void EngineRun::cut_power(const CrashPolicy& policy) {
  const Unscheduled alone;
  images_.push_back({disk_->crash(policy), durable_.acknowledged(), clock_.begun()});
}

void EngineRun::judge_images() {
  require_none(anomalies(histories_), "the history is not one of isolated snapshots:");
  for (Image& image : images_) {
    if (origin_.is_new(*image.disk, promises(image))) judge_image(image);
  }
}

std::string EngineRun::promises(const Image& image) const {
  std::string text = std::to_string(image.acknowledged) + " " + std::to_string(image.begun) + " ";
  for (const testing::ThreadHistory& history : histories_) {
    for (const Attempt& attempt : history.attempts) {
      const bool is_void = attempt.end == Attempt::End::rolled_back;
      if (is_void) text += std::to_string(attempt.stamp.attempt) + " ";
    }
  }
  return text;
}

void EngineRun::judge_image(Image& image) {
  Options options = options_;
  options.file_system = image.disk.get();
  auto database = Database::open(kPath, options);
  const Snapshot snapshot = database.snapshot();
  require_none(
      anomalies_after_crash(histories_, read_objects(snapshot), image.acknowledged, image.begun),
      "after a power cut:");
  require_sound(database, "after a power cut:");
}

// ---- what threads do

void EngineRun::Actor::note(const char* what) { run_.scheduler_.note(what); }

Attempt EngineRun::Actor::change(Transaction& transaction) {
  Attempt attempt;
  attempt.acknowledged_before = run_.clock_.acknowledged();
  attempt.base = read_objects(transaction);
  attempt.stamp = run_.clock_.begin(attempt.base.front().commit + 1);
  write_objects(transaction, attempt.stamp);
  attempt.after = read_objects(transaction);
  return attempt;
}

void EngineRun::Actor::finish(Transaction& transaction, Attempt attempt, Durability durability) {
  history().attempts.push_back(attempt);
  Attempt& kept = history().attempts.back();
  try {
    kept.seq = transaction.commit(durability);
  } catch (const ClosedError&) {
    kept.end = Attempt::End::rolled_back;
    throw;
  }
  kept.end = Attempt::End::committed;
  run_.clock_.acknowledge(kept.stamp);
  if (durability == Durability::immediate) run_.durable_.acknowledge(kept.stamp);
}

void EngineRun::Actor::commit(Durability durability) {
  note("commit");
  Transaction transaction = database().begin();
  finish(transaction, change(transaction), durability);
}

void EngineRun::Actor::commit_in_chunks() {
  note("commit in chunks");
  Transaction transaction = database().begin();
  auto filler = transaction.open<Blob>(kFiller);
  filler.write(0, pages_of_filler(filler.size() / 4096));
  finish(transaction, change(transaction), Durability::immediate);
}

void EngineRun::Actor::roll_back() {
  note("roll back");
  Transaction transaction = database().begin();
  Attempt attempt = change(transaction);
  attempt.end = Attempt::End::rolled_back;
  history().attempts.push_back(attempt);
  transaction.rollback();
}

void EngineRun::Actor::commit_after_savepoint() {
  note("commit after a savepoint");
  Transaction transaction = database().begin();
  {
    const Savepoint savepoint = transaction.savepoint();
    Attempt attempt = change(transaction);
    attempt.end = Attempt::End::rolled_back;
    history().attempts.push_back(attempt);
  }
  finish(transaction, change(transaction), Durability::immediate);
}

void EngineRun::Actor::read() {
  begin_snapshot();
  end_snapshot();
}

void EngineRun::Actor::begin_snapshot() {
  note("begin a snapshot");
  read_ = {};
  read_.acknowledged_before = run_.clock_.acknowledged();
  snapshot_ = database().snapshot();
  read_.seq = snapshot_->seq();
  note("read");
  read_.values = read_objects(*snapshot_);
  filler_ = read_filler(*snapshot_);
  read_.begun_after = run_.clock_.begun();
}

void EngineRun::Actor::end_snapshot() {
  note("read again");
  read_.again = read_objects(*snapshot_);
  if (read_filler(*snapshot_) != filler_) throw std::runtime_error("another filler");
  history().reads.push_back(read_);
  note("end the snapshot");
  snapshot_.reset();
}

void EngineRun::Actor::sync() {
  note("sync");
  const Stamp newest{run_.clock_.acknowledged(), 0};
  database().sync();
  run_.durable_.acknowledge(newest);
}

void EngineRun::Actor::checkpoint() {
  note("checkpoint");
  const Stamp newest{run_.clock_.acknowledged(), 0};
  database().checkpoint();
  run_.durable_.acknowledge(newest);
}

void EngineRun::Actor::close() {
  note("close");
  const Stamp newest{run_.clock_.acknowledged(), 0};
  database().close();
  run_.durable_.acknowledge(newest);
}

void EngineRun::Actor::evict() {
  note("evict");
  read_filler(database().snapshot());
}

void EngineRun::Actor::grow(std::size_t pages) {
  note("grow");
  Transaction transaction = database().begin();
  transaction.open<Blob>(kFiller).append(pages_of_filler(pages));
  transaction.commit();
}

void EngineRun::Actor::drop_filler() {
  note("drop the filler");
  Transaction transaction = database().begin();
  transaction.drop(kFiller);
  transaction.commit();
}

void EngineRun::Actor::sleep(std::chrono::nanoseconds time) {
  note("sleep");
  run_.has_slept_ = true;
  run_.scheduler_.sleep(time);
}

}  // namespace quire::schedule
