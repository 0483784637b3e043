#include <memory>
#include <mutex>
#include <utility>

#include <quire/testing.h>

namespace quire {

struct CrashRun::State {
  SimulatedFileSystem& files;
  const std::string path;
  const Options options;

  std::mutex mutex;
  std::shared_ptr<const Promises> promises;

  /// Changes a copy, because moments that were recorded keep what was promised then.
  template <class Change>
  void change(const Change& how) {
    const std::lock_guard guard(mutex);
    auto changed = std::make_shared<Promises>(*promises);
    how(*changed);
    promises = std::move(changed);
  }
};

CrashRun::CrashRun(SimulatedFileSystem& files, std::string path, Options options,
                   std::shared_ptr<const Promises> before) {
  options.file_system = &files;
  state_.reset(new State{files, std::move(path), std::move(options), {}, std::move(before)});
}

CrashRun::~CrashRun() = default;

SimulatedFileSystem& CrashRun::files() const noexcept { return state_->files; }
const std::string& CrashRun::path() const noexcept { return state_->path; }
const Options& CrashRun::options() const noexcept { return state_->options; }

CrashRun::Announced CrashRun::announce(std::string note) {
  Announced index = 0;
  state_->change([&](Promises& promises) {
    index = promises.history.size();
    promises.history.push_back({std::move(note), false});
  });
  return index;
}

void CrashRun::acknowledge(Announced commit) {
  state_->change([&](Promises& promises) { promises.history.at(commit).acknowledged = true; });
}

void CrashRun::commit(Transaction& transaction, std::string note) {
  const Announced announced = announce(std::move(note));
  const std::uint64_t seq = transaction.commit();
  acknowledge(announced);
  observe(seq);
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
