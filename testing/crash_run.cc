#include <memory>
#include <mutex>
#include <utility>

#include <quire/error.h>
#include <quire/testing.h>

namespace quire {

struct CrashRun::State {
  SimulatedFileSystem& files;
  const std::string path;
  const Options options;

  std::mutex mutex;
  std::shared_ptr<const Promises> promises;
  std::function<void()> on_start_trying = [] {};
  std::function<void(std::string)> on_remark = [](const std::string&) {};

  /// Changes a copy, because moments that were recorded keep what was promised then.
  template <class Change>
  void change(const Change& how) {
    const std::lock_guard guard(mutex);
    auto changed = std::make_shared<Promises>(*promises);
    how(*changed);
    promises = std::move(changed);
  }

  /// Whatever had been acknowledged when `before` was current survives a power cut.
  void make_durable(const Promises& before) {
    change([&](Promises& now) {
      for (std::size_t index = 0; index < before.history.size(); ++index) {
        if (before.history[index].acknowledged) now.history[index].relaxed = false;
      }
    });
  }
};

CrashRun::Promises CrashRun::Promises::after_power_cut() const {
  Promises left = *this;
  for (CrashCommit& commit : left.history) {
    if (!std::exchange(commit.relaxed, false)) continue;
    commit.acknowledged = false;
  }
  return left;
}

CrashRun::CrashRun(SimulatedFileSystem& files, std::string path, Options options,
                   std::shared_ptr<const Promises> before) {
  options.file_system = &files;
  state_.reset(new State{files, std::move(path), std::move(options), {}, std::move(before)});
}

CrashRun::~CrashRun() = default;

SimulatedFileSystem& CrashRun::files() const noexcept { return state_->files; }
const std::string& CrashRun::path() const noexcept { return state_->path; }
const Options& CrashRun::options() const noexcept { return state_->options; }

void CrashRun::start_trying() { state_->on_start_trying(); }

void CrashRun::on_start_trying(std::function<void()> call) {
  state_->on_start_trying = std::move(call);
}

void CrashRun::on_remark(std::function<void(std::string)> call) {
  state_->on_remark = std::move(call);
}

CrashRun::Announced CrashRun::announce(std::string note) {
  const std::string remark = "commit '" + note + "' is announced";
  Announced index = 0;
  state_->change([&](Promises& promises) {
    index = promises.history.size();
    promises.history.push_back({std::move(note), false});
  });
  state_->on_remark(remark);
  return index;
}

void CrashRun::acknowledge(Announced commit, Durability durability) {
  std::string remark;
  state_->change([&](Promises& promises) {
    if (commit >= promises.history.size()) {
      throw InvalidArgument("acknowledge(" + std::to_string(commit) +
                            "): commits announced: " + std::to_string(promises.history.size()) +
                            ", counted from 0; give what announce() returned");
    }
    CrashCommit& acknowledged = promises.history[commit];
    acknowledged.acknowledged = true;
    acknowledged.relaxed = durability == Durability::relaxed;
    remark = "commit '" + acknowledged.note + "' is acknowledged";
    if (acknowledged.relaxed) remark += ", not durable yet";
  });
  state_->on_remark(std::move(remark));
}

void CrashRun::commit(Transaction& transaction, std::string note,
                      std::optional<Durability> durability) {
  const Durability chosen = durability.value_or(options().durability);
  const auto before = promises();
  const Announced announced = announce(std::move(note));
  const std::uint64_t seq = transaction.commit(chosen);
  acknowledge(announced, chosen);
  if (chosen == Durability::relaxed) return;
  state_->make_durable(*before);
  observe(seq);
}

void CrashRun::sync(Database& database) {
  const auto before = promises();
  database.sync();
  state_->make_durable(*before);
  state_->on_remark("what was acknowledged is durable");
}

void CrashRun::observe(std::uint64_t seq) {
  state_->change(
      [&](Promises& promises) { promises.least_seq = std::max(promises.least_seq, seq); });
}

std::shared_ptr<const CrashRun::Promises> CrashRun::promises() const {
  const std::lock_guard guard(state_->mutex);
  return state_->promises;
}

}  // namespace quire
