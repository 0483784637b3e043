#include <algorithm>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include <quire/blob.h>
#include <quire/error.h>
#include <quire/testing.h>

#include "testing/crash_case.h"
#include "testing/crash_story.h"
#include "testing/power_cut.h"
#include "testing/simulation.h"

// A program runs once under observation: before each call that changes the disk, and within a long
// write, the disk is remembered (a cheap copy) with what the program was promised so far. Each of these moments then
// leaves many images, and each image that was not seen before is reopened. Some of these
// reopenings are observed in turn, and the same is done to their moments.

namespace quire {
namespace {

using simulation::Crash;
using simulation::CrashCase;
using simulation::Cut;
using simulation::Disk;
using simulation::Fates;
using simulation::Moment;
using simulation::Recording;
using simulation::Simulation;
using Promises = CrashRun::Promises;

/// What a crash leaves, and what of the promises still counts.
struct Aftermath {
  Disk disk;
  std::shared_ptr<const Promises> promises;
};

Aftermath crash(const Moment& moment, const Fates& fates) {
  if (fates) {
    return {simulation::cut_power(moment.disk, *fates),
            std::make_shared<const Promises>(moment.promises->after_power_cut())};
  }
  Aftermath after{moment.disk, moment.promises};
  after.disk.drop_unnamed();
  return after;
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
      : reopen_(reopen), options_(options), case_{options.seed} {
    if (!options.reproduce.empty()) {
      case_ = simulation::parse_crash_case(options.reproduce, options.seed);
    }
  }

  CrashReport run(const CrashWorkload& workload) {
    const Recording recording =
        run_program(workload, Disk(options_.disk), case_.seed, std::make_shared<const Promises>(),
                    options_.faults, true);
    if (recording.exception) std::rethrow_exception(recording.exception);
    count(recording);
    if (case_.cuts.empty()) {
      explore(recording);
    } else {
      reproduce(recording);
    }
    return report_;
  }

 private:
  void count(const Recording& workload);
  Recording run_program(const CrashWorkload& program, Disk disk, std::uint64_t seed,
                        std::shared_ptr<const Promises> before, FaultPlan faults,
                        bool is_observed) const;
  Recording recover(const Aftermath& after, bool is_observed) const;
  bool explore(const Recording& recording);
  bool try_image(const Recording& recording, const Moment& moment, const Fates& fates);
  std::vector<Fates> choices(const Moment& moment) const;
  void reproduce(const Recording& recording);
  Fates simplify(const Moment& moment, const Fates& fates) const;
  void fail(const std::string& message);

  const CrashWorkload& reopen_;
  const CrashOptions& options_;
  CrashCase case_;  // with the crashes to reproduce; none: all are tried
  CrashReport report_;
  std::set<std::uint64_t> seen_;
  std::vector<Crash> crashes_;  // of the image that is tried, the first one first
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
    run.on_remark([&](std::string text) {
      recording.remarks.push_back({recording.simulation->call_count(), std::move(text)});
    });
    recording.simulation->set_observer([&](const Disk& now, std::uint64_t call, bool is_within) {
      recording.moments.push_back({now, run.promises(), call, is_within});
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
  const std::uint64_t seed = simulation::mix(after.disk.hash() + case_.seed);
  return run_program(reopen_, after.disk, seed, after.promises, {}, is_observed);
}

/// Cuts it everywhere. False: enough was seen.
bool Exploration::explore(const Recording& recording) {
  for (const Moment& moment : recording.moments) {
    ++(crashes_.empty() ? report_.points : report_.recovery_points);
    for (const Fates& fates : choices(moment)) {
      if (!try_image(recording, moment, fates)) return false;
    }
  }
  return true;
}

std::vector<Fates> Exploration::choices(const Moment& moment) const {
  // A power cut within a write is one behind it that has torn it.
  if (moment.is_within) return {std::nullopt};
  const std::size_t budget =
      crashes_.empty() ? options_.images_per_point : options_.images_per_recovery_point;
  std::vector<Fates> all;
  for (auto& decisions :
       simulation::choose_decisions(simulation::pending_changes(moment.disk), budget,
                                    simulation::mix(case_.seed + moment.call))) {
    all.emplace_back(std::move(decisions));
  }
  all.emplace_back(std::nullopt);
  return all;
}

bool Exploration::try_image(const Recording& recording, const Moment& moment, const Fates& fates) {
  const Aftermath after = crash(moment, fates);
  const std::uint64_t key =
      simulation::mix(after.disk.hash() + hash_of(*after.promises)) + (fates ? 0 : 1);
  if (!seen_.insert(key).second) {
    ++report_.duplicates;
    return true;
  }
  if (report_.images >= options_.max_images) return false;
  ++report_.images;
  if (!crashes_.empty()) ++report_.recovery_images;
  crashes_.push_back({&recording, &moment, fates});
  const bool is_observed = crashes_.size() < options_.depth && options_.recover_one_in > 0 &&
                           key % options_.recover_one_in == 0;
  const Recording recovery = recover(after, is_observed);
  if (recovery.error) fail(*recovery.error);
  const bool go_on = !recovery.error && (!is_observed || explore(recovery));
  crashes_.pop_back();
  return go_on;
}

/// Cuts it where the case says, and the recovery from that where it says next.
void Exploration::reproduce(const Recording& recording) {
  const Cut& cut = case_.cuts.at(crashes_.size());
  const auto moment = std::find_if(
      recording.moments.begin(), recording.moments.end(), [&](const Moment& candidate) {
        return candidate.call == cut.call && candidate.is_within == cut.is_within;
      });
  if (moment == recording.moments.end()) {
    throw InvalidArgument("CrashOptions::reproduce: no call that changes the disk is numbered " +
                          std::to_string(cut.call));
  }
  ++report_.points;
  ++report_.images;
  const Recording recovery = recover(crash(*moment, cut.fates), true);
  crashes_.push_back({&recording, &*moment, cut.fates});
  if (crashes_.size() < case_.cuts.size()) {
    reproduce(recovery);
  } else if (recovery.error) {
    fail(*recovery.error);
  }
  crashes_.pop_back();
}

/// Loses changes one by one, and tears none, for as long as it stays a failure.
Fates Exploration::simplify(const Moment& moment, const Fates& fates) const {
  using simulation::Fate;
  if (!fates) return fates;
  simulation::Decisions simple = *fates;
  for (std::size_t index = 0; index < simple.size(); ++index) {
    for (const Fate::Kind kind : {Fate::Kind::lost, Fate::Kind::kept}) {
      if (simple[index].kind <= kind) break;
      simulation::Decisions simpler = simple;
      simpler[index] = Fate{kind};
      if (recover(crash(moment, simpler), false).error) simple = std::move(simpler);
    }
  }
  return simple;
}

/// What recovering from the last crash has thrown goes into the report, made simple.
void Exploration::fail(const std::string& message) {
  Crash& last = crashes_.back();
  last.fates = simplify(*last.moment, last.fates);
  const Aftermath after = crash(*last.moment, last.fates);
  CrashCase failed{case_.seed};
  for (const Crash& tried : crashes_) {
    failed.cuts.push_back({tried.moment->call, tried.fates, tried.moment->is_within});
  }
  report_.failure = CrashFailure{.message = recover(after, false).error.value_or(message),
                                 .reproduction = to_string(failed),
                                 .story = tell_story(crashes_, *after.promises)};
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
  const auto counted = [](std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  };
  std::string text = counted(operations, "call") + ", ";
  if (injected_faults > 0) text += std::to_string(injected_faults) + " of them hit by a fault, ";
  text += announced == 0 ? "no commit announced"
                         : counted(announced, "commit") + " announced and " +
                               std::to_string(acknowledged) + " acknowledged";
  text += ", " + counted(points, "moment") + " and " + std::to_string(recovery_points) +
          " in recovery: " + counted(images, "distinct image") + " (" +
          std::to_string(recovery_images) + " in recovery), " + std::to_string(duplicates) +
          " seen before";
  if (!failure) return text;
  text += "\nFAILED: " + failure->message + "\nreproduce with: " + failure->reproduction;
  for (const std::string& line : failure->story) text += "\n  " + line;
  return text;
}

}  // namespace quire
