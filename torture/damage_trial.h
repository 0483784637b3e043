#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quire/testing.h>

#include "torture/outcome.h"
#include "torture/program.h"

namespace quire::torture {

/// What has become of a database of which something was damaged while nobody had it open.
struct Diagnosis {
  Outcome outcome = Outcome::harmless;
  bool is_noticed = false;  // of wrong content: check() tells of it
};

/// A database as a program has left it, and its files as they were before. For any number of damages,
/// each done to a copy.
class Patient {
 public:
  enum class State {
    clean,  // closed
    live,   // its process has died, and the log is needed
  };

  /// Runs the program, with a checkpoint behind each step but the last two of a live one.
  Patient(Program program, State state);

  const SimulatedFileSystem& files() const noexcept { return *files_; }
  /// After each step.
  const std::vector<std::unique_ptr<SimulatedFileSystem>>& older() const noexcept { return older_; }
  /// Paths of all files that are not shorter than a page.
  const std::vector<std::string>& paths() const noexcept { return paths_; }

  /// Opens it with this damage, reads everything, checks and closes it.
  Diagnosis diagnose(const std::string& path, const Damage& damage) const;

 private:
  std::optional<std::size_t> steps_of(const Database& database) const;

  const Program program_;
  const State state_;
  std::vector<std::unique_ptr<SimulatedFileSystem>> older_;
  std::unique_ptr<SimulatedFileSystem> files_;
  std::vector<std::string> paths_;
};

/// Chooses a damage of one kind to this file; nothing if it cannot be done there.
using DamageChoice = std::optional<Damage>(const Patient& patient, const std::string& path,
                                           std::mt19937_64& random);
DamageChoice flip_a_bit;
DamageChoice overwrite_a_sector;
DamageChoice misplace_a_page;
DamageChoice cut_the_end;
DamageChoice bring_back_an_older_file;

struct DamageKind {
  std::string_view name;
  DamageChoice* choose = nullptr;
};

/// All of these: after each, what is read is right, or that of an older commit, or an error. Lost writes
/// of single pages are not among them, because an older structure page deceives.
std::span<const DamageKind> damage_kinds();

}  // namespace quire::torture
