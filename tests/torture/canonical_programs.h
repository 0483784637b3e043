#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "torture/sequence.h"

namespace quire::torture {

/// A program of few operations, by the names of starts() and operations().
struct CanonicalProgram {
  const char* name;
  std::string_view start;
  std::vector<std::string_view> operations;
};

/// For the names of tests.
inline void PrintTo(const CanonicalProgram& program, std::ostream* out) { *out << program.name; }

/// The programs that every fault is tried with. Together they use each structure, each ready-made
/// type, names, savepoints, relaxed commits, checkpoints, and closing and opening again.
const std::vector<CanonicalProgram>& canonical_programs();

/// std::out_of_range if there is no start or operation of such a name.
Sequence make_sequence(const CanonicalProgram& program);

}  // namespace quire::torture
