#include <quire/database.h>

#include <algorithm>

#include "base/hex.h"
#include "engine/checker.h"
#include "engine/checkpointer.h"
#include "engine/handles.h"
#include "engine/recovery.h"
#include "pager/header_format.h"

namespace quire {
namespace {

using engine::Core;
using engine::CoreLock;

std::shared_ptr<Core> start(Core::Opened opened, const Options& options) {
  auto core = std::make_shared<Core>(std::move(opened), options);
  core->deliver_events();
  return core;
}

/// Calls `fn()` on an open database under its mutex, and hands out events afterwards.
template <class Fn>
auto locked(Core& core, Fn&& fn) {
  const CoreLock lock(core);
  return engine::with_context(core, {}, [&]() QUIRE_NO_ANALYSIS {
    core.require_open();
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
  locked(*core(), [&]() QUIRE_NO_ANALYSIS { core_->require_healthy(); });
}

void Database::checkpoint() {
  locked(*core(), [&]() QUIRE_NO_ANALYSIS {
    if (core_->options().read_only) {
      throw ReadOnlyError("a database that was opened read-only is not written");
    }
    core_->require_healthy();
    engine::checkpoint(*core_);
  });
  core_->deliver_events();
}

void Database::close() {
  if (core_) engine::with_context(*core_, {}, [&] { core_->close(); });
}

CheckReport Database::check(const CheckOptions& options, const ProgressFunction& progress) const {
  const auto session =
      engine::with_context(*core(), {}, [&] { return engine::SnapshotSession::start(core_); });
  return engine::with_context(*core_, {},
                              [&] { return engine::check(*session, options, progress); });
}

Stats Database::stats() const {
  return locked(*core(), [&]() QUIRE_NO_ANALYSIS { return engine::collect_stats(*core_); });
}

DatabaseInfo Database::info() const {
  return locked(*core(), [&]() QUIRE_NO_ANALYSIS {
    DatabaseInfo info;
    info.path = core_->logged() ? core_->path() : std::string();
    info.uuid = to_hex(core_->header.uuid);
    info.format_major = kHeaderMajor;
    info.format_minor = kHeaderMinor;
    info.page_count = core_->space().committed_page_count();
    info.free_pages = core_->space().free_pages();
    info.file_bytes = core_->base().status().size;
    info.wal_bytes = core_->log ? core_->log->live_bytes() : 0;
    info.seq = core_->visible;
    info.checkpoint_seq = core_->header.checkpoint_seq;
    info.recovered_commits = core_->recovery().commits;
    info.recovery_time = core_->recovery().duration;
    return info;
  });
}

}  // namespace quire
