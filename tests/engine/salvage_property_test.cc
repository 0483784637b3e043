// I33: whatever is damaged, a salvage ends with a sound database that holds nothing which was never
// committed; and what the damage has not touched is there as a whole.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>

#include "tests/engine/salvage_fixture.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

using Change = ModelledTransaction::Change;

/// Random changes and random damage, from one seed.
class Case {
 public:
  explicit Case(std::uint64_t seed) : random_(seed) {}

  /// A number below `end`.
  std::size_t pick(std::size_t end) { return random_() % end; }
  bool once_in(std::size_t count) { return pick(count) == 0; }

  std::vector<Change> changes(std::size_t count) {
    std::vector<Change> made;
    for (std::size_t i = 0; i < count; ++i) {
      made.emplace_back([seed = random_()](ModelledTransaction& change) { fill(change, seed); });
    }
    return made;
  }

  void damage_page(SalvageFiles& files, Pid pid) {
    if (once_in(2)) return files.zero(pid);
    files.flip(pid, pick(kPageSize));
  }
  void damage_log(SalvageFiles& files) {
    for (const std::string& segment : files.segments()) {
      if (once_in(2)) continue;
      if (once_in(3)) {
        files.files().remove(segment);
        continue;
      }
      std::vector<std::byte> bytes = files.read(segment);
      bytes[pick(bytes.size())] ^= std::byte{4};
      if (once_in(4)) bytes.resize(pick(bytes.size()));
      files.write(segment, bytes);
    }
  }

 private:
  static void fill(ModelledTransaction& change, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto number = [&](std::size_t end) { return random() % end; };
    const auto name = [&](const char* kind) { return kind + std::to_string(number(3)); };
    for (std::size_t i = 0, end = 1 + number(6); i < end; ++i) {
      switch (number(7)) {
        case 0:
          change.write(name("blob "), number(30'000), salvage_text(number(12'000), number(999)));
          break;
        case 1:
          change.resize(name("blob "), number(9000));
          break;
        case 2:
          change.put(name("table "), "long " + std::to_string(number(9)),
                     salvage_text(number(30'000) + 2000, number(999)));
          break;
        case 3:
          for (std::size_t k = number(60); k > 0; --k)
            change.put(name("table "), std::to_string(number(500)), salvage_text(90, number(999)));
          break;
        case 4:
          for (std::size_t k = number(40); k > 0; --k)
            change.push_back(name("list "), salvage_text(number(300), number(999)));
          break;
        case 5:
          change.put_in_bag(name("bag "), std::to_string(number(8)), salvage_text(50, number(99)));
          break;
        default:
          if (number(3) == 0) change.drop(name("blob "));
          if (number(6) == 0) change.drop(name("table "));
      }
    }
  }

  std::mt19937_64 random_;
};

SalvageOptions with_bags() {
  SalvageOptions options;
  options.checks.with<Bag>();
  return options;
}

/// Puts pages of a later checkpoint into the file, as one that was cut off would have.
void save_some(Case& plan, SalvageFiles& files, const std::vector<std::byte>& later) {
  std::vector<std::byte> bytes = files.read(kBrokenPath);
  bytes.resize(std::max(bytes.size(), later.size()));
  for (std::size_t page = 2; page < later.size() / kPageSize; ++page) {
    if (plan.once_in(2)) continue;
    const auto at = static_cast<std::ptrdiff_t>(page * kPageSize);
    std::copy_n(later.begin() + at, kPageSize, bytes.begin() + at);
  }
  files.write(kBrokenPath, bytes);
}

void damage(Case& plan, SalvageFiles& files) {
  for (std::size_t i = plan.pick(5); i > 0; --i) {
    plan.damage_page(files, static_cast<Pid>(plan.pick(files.page_count())));
  }
  if (plan.once_in(4)) files.zero(static_cast<Pid>(2 + plan.pick(2)));
  if (plan.once_in(3)) plan.damage_log(files);
  if (plan.once_in(6)) files.damage_headers();
  if (plan.once_in(6)) {
    std::vector<std::byte> bytes = files.read(kBrokenPath);
    bytes.resize(4 * kPageSize + plan.pick(bytes.size()) % (bytes.size() - 3 * kPageSize));
    files.write(kBrokenPath, bytes);
  }
}

RC_GTEST_PROP(Salvage, HoldsNothingThatWasNeverCommitted, (std::uint64_t seed)) {
  Case plan(seed);
  SalvageFiles files;
  files.commit(plan.changes(1 + plan.pick(12)));
  if (plan.once_in(2)) {
    const std::vector<Change> changes = plan.changes(1 + plan.pick(8));
    const auto later = files.commit_and_close_later(changes);
    if (plan.once_in(2)) save_some(plan, files, later);
  }
  damage(plan, files);
  const SalvageReport report = files.salvage(with_bags());
  // Without the header anything may be older, or damaged unseen: all is named "unverified".
  if (report.is_certain) expect_committed(files.result(), report, files.history());
  tried("salvages of damaged databases", 1);
}

RC_GTEST_PROP(Salvage, BringsOverWholeWhatTheDamageHasNotTouched, (std::uint64_t seed)) {
  Case plan(seed);
  SalvageFiles files;
  files.commit(plan.changes(4 + plan.pick(12)));
  const SalvageReport sound = files.salvage();
  std::set<CollectionId> touched;
  for (std::size_t i = 1 + plan.pick(8); i > 0; --i) {
    const auto pid = static_cast<Pid>(4 + plan.pick(files.page_count() - 4));
    const StructurePageHeader header = files.header(pid);
    // A data page does not say whose it is.
    if (header.pid != pid || header.owner == kEngineOwner) continue;
    touched.insert(header.owner);
    plan.damage_page(files, pid);
  }
  const SalvageReport report = files.salvage();
  for (const SalvagedCollection& collection : sound.collections) {
    if (touched.contains(collection.id) || collection.kind == Bag::kKind) continue;
    RC_ASSERT(SalvageFiles::account(report, collection.former_name).whole);
  }
  expect_committed(files.result(), report, files.history());
}

}  // namespace
}  // namespace quire::testing
