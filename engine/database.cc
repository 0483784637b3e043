#include <quire/database.h>

#include <algorithm>

#include "base/hex.h"
#include "engine/checker.h"
#include "engine/handles.h"
#include "engine/recovery.h"
#include "engine/salvage.h"
#include "pager/header_format.h"

namespace quire {
namespace {

using engine::CallPass;
using engine::Core;

std::shared_ptr<Core> start(Core::Opened opened, const Options& options) {
  std::shared_ptr<Core> core = Core::start(std::move(opened), options);
  core->deliver_events();
  return core;
}

/// Calls `fn()` on an open database.
template <class Fn>
auto in_open(Core& core, Fn&& fn) {
  return engine::with_context(core, {}, [&] {
    const CallPass pass(core);
    return fn();
  });
}

}  // namespace

Database Database::open(const std::string& path, const Options& options) {
  return Database(start(engine::open_file(path, options), options));
}

Database Database::create_in_memory(const Options& options) {
  return Database(start(engine::create_in_memory(options), options));
}

Database::Database(std::shared_ptr<Core> core) noexcept : core_(std::move(core)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

const std::shared_ptr<Core>& Database::core() const {
  if (!core_) throw ClosedError("this database object was moved from; use the one it was moved to");
  return core_;
}

Snapshot Database::snapshot() const {
  return engine::with_context(*core(), {},
                              [&] { return Snapshot(engine::SnapshotSession::start(core_)); });
}

Transaction Database::begin() {
  return engine::with_context(
      *core(), {}, [&] { return Transaction(engine::TransactionSession::start(core_, nullptr)); });
}

std::optional<Transaction> Database::try_begin(std::chrono::nanoseconds timeout) {
  const auto now = std::chrono::steady_clock::now();
  const auto longest = std::chrono::steady_clock::time_point::max() - now;
  const auto deadline = now + std::min<std::chrono::nanoseconds>(timeout, longest);
  return engine::with_context(*core(), {}, [&]() -> std::optional<Transaction> {
    auto session = engine::TransactionSession::start(core_, &deadline);
    if (!session) return std::nullopt;
    return Transaction(std::move(session));
  });
}

void Database::commit_unless_ended(Transaction& transaction) {
  if (!transaction.has_ended()) transaction.commit();
}

void Database::sync() {
  in_open(*core(), [&] {
    core_->queue().require_healthy();
    core_->queue().make_durable();
  });
}

void Database::checkpoint() {
  const std::shared_ptr<Core> keep = core();  // a listener may let go of the database
  in_open(*keep, [&] {
    if (keep->options().read_only) {
      throw ReadOnlyError("a database that was opened read-only is not written");
    }
    keep->queue().require_healthy();
    keep->reaper().finish();
    keep->keeper().checkpoint();
  });
  keep->deliver_events();
}

void Database::close() {
  const std::shared_ptr<Core> keep = core_;  // a listener may let go of the database
  if (keep) engine::with_context(*keep, {}, [&] { keep->close(); });
}

CheckReport Database::check(const CheckOptions& options, const ProgressFunction& progress) const {
  const auto session =
      engine::with_context(*core(), {}, [&] { return engine::SnapshotSession::start(core_); });
  return engine::with_context(*core_, {},
                              [&] { return engine::check(session, options, progress); });
}

SalvageReport Database::salvage(const std::string& broken_path, const std::string& new_path,
                                const SalvageOptions& options, const ProgressFunction& progress) {
  return engine::salvage(broken_path, new_path, options, progress);
}

Stats Database::stats() const {
  return in_open(*core(), [&] { return engine::collect_stats(*core_); });
}

DatabaseInfo Database::info() const {
  return in_open(*core(), [&] {
    DatabaseInfo info;
    info.path = core_->logged() ? core_->path() : std::string();
    info.format_major = kHeaderMajor;
    info.format_minor = kHeaderMinor;
    info.page_count = core_->queue().visible().page_count;
    info.free_pages = core_->counters.free_pages;
    info.file_bytes = core_->base().status().size;
    info.wal_bytes = core_->queue().log() != nullptr ? core_->queue().log()->live_bytes() : 0;
    info.seq = core_->queue().visible().seq;
    info.recovered_commits = core_->recovery().commits;
    info.recovery_time = core_->recovery().duration;
    const MutexLock lock(core_->header_mutex);
    info.uuid = to_hex(core_->header.uuid);
    info.checkpoint_seq = core_->header.checkpoint_seq;
    return info;
  });
}

}  // namespace quire
