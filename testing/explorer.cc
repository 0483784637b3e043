#include <algorithm>
#include <charconv>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include <quire/blob.h>
#include <quire/error.h>
#include <quire/testing.h>

#include "testing/power_cut.h"
#include "testing/simulation.h"

// A program runs once under observation: before each call that changes the disk, the disk is
// remembered (a cheap copy) with what the program was promised so far. Each of these moments then
// leaves many images, and each image that was not seen before is reopened. Some of these
// reopenings are observed in turn, and the same is done to their moments.
//
// A case is written as "1@41:10[0110]g": the seed, the number of the call before which the power was
// cut and the fates of the pending changes ("p": only the process died), followed by "/17:..." for
// a crash in the recovery from that.

namespace quire {
namespace {

using simulation::Disk;
using simulation::Simulation;
using Promises = CrashRun::Promises;

/// The disk before one call, or at the end.
struct Moment {
  Disk disk;
  std::shared_ptr<const Promises> promises;
  std::uint64_t call = 0;
};

/// One run of a program: where it could have been cut, and how it ended.
struct Recording {
  std::vector<Moment> moments;
  std::shared_ptr<Simulation> simulation;
  std::optional<std::string> error;
  std::exception_ptr exception;  // which has that error
};

constexpr std::string_view kProcessDeath = "p";

/// What a crash leaves, and what of the promises still counts.
struct Aftermath {
  Disk disk;
  std::shared_ptr<const Promises> promises;
};

Aftermath crash(const Moment& moment, const std::string& fates) {
  if (fates != kProcessDeath) {
    return {simulation::cut_power(moment.disk, simulation::parse_decisions(fates)),
            std::make_shared<const Promises>(moment.promises->after_power_cut())};
  }
  Aftermath after{moment.disk, moment.promises};
  after.disk.drop_unnamed();
  return after;
}

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument("CrashOptions::reproduce: '" + std::string(text) + "' is no seed");
  }
  return number;
}

std::uint64_t hash_of(const Promises& promises) {
  const std::hash<std::string> hash_text;
  std::uint64_t hash = promises.least_seq;
  for (const CrashCommit& commit : promises.history) {
    hash = simulation::mix(hash + hash_text(commit.note) + (commit.acknowledged ? 1 : 0) +
                           (commit.relaxed ? 2 : 0));
  }
  return hash;
}

class Exploration {
 public:
  Exploration(const CrashWorkload& reopen, const CrashOptions& options)
      : reopen_(reopen), options_(options), seed_(options.seed), crashes_(options.reproduce) {
    if (const std::size_t at = crashes_.find('@'); at != std::string_view::npos) {
      seed_ = parse_number(crashes_.substr(0, at));
      crashes_.remove_prefix(at + 1);
    }
  }

  CrashReport run(const CrashWorkload& workload) {
    Recording recording = run_program(workload, Disk(options_.disk), seed_,
                                      std::make_shared<const Promises>(), options_.faults, true);
    if (recording.exception) std::rethrow_exception(recording.exception);
    count(recording);
    if (!crashes_.empty()) {
      reproduce(std::move(recording));
    } else {
      explore(recording, 1, "");
    }
    return report_;
  }

 private:
  void count(const Recording& workload);
  Recording run_program(const CrashWorkload& program, Disk disk, std::uint64_t seed,
                        std::shared_ptr<const Promises> before, FaultPlan faults,
                        bool is_observed) const;
  Recording recover(const Aftermath& after, bool is_observed) const;
  bool explore(const Recording& recording, std::size_t depth, const std::string& before);
  bool try_image(const Recording& recording, const Moment& moment, std::size_t depth,
                 const std::string& before, const std::string& fates);
  std::vector<std::string> choices(const Moment& moment, std::size_t depth) const;
  void reproduce(Recording recording);
  std::string simplify(const Moment& moment, const std::string& fates) const;
  void fail(const Recording& recording, const Moment& moment, const std::string& before,
            const std::string& fates, const std::string& message);

  const CrashWorkload& reopen_;
  const CrashOptions& options_;
  std::uint64_t seed_;
  std::string_view crashes_;  // those to reproduce
  CrashReport report_;
  std::set<std::uint64_t> seen_;
  std::vector<std::string> story_;  // of the crashes before the one that is tried
};

void Exploration::count(const Recording& workload) {
  report_.operations = workload.simulation->call_count();
  if (report_.operations == 0) {
    throw InvalidArgument(
        "the workload made no call on the simulated disk: does it use run.open(), run.options() or "
        "run.files()?");
  }
  const CrashHistory& history = workload.moments.back().promises->history;
  report_.announced = history.size();
  for (const CrashCommit& commit : history) report_.acknowledged += commit.acknowledged ? 1 : 0;
  report_.injected_faults = workload.simulation->injected().size();
}

/// Runs the program; remembers each moment if it is to be crashed too.
Recording Exploration::run_program(const CrashWorkload& program, Disk disk, std::uint64_t seed,
                                   std::shared_ptr<const Promises> before, FaultPlan faults,
                                   bool is_observed) const {
  Recording recording;
  recording.simulation = std::make_shared<Simulation>(std::move(disk), seed, std::move(faults));
  SimulatedFileSystem files(recording.simulation);
  if (options_.watch) files.watch(options_.watch());
  CrashRun run(files, options_.path, options_.database, std::move(before));
  if (is_observed) {
    run.on_start_trying([&] { recording.moments.clear(); });
    recording.simulation->set_observer([&](const Disk& now, std::uint64_t call) {
      recording.moments.push_back({now, run.promises(), call});
    });
  }
  try {
    program(run);
  } catch (const std::exception& error) {
    recording.error = error.what();
    recording.exception = std::current_exception();
  }
  if (const std::vector<std::string> complaints = files.complaints(); !complaints.empty()) {
    recording.error = complaints.front();
    recording.exception = std::make_exception_ptr(std::runtime_error(*recording.error));
  }
  if (!is_observed) return recording;
  recording.simulation->set_observer(nullptr);
  recording.moments.push_back(
      {recording.simulation->disk(), run.promises(), recording.simulation->call_count()});
  return recording;
}

/// Reopens what a crash has left; the salts that it chooses follow from the image.
Recording Exploration::recover(const Aftermath& after, bool is_observed) const {
  const std::uint64_t seed = simulation::mix(after.disk.hash() + seed_);
  return run_program(reopen_, after.disk, seed, after.promises, {}, is_observed);
}

/// False: enough was seen.
bool Exploration::explore(const Recording& recording, std::size_t depth,
                          const std::string& before) {
  for (const Moment& moment : recording.moments) {
    ++(depth == 1 ? report_.points : report_.recovery_points);
    for (const std::string& fates : choices(moment, depth)) {
      if (!try_image(recording, moment, depth, before, fates)) return false;
    }
  }
  return true;
}

std::vector<std::string> Exploration::choices(const Moment& moment, std::size_t depth) const {
  const std::size_t budget =
      depth == 1 ? options_.images_per_point : options_.images_per_recovery_point;
  std::vector<std::string> texts;
  for (const auto& decisions :
       simulation::choose_decisions(simulation::pending_changes(moment.disk), budget,
                                    simulation::mix(seed_ + moment.call))) {
    texts.push_back(simulation::to_string(decisions));
  }
  texts.emplace_back(kProcessDeath);
  return texts;
}

bool Exploration::try_image(const Recording& recording, const Moment& moment, std::size_t depth,
                            const std::string& before, const std::string& fates) {
  const Aftermath after = crash(moment, fates);
  const std::uint64_t key = simulation::mix(after.disk.hash() + hash_of(*after.promises)) +
                            (fates == kProcessDeath ? 1 : 0);
  if (!seen_.insert(key).second) {
    ++report_.duplicates;
    return true;
  }
  if (report_.images >= options_.max_images) return false;
  ++report_.images;
  if (depth > 1) ++report_.recovery_images;
  const bool is_observed =
      depth < options_.depth && options_.recover_one_in > 0 && key % options_.recover_one_in == 0;
  const Recording recovery = recover(after, is_observed);
  if (recovery.error) {
    fail(recording, moment, before, fates, *recovery.error);
    return false;
  }
  if (!is_observed) return true;
  const std::string here = before + std::to_string(moment.call) + ":" + fates + "/";
  const std::size_t told = story_.size();
  story_.push_back("crash before call " + std::to_string(moment.call) + " with " + fates);
  const bool go_on = explore(recovery, depth + 1, here);
  story_.resize(told);
  return go_on;
}

void Exploration::reproduce(Recording recording) {
  std::string_view rest = crashes_;
  std::string before;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t colon = std::min(part.find(':'), part.size() - 1);
    const std::string fates(part.substr(colon + 1));
    const std::string call(part.substr(0, colon));
    const auto moment = std::find_if(
        recording.moments.begin(), recording.moments.end(),
        [&](const Moment& candidate) { return std::to_string(candidate.call) == call; });
    if (moment == recording.moments.end()) {
      throw InvalidArgument("CrashOptions::reproduce: no call that changes the disk is numbered '" +
                            call + "'");
    }
    ++report_.points;
    ++report_.images;
    Recording recovery = recover(crash(*moment, fates), true);
    if (recovery.error && rest.empty()) {
      fail(recording, *moment, before, fates, *recovery.error);
    }
    before += std::string(part) + "/";
    recording = std::move(recovery);
  }
}

/// Loses changes one by one, and tears none, for as long as it stays a failure.
std::string Exploration::simplify(const Moment& moment, const std::string& fates) const {
  using simulation::Fate;
  if (fates == kProcessDeath) return fates;
  simulation::Decisions simple = simulation::parse_decisions(fates);
  for (std::size_t index = 0; index < simple.size(); ++index) {
    for (const Fate::Kind kind : {Fate::Kind::lost, Fate::Kind::kept}) {
      if (simple[index].kind <= kind) break;
      simulation::Decisions simpler = simple;
      simpler[index] = Fate{kind};
      if (recover(crash(moment, simulation::to_string(simpler)), false).error) {
        simple = std::move(simpler);
      }
    }
  }
  return simulation::to_string(simple);
}

void Exploration::fail(const Recording& recording, const Moment& moment, const std::string& before,
                       const std::string& fates, const std::string& message) {
  constexpr std::uint64_t kCallsTold = 12;
  const std::string simple = simplify(moment, fates);
  CrashFailure failure;
  failure.message =
      simple == fates ? message : recover(crash(moment, simple), false).error.value_or(message);
  failure.reproduction =
      std::to_string(seed_) + "@" + before + std::to_string(moment.call) + ":" + simple;
  failure.story = story_;
  for (std::uint64_t call = moment.call - std::min(moment.call, kCallsTold); call < moment.call;
       ++call) {
    failure.story.push_back(std::to_string(call) + ": " +
                            simulation::to_string(recording.simulation->call(call)));
  }
  if (simple == kProcessDeath) {
    failure.story.emplace_back("the process dies");
  } else {
    const auto decisions = simulation::parse_decisions(simple);
    const auto changes = simulation::pending_changes(moment.disk);
    for (std::size_t index = 0; index < changes.size(); ++index) {
      failure.story.push_back(simulation::to_string({decisions[index]}) + " " +
                              changes[index].description);
    }
  }
  report_.failure = std::move(failure);
}

// ---- databases

void require_sound(const Database& database, const Promises& promises) {
  const CheckReport check = database.check();
  if (!check.ok()) {
    const std::string first = check.problems.empty() ? "" : ": " + check.problems.front().what;
    throw std::runtime_error("check() finds " + std::to_string(check.problem_count) + " problems" +
                             first);
  }
  if (database.info().seq < promises.least_seq) {
    throw std::runtime_error("the newest commit is " + std::to_string(database.info().seq) +
                             ", but commit " + std::to_string(promises.least_seq) +
                             " had been promised");
  }
}

void probe(CrashRun& run, Database& database) {
  constexpr std::string_view kName = "quire crash probe";
  Transaction made = database.begin();
  made.open<Blob>(kName).write(0, "a commit after a crash");
  run.observe(made.commit());
  Transaction dropped = database.begin();
  dropped.drop(kName);
  run.observe(dropped.commit());
}

}  // namespace

CrashReport explore_program_crashes(const CrashWorkload& workload, const CrashWorkload& reopen,
                                    const CrashOptions& options) {
  return Exploration(reopen, options).run(workload);
}

CrashReport explore_crashes(const CrashWorkload& workload, const CrashInvariant& invariant,
                            const CrashOptions& options) {
  const auto& afterwards = options.afterwards ? options.afterwards : probe;
  return explore_program_crashes(
      workload,
      [&](CrashRun& run) {
        Database database = run.open();
        const auto promises = run.promises();
        require_sound(database, *promises);
        invariant(database, promises->history);
        run.observe(database.info().seq);
        afterwards(run, database);
        database.close();
      },
      options);
}

std::string CrashReport::summary() const {
  std::string text = std::to_string(operations) + " calls, ";
  if (injected_faults > 0) text += std::to_string(injected_faults) + " of them hit by a fault, ";
  text += announced == 0 ? "no commit announced"
                         : std::to_string(announced) + " commits announced and " +
                               std::to_string(acknowledged) + " acknowledged";
  text += ", " + std::to_string(points) + " moments and " + std::to_string(recovery_points) +
          " in recovery: " + std::to_string(images) + " distinct images (" +
          std::to_string(recovery_images) + " in recovery), " + std::to_string(duplicates) +
          " seen before";
  if (!failure) return text;
  text += "\nFAILED: " + failure->message + "\nreproduce with: " + failure->reproduction;
  for (const std::string& line : failure->story) text += "\n  " + line;
  return text;
}

}  // namespace quire
