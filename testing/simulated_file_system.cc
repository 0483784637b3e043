#include <algorithm>
#include <cerrno>
#include <utility>

#include <quire/error.h>
#include <quire/testing.h>

#include "testing/power_cut.h"
#include "testing/simulation.h"

namespace quire {
namespace {

using simulation::Decisions;
using simulation::Disk;
using simulation::OpenFile;
using simulation::Simulation;

/// The path from "/", without ".", ".." and empty components.
std::string canonical_path(const char* operation, const std::string& path) {
  if (path.empty()) throw IoError(operation, path, ENOENT);
  std::string result;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    if (name == "..") {
      result.resize(result.empty() ? 0 : result.rfind('/'));
    } else if (!name.empty() && name != ".") {
      result.append("/").append(name);
    }
    begin = end + 1;
  }
  return result.empty() ? "/" : result;
}

class SimulatedFile final : public File {
 public:
  SimulatedFile(std::shared_ptr<Simulation> simulation, std::shared_ptr<OpenFile> file)
      : simulation_(std::move(simulation)), file_(std::move(file)) {}
  ~SimulatedFile() override { simulation_->close(*file_); }
  SimulatedFile(const SimulatedFile&) = delete;
  SimulatedFile& operator=(const SimulatedFile&) = delete;

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    return simulation_->read(*file_, offset, buffer);
  }
  void write_at(std::uint64_t offset, ByteView bytes) override {
    simulation_->write(*file_, offset, bytes);
  }
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    std::vector<std::byte> bytes;
    for (const ByteView part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
    simulation_->write(*file_, offset, bytes);
  }
  void sync_data() override { simulation_->sync(*file_, Disk::SyncOf::data); }
  void sync_all() override { simulation_->sync(*file_, Disk::SyncOf::all); }
  void allocate(std::uint64_t offset, std::uint64_t length) override {
    simulation_->allocate(*file_, offset, length);
  }
  void truncate(std::uint64_t size) override { simulation_->truncate(*file_, size); }
  FileStatus status() override { return simulation_->status(*file_); }
  bool try_lock(LockKind kind) override { return simulation_->try_lock(*file_, kind); }
  const std::string& path() const noexcept override { return *file_->path; }

 private:
  const std::shared_ptr<Simulation> simulation_;
  const std::shared_ptr<OpenFile> file_;
};

}  // namespace

SimulatedFileSystem::SimulatedFileSystem(std::uint64_t seed, FaultPlan plan,
                                         const DiskProfile& profile)
    : simulation_(std::make_shared<Simulation>(Disk(profile), seed, std::move(plan))) {}
SimulatedFileSystem::SimulatedFileSystem(
    std::shared_ptr<simulation::Simulation> simulation) noexcept
    : simulation_(std::move(simulation)) {}
SimulatedFileSystem::~SimulatedFileSystem() = default;

std::unique_ptr<File> SimulatedFileSystem::open(const std::string& path, OpenMode how,
                                                std::uint32_t mode) {
  auto file = simulation_->open(canonical_path("open", path), how, mode);
  return std::make_unique<SimulatedFile>(simulation_, std::move(file));
}

std::unique_ptr<File> SimulatedFileSystem::open_unnamed(const std::string& directory) {
  auto file = simulation_->open_unnamed(canonical_path("open", directory));
  return std::make_unique<SimulatedFile>(simulation_, std::move(file));
}

std::optional<FileStatus> SimulatedFileSystem::status(const std::string& path) {
  return simulation_->status(canonical_path("stat", path));
}

std::string SimulatedFileSystem::canonical(const std::string& path) {
  return canonical_path("realpath", path);
}

void SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  simulation_->rename(canonical_path("rename", from), canonical_path("rename", to));
}

void SimulatedFileSystem::link_without_replace(const std::string& existing,
                                               const std::string& name) {
  simulation_->link(canonical_path("link", existing), canonical_path("link", name));
}

void SimulatedFileSystem::remove(const std::string& path) {
  simulation_->remove(canonical_path("unlink", path));
}

std::vector<std::string> SimulatedFileSystem::list(const std::string& directory) {
  return simulation_->list(canonical_path("opendir", directory));
}

void SimulatedFileSystem::sync_directory(const std::string& directory) {
  simulation_->sync_directory(canonical_path("fsync", directory));
}

std::chrono::system_clock::time_point SimulatedFileSystem::now() {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(simulation_->tick()));
}

std::chrono::nanoseconds SimulatedFileSystem::monotonic_now() { return simulation_->tick(); }

void SimulatedFileSystem::fill_random(std::span<std::byte> bytes) {
  simulation_->fill_random(bytes);
}

std::unique_ptr<Thread> SimulatedFileSystem::start_thread(std::function<void()>) { return nullptr; }

// ---- crashes

CrashPolicy CrashPolicy::process_death() { return {}; }

CrashPolicy CrashPolicy::lose_all() {
  CrashPolicy policy;
  policy.kind_ = Kind::all_or_none;
  return policy;
}

CrashPolicy CrashPolicy::keep_all() {
  CrashPolicy policy = lose_all();
  policy.keep_ = true;
  return policy;
}

CrashPolicy CrashPolicy::keep_prefix(std::size_t count) {
  CrashPolicy policy;
  policy.kind_ = Kind::prefix;
  policy.number_ = count;
  return policy;
}

CrashPolicy CrashPolicy::keep_one(std::size_t index) {
  CrashPolicy policy;
  policy.kind_ = Kind::one;
  policy.keep_ = true;
  policy.number_ = index;
  return policy;
}

CrashPolicy CrashPolicy::drop_one(std::size_t index) {
  CrashPolicy policy = keep_one(index);
  policy.keep_ = false;
  return policy;
}

CrashPolicy CrashPolicy::random(std::uint64_t seed, double keep) {
  CrashPolicy policy;
  policy.kind_ = Kind::random;
  policy.number_ = seed;
  policy.probability_ = keep;
  return policy;
}

CrashPolicy CrashPolicy::replay(std::string decisions) {
  CrashPolicy policy;
  if (decisions == "p") return policy;
  policy.kind_ = Kind::replay;
  policy.decisions_ = std::move(decisions);
  return policy;
}

std::string SimulatedFileSystem::decisions(const CrashPolicy& policy) const {
  return decisions_for(simulation_->disk(), policy);
}

std::string SimulatedFileSystem::decisions_for(const simulation::Disk& disk,
                                               const CrashPolicy& policy) {
  using simulation::Fate;
  const auto changes = simulation::pending_changes(disk);
  const auto fate = [](bool kept) { return Fate{kept ? Fate::Kind::kept : Fate::Kind::lost}; };
  Decisions decisions(changes.size(), fate(policy.keep_));
  switch (policy.kind_) {
    case CrashPolicy::Kind::process:
      return "p";
    case CrashPolicy::Kind::all_or_none:
      break;
    case CrashPolicy::Kind::prefix:
      if (policy.number_ > changes.size()) throw InvalidArgument("so many changes do not pend");
      std::fill_n(decisions.begin(), policy.number_, fate(true));
      break;
    case CrashPolicy::Kind::one:
      if (policy.number_ >= changes.size()) throw InvalidArgument("no such change is pending");
      decisions.assign(changes.size(), fate(!policy.keep_));
      decisions[policy.number_] = fate(policy.keep_);
      break;
    case CrashPolicy::Kind::random: {
      std::mt19937_64 random(policy.number_);
      decisions = simulation::random_decisions(changes, policy.probability_, random);
      break;
    }
    case CrashPolicy::Kind::replay:
      return policy.decisions_;
  }
  return simulation::to_string(decisions);
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::crash(const CrashPolicy& policy) const {
  Disk disk = simulation_->disk();
  const std::string text = decisions_for(disk, policy);
  if (text == "p") {
    disk.drop_unnamed();
  } else {
    disk = simulation::cut_power(disk, simulation::parse_decisions(text));
  }
  // Another seed: what comes after must not choose the salts of what was before again.
  const std::uint64_t seed = simulation::mix(disk.hash() + simulation_->call_count());
  return std::make_unique<SimulatedFileSystem>(
      std::make_shared<Simulation>(std::move(disk), seed, FaultPlan{}));
}

std::vector<std::string> SimulatedFileSystem::pending() const {
  std::vector<std::string> descriptions;
  for (const auto& change : simulation::pending_changes(simulation_->disk())) {
    descriptions.push_back(change.description);
  }
  return descriptions;
}

std::uint64_t SimulatedFileSystem::crash_points() const { return simulation_->call_count(); }

FileOperation SimulatedFileSystem::operation(std::uint64_t index) const {
  return simulation_->call(index).operation;
}

std::string SimulatedFileSystem::operation_name(std::uint64_t index) const {
  return simulation::to_string(simulation_->call(index));
}

std::vector<std::string> SimulatedFileSystem::injected() const { return simulation_->injected(); }

void SimulatedFileSystem::watch(Watcher watcher) { simulation_->watch(std::move(watcher)); }

std::vector<std::string> SimulatedFileSystem::complaints() const {
  return simulation_->complaints();
}

void SimulatedFileSystem::set_faults(FaultPlan plan) { simulation_->set_faults(std::move(plan)); }

void SimulatedFileSystem::set_capacity(std::uint64_t bytes) { simulation_->set_capacity(bytes); }

std::uint64_t SimulatedFileSystem::used_bytes() const { return simulation_->used_bytes(); }

std::uint64_t SimulatedFileSystem::image_hash() const { return simulation_->disk().hash(); }

}  // namespace quire
