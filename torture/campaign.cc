#include "torture/campaign.h"

#include <random>
#include <string>
#include <utility>

#include "torture/damage_trial.h"
#include "torture/fault_trial.h"
#include "torture/soup.h"

namespace quire::torture {

namespace {

constexpr const char* kPowerCut = "the power is cut, or the process dies";
constexpr const char* kPowerCutInRecovery = "the same again, in the recovery from that";
constexpr std::uint64_t kTrialsOfEachKind = 2;
constexpr std::uint64_t kDamagesOfEachKind = 5;

void crash_everywhere(const Sequence& sequence, std::uint64_t seed, CampaignResult& result) {
  CrashOptions effort;
  effort.seed = seed;
  effort.images_per_point = 20;
  effort.recover_one_in = 100;
  effort.images_per_recovery_point = 2;
  effort.depth = 3;
  const CrashReport report = explore(sequence, effort);
  result.images += report.images;
  result.recovery_images += report.recovery_images;
  const std::uint64_t bad = report.ok() ? 0 : 1;
  result.table.add(kPowerCut, Outcome::as_promised, report.images - report.recovery_images - bad);
  result.table.add(kPowerCutInRecovery, Outcome::as_promised, report.recovery_images);
  if (report.ok()) return;
  result.table.add(kPowerCut, Outcome::wrong);
  result.findings.push_back({seed, sequence.name(), kPowerCut, report.summary()});
}

std::string problem_of(const std::string& path, const Diagnosis& diagnosis) {
  return path + " was damaged, and what is read is wrong; check() " +
         (diagnosis.is_noticed ? "says so" : "does not notice");
}

void fail_calls(const Sequence& sequence, std::uint64_t seed, CampaignResult& result) {
  std::mt19937_64 random(seed);
  const std::uint64_t calls = calls_of(sequence, seed).size();
  for (const FaultKind kind : fault_kinds()) {
    for (const std::uint64_t count : {std::uint64_t{1}, Fault::kForever}) {
      for (std::uint64_t trial = 0; trial < kTrialsOfEachKind; ++trial) {
        const Fault fault{kind, random() % calls, count};
        const TrialResult came = try_fault(sequence, fault, seed);
        ++result.calls;
        result.images += came.images;
        result.table.add(to_string(fault), came.outcome);
        if (is_good(came.outcome)) continue;
        const std::string place =
            to_string(fault) + ", from call " + std::to_string(fault.first_operation);
        result.findings.push_back({seed, sequence.name(), place, came.problem});
      }
    }
  }
}

void damage_files(const Sequence& sequence, std::uint64_t seed, CampaignResult& result) {
  std::mt19937_64 random(seed);
  for (const auto state : {Patient::State::clean, Patient::State::live}) {
    const Patient patient(program_of(sequence, "/damaged.quire"), state);
    for (const DamageKind& kind : damage_kinds()) {
      const std::string row = "at rest: " + std::string(kind.name);
      for (std::uint64_t trial = 0; trial < kDamagesOfEachKind; ++trial) {
        const std::string& path = patient.paths()[random() % patient.paths().size()];
        const auto damage = kind.choose(patient, path, random);
        if (!damage) continue;
        const Diagnosis diagnosis = patient.diagnose(path, *damage);
        ++result.damages;
        result.table.add(row, diagnosis.outcome);
        if (is_good(diagnosis.outcome)) continue;
        result.findings.push_back({seed, sequence.name(), row, problem_of(path, diagnosis)});
      }
    }
  }
}

}  // namespace

void CampaignResult::add(const CampaignResult& other) {
  table.add(other.table);
  programs += other.programs;
  images += other.images;
  recovery_images += other.recovery_images;
  calls += other.calls;
  damages += other.damages;
  findings.insert(findings.end(), other.findings.begin(), other.findings.end());
}

void run_program(std::uint64_t seed, CampaignResult& result) {
  const Sequence sequence = random_sequence(seed);
  crash_everywhere(sequence, seed, result);
  fail_calls(sequence, seed, result);
  damage_files(sequence, seed, result);
  ++result.programs;
}

}  // namespace quire::torture
