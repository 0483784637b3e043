#include "tests/torture/canonical_programs.h"

#include <algorithm>
#include <span>
#include <stdexcept>

namespace quire::torture {

namespace {

template <class Named>
const Named& find(std::span<const Named> all, std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  if (found == all.end()) throw std::out_of_range("there is nothing named " + std::string(name));
  return *found;
}

}  // namespace

const std::vector<CanonicalProgram>& canonical_programs() {
  static const std::vector<CanonicalProgram> programs{
      {"Blobs",
       "freed room",
       {"write many pages", "punch a blob", "edit a blob in place", "cut a blob", "checkpoint"}},
      {"Hashes",
       "full pages",
       {"put many", "append to a value", "put large", "erase half", "clear a hash"}},
      {"Lists",
       "full pages",
       {"push many", "insert large", "set one", "erase a middle", "push at both ends"}},
      {"Pipes",
       "a little",
       {"add a packed block", "add a plain block", "remove a block", "close and reopen"}},
      {"FlatFiles",
       "a little",
       {"put values", "seal a segment", "put values", "drop a segment", "checkpoint"}},
      {"Partds",
       "a little",
       {"append to parts", "set a first part", "erase parts", "append to parts"}},
      {"Records", "a little", {"put records", "edit a record", "erase a record", "put records"}},
      {"ArraysAndRings",
       "a little",
       {"edit an array", "push on a ring", "edit an array", "checkpoint", "push on a ring"}},
      {"Names", "a live log", {"rename some", "drop some", "change all, relaxed", "rename some"}},
      {"Savepoints",
       "a little",
       {"go back to a savepoint", "keep a savepoint", "change all, rolled back", "put one"}},
      {"RelaxedCommits",
       "nothing",
       {"change all, relaxed", "put many, relaxed", "sync", "put many, relaxed", "checkpoint"}},
      {"Reopenings",
       "freed room",
       {"close and reopen", "put one", "close and reopen", "write inside a page"}},
      {"Everything",
       "nothing",
       {"change all, relaxed", "checkpoint", "change all, relaxed", "close and reopen",
        "change nothing"}},
  };
  return programs;
}

Sequence make_sequence(const CanonicalProgram& program) {
  std::vector<Operation> chosen;
  for (const std::string_view name : program.operations) chosen.push_back(find(operations(), name));
  return Sequence(find(starts(), program.start), std::move(chosen));
}

}  // namespace quire::torture
