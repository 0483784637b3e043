#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <quire/testing.h>

#include "base/ids.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"
#include "torture/damage_trial.h"

// Files that a disk has changed while nobody looked, one fault at a time: all that is read must be
// right or an error, but for a lost write of a structure page, an older image whose sum holds. How
// many of those check() notices is counted.

namespace quire {
namespace {

const std::string kDamagedPath = "/damaged.quire";

using torture::Outcome;
using torture::Patient;

/// What has become of the databases that were damaged.
struct DamageTally {
  std::map<Outcome, std::uint64_t> counts;
  std::uint64_t noticed = 0;  // of those with wrong content
};

DamageTally damage_some(torture::DamageChoice* choose) {
  std::mt19937_64 random(20);
  DamageTally outcomes;
  const std::uint64_t turns = 6 * testing::crash_budget();
  for (const char* const name :
       {"OverwritesAndCheckpoints", "Lists", "DropsAndRollbacks", "EarlyPagesOfEachKind"}) {
    for (const auto state : {Patient::State::clean, Patient::State::live}) {
      const Patient patient(program_of(engine_workloads().at(name), kDamagedPath), state);
      for (std::uint64_t turn = 0; turn < turns; ++turn) {
        const std::string& path = patient.paths()[random() % patient.paths().size()];
        const auto damage = choose(patient, path, random);
        if (!damage) continue;
        const torture::Diagnosis diagnosis = patient.diagnose(path, *damage);
        ++outcomes.counts[diagnosis.outcome];
        if (diagnosis.is_noticed) ++outcomes.noticed;
      }
    }
  }
  return outcomes;
}

void tell(std::string_view damage, std::map<Outcome, std::uint64_t>& counts) {
  std::uint64_t all = 0;
  for (const auto& [outcome, count] : counts) all += count;
  const std::string name = "damaged files: " + std::string(damage);
  testing::tried(name, all);
  testing::tried(name + ", detected", counts[Outcome::detected]);
  testing::tried(name + ", repaired", counts[Outcome::repaired]);
}

void expect_right_or_refused(torture::DamageChoice* choose) {
  auto counts = damage_some(choose).counts;
  for (const torture::DamageKind& kind : torture::damage_kinds()) {
    if (kind.choose == choose) tell(kind.name, counts);
  }
  EXPECT_GT(counts[Outcome::detected], 0u);
  EXPECT_EQ(counts[Outcome::wrong], 0u);
}

TEST(DamageAtRestTest, FlippedBitsAreNeverRead) { expect_right_or_refused(torture::flip_a_bit); }

TEST(DamageAtRestTest, OverwrittenSectorsAreNeverRead) {
  expect_right_or_refused(torture::overwrite_a_sector);
}

TEST(DamageAtRestTest, PageInThePlaceOfAnotherIsNeverRead) {
  expect_right_or_refused(torture::misplace_a_page);
}

TEST(DamageAtRestTest, FileThatHasLostItsEndIsRefusedOrRight) {
  expect_right_or_refused(torture::cut_the_end);
}

TEST(DamageAtRestTest, OlderCopyOfAFileIsAnOlderCommitOrRefused) {
  expect_right_or_refused(torture::bring_back_an_older_file);
}

/// An older copy of the page that `path` holds now; of one that differs.
std::optional<Damage> bring_back_an_older_page(const Patient& patient, const std::string& path,
                                               std::mt19937_64& random) {
  const auto now = patient.files().content(path);
  const SimulatedFileSystem& older = *patient.older()[random() % patient.older().size()];
  try {
    const auto then = older.content(path);
    const std::uint64_t pages = std::min(now.size(), then.size()) / kPageSize;
    const std::uint64_t first = random() % pages;
    for (std::uint64_t turn = 0; turn < pages; ++turn) {
      const auto at = static_cast<std::ptrdiff_t>((first + turn) % pages * kPageSize);
      if (!std::equal(now.begin() + at, now.begin() + at + kPageSize, then.begin() + at)) {
        return Damage::stale(older, path, static_cast<std::uint64_t>(at), kPageSize);
      }
    }
  } catch (const IoError&) {  // it was not there
  }
  return std::nullopt;
}

TEST(DamageAtRestTest, LostWriteOfADataPageOrOfTheLogIsNoticedAndOfAStructurePageMostly) {
  auto [counts, noticed] = damage_some(bring_back_an_older_page);
  tell("an older page", counts);
  testing::tried("damaged files: an older page, read as it was and noticed by check()", noticed);
  testing::tried("damaged files: an older page, read as it was and noticed by nobody",
                 counts[Outcome::wrong] - noticed);
  EXPECT_GT(counts[Outcome::detected], counts[Outcome::wrong] - noticed);
}

TEST(DamageTest, DoesWhatItSays) {
  SimulatedFileSystem files;
  const auto make = [](SimulatedFileSystem& where, const std::string& text) {
    where.open("/f", OpenMode::create)->write_at(0, text);
  };
  make(files, "abcdef");
  SimulatedFileSystem older;
  make(older, "ABCDEF");
  const auto after = [&](const Damage& damage) {
    const auto copy = files.crash(CrashPolicy::process_death());
    copy->damage("/f", damage);
    EXPECT_EQ(copy->crash_points(), 0u);
    return ByteView(copy->content("/f")).str();
  };
  EXPECT_EQ(after(Damage::flip_bit(1, 0)), "accdef");
  EXPECT_EQ(after(Damage::fill(2, 3, std::byte{'.'})), "ab...f");
  EXPECT_EQ(after(Damage::misdirect(0, 3, 2)), "abcabf");
  EXPECT_EQ(after(Damage::stale(older, "/f", 4, 2)), "abcdEF");
  EXPECT_EQ(after(Damage::cut(2)), "ab");
  EXPECT_EQ(after(Damage::replace(older, "/f")), "ABCDEF");
  EXPECT_THROW(after(Damage::flip_bit(6, 0)), std::out_of_range);
  EXPECT_THROW(after(Damage::misdirect(5, 0, 2)), std::out_of_range);
  EXPECT_THROW(Damage::stale(older, "/f", 5, 2), std::out_of_range);
  EXPECT_THROW(files.damage("/g", Damage::cut(0)), IoError);
}

}  // namespace
}  // namespace quire
