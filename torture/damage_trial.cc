#include "torture/damage_trial.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <quire/error.h>

namespace quire::torture {

namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kPageBytes = 4096;

std::uint64_t size_of(const Patient& patient, const std::string& path) {
  return patient.files().content(path).size();
}

}  // namespace

Patient::Patient(Program program, State state) : program_(std::move(program)), state_(state) {
  SimulatedFileSystem files;
  CrashRun run(files, program_.path, program_.options,
               std::make_shared<const CrashRun::Promises>());
  Database database = program_.start(run);
  for (std::size_t index = 0; index < program_.steps; ++index) {
    program_.make_step(run, database, index);
    const bool stays_in_log = state == State::live && index + 2 >= program_.steps;
    if (!stays_in_log) database.checkpoint();
    older_.push_back(files.crash(CrashPolicy::process_death()));
  }
  if (state == State::clean) database.close();
  files_ = files.crash(CrashPolicy::process_death());
  for (const std::string& name : files_->list("/")) {
    if (size_of(*this, "/" + name) >= kPageBytes) paths_.push_back("/" + name);
  }
}

/// Nothing: what it holds no number of steps has left.
std::optional<std::size_t> Patient::steps_of(const Database& database) const {
  try {
    return program_.require_promised(database, {{"0", true}, {std::to_string(program_.steps)}});
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

Diagnosis Patient::diagnose(const std::string& path, const Damage& damage) const {
  const auto files = files_->crash(CrashPolicy::process_death());
  files->damage(path, damage);
  const auto damaged = files->content(path);
  std::optional<std::size_t> steps;
  Options options = program_.options;
  options.file_system = files.get();
  try {
    Database database = Database::open(program_.path, options);
    steps = steps_of(database);
    const bool is_sound = database.check().ok();
    if (!steps) return {Outcome::wrong, !is_sound};
    if (!is_sound) return {Outcome::detected};
    database.close();
  } catch (const Error&) {
    return {Outcome::detected};
  }
  if (*steps < program_.steps) return {Outcome::older};
  const bool is_gone = !files->status(path) || files->content(path) != damaged;
  const bool is_repaired = state_ == State::live && path == program_.path && is_gone;
  return {is_repaired ? Outcome::repaired : Outcome::harmless};
}

std::optional<Damage> flip_a_bit(const Patient& patient, const std::string& path,
                                 std::mt19937_64& random) {
  const std::uint64_t offset = random() % size_of(patient, path);
  return Damage::flip_bit(offset, static_cast<unsigned>(random() % 8));
}

std::optional<Damage> overwrite_a_sector(const Patient& patient, const std::string& path,
                                         std::mt19937_64& random) {
  const std::uint64_t sector = random() % (size_of(patient, path) / kSectorBytes);
  return Damage::fill(sector * kSectorBytes, kSectorBytes, std::byte(random() % 2 * 0xff));
}

std::optional<Damage> misplace_a_page(const Patient& patient, const std::string& path,
                                      std::mt19937_64& random) {
  const std::uint64_t pages = size_of(patient, path) / kPageBytes;
  const std::uint64_t from = random() % pages;
  return Damage::misdirect(from * kPageBytes, random() % pages * kPageBytes, kPageBytes);
}

std::optional<Damage> cut_the_end(const Patient& patient, const std::string& path,
                                  std::mt19937_64& random) {
  return Damage::cut(random() % size_of(patient, path));
}

std::optional<Damage> bring_back_an_older_file(const Patient& patient, const std::string& path,
                                               std::mt19937_64& random) {
  try {
    return Damage::replace(*patient.older()[random() % patient.older().size()], path);
  } catch (const IoError&) {  // it was not there
    return std::nullopt;
  }
}

std::span<const DamageKind> damage_kinds() {
  static constexpr std::array kKinds{
      DamageKind{"a flipped bit", flip_a_bit},
      DamageKind{"a sector of zeros or ones", overwrite_a_sector},
      DamageKind{"a page in the place of another", misplace_a_page},
      DamageKind{"a cut", cut_the_end},
      DamageKind{"an older copy of a file", bring_back_an_older_file},
  };
  return kKinds;
}

}  // namespace quire::torture
