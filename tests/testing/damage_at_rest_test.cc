#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "base/ids.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"

// Files that a disk has changed while nobody looked, one fault at a time: all that is read must be
// right or an error, but for a lost write of a structure page, an older image whose sum holds. How
// many of those check() notices is counted.

namespace quire {
namespace {

const std::string kPath = "/damaged.quire";
constexpr std::uint64_t kSectorBytes = 512;

enum class State { clean, live };

enum class Outcome {
  detected,  // an error of open() or of a read, or a problem of check() while reads are right
  repaired,  // all is right, and the damage is gone
  harmless,  // all is right, and the damage is still there: it hit what means nothing
  shorter,   // that of an earlier commit: damage at the end of the log is a torn end
  noticed,   // reads are wrong, and check() says so
  wrong,
};

/// A database as a workload has left it, and the older states of its files.
class Patient {
 public:
  Patient(const EngineWorkload& workload, State state) : workload_(workload), state_(state) {
    SimulatedFileSystem files;
    CrashRun run(files, kPath, workload.options(), std::make_shared<const CrashRun::Promises>());
    Database database = run.open();
    for (std::size_t index = 0; index < workload.step_count(); ++index) {
      workload.make_step(run, database, index);
      const bool stays_in_log = state == State::live && index + 2 >= workload.step_count();
      if (!stays_in_log) database.checkpoint();
      older_.push_back(files.crash(CrashPolicy::process_death()));
    }
    if (state == State::clean) database.close();
    files_ = files.crash(CrashPolicy::process_death());
    for (const std::string& name : files_->list("/")) names_.push_back("/" + name);
  }

  const SimulatedFileSystem& files() const { return *files_; }
  const std::vector<std::unique_ptr<SimulatedFileSystem>>& older() const { return older_; }
  const std::vector<std::string>& names() const { return names_; }

  /// What has become of it with this damage.
  Outcome outcome(const std::string& path, const Damage& damage) const {
    const auto files = files_->crash(CrashPolicy::process_death());
    files->damage(path, damage);
    const auto damaged = files->content(path);
    std::optional<std::size_t> found;
    Options options = workload_.options();
    options.file_system = files.get();
    try {
      Database database = Database::open(kPath, options);
      found = step(database);
      const bool is_sound = database.check().ok();
      if (!found) return is_sound ? Outcome::wrong : Outcome::noticed;
      if (!is_sound) return Outcome::detected;
      database.close();
    } catch (const Error&) {
      return Outcome::detected;
    }
    if (*found < workload_.step_count()) return Outcome::shorter;
    const bool is_gone = !files->status(path) || files->content(path) != damaged;
    return state_ == State::live && path == kPath && is_gone ? Outcome::repaired
                                                             : Outcome::harmless;
  }

 private:
  std::optional<std::size_t> step(const Database& database) const {
    try {
      return workload_.find_step(database);
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error&) {
      return std::nullopt;
    }
  }

  const EngineWorkload& workload_;
  const State state_;
  std::vector<std::unique_ptr<SimulatedFileSystem>> older_;  // after each step
  std::unique_ptr<SimulatedFileSystem> files_;
  std::vector<std::string> names_;
};

class Campaign {
 public:
  using Chance = std::function<std::uint64_t(std::uint64_t)>;  // below its argument
  /// Nothing: this damage cannot be done here.
  using Doctor = std::function<std::optional<Damage>(const Patient&, const std::string& path,
                                                     const Chance& chance)>;

  std::map<Outcome, std::uint64_t> run(const Doctor& doctor) {
    const std::uint64_t turns = 6 * testing::crash_budget();
    for (const char* const name :
         {"OverwritesAndCheckpoints", "Lists", "DropsAndRollbacks", "EarlyPagesOfEachKind"}) {
      for (const State state : {State::clean, State::live}) {
        const Patient patient(engine_workloads().at(name), state);
        for (std::uint64_t turn = 0; turn < turns; ++turn) try_one(patient, doctor);
      }
    }
    return std::move(outcomes_);
  }

 private:
  void try_one(const Patient& patient, const Doctor& doctor) {
    const Chance chance = [&](std::uint64_t below) { return random_() % below; };
    const std::string& path = patient.names()[chance(patient.names().size())];
    if (const auto damage = doctor(patient, path, chance)) {
      ++outcomes_[patient.outcome(path, *damage)];
    }
  }

  std::mt19937_64 random_{20};
  std::map<Outcome, std::uint64_t> outcomes_;
};

std::uint64_t size_of(const Patient& patient, const std::string& path) {
  return patient.files().content(path).size();
}

void tell(const std::string& damage, std::map<Outcome, std::uint64_t>& outcomes) {
  std::uint64_t all = 0;
  for (const auto& [outcome, count] : outcomes) all += count;
  testing::tried("damaged files: " + damage, all);
  testing::tried("damaged files: " + damage + ", detected", outcomes[Outcome::detected]);
  testing::tried("damaged files: " + damage + ", repaired", outcomes[Outcome::repaired]);
}

void expect_right_or_refused(const std::string& damage, const Campaign::Doctor& doctor) {
  auto outcomes = Campaign().run(doctor);
  tell(damage, outcomes);
  EXPECT_GT(outcomes[Outcome::detected], 0u);
  EXPECT_EQ(outcomes[Outcome::noticed], 0u);
  EXPECT_EQ(outcomes[Outcome::wrong], 0u);
}

TEST(DamageAtRestTest, FlippedBitsAreNeverRead) {
  expect_right_or_refused("a flipped bit", [](const Patient& patient, const std::string& path,
                                              const Campaign::Chance& chance) {
    return Damage::flip_bit(chance(size_of(patient, path)), static_cast<unsigned>(chance(8)));
  });
}

TEST(DamageAtRestTest, OverwrittenSectorsAreNeverRead) {
  expect_right_or_refused(
      "a sector of zeros or ones",
      [](const Patient& patient, const std::string& path, const Campaign::Chance& chance) {
        const std::uint64_t sector = chance(size_of(patient, path) / kSectorBytes);
        return Damage::fill(sector * kSectorBytes, kSectorBytes, std::byte(chance(2) * 0xff));
      });
}

TEST(DamageAtRestTest, PageInThePlaceOfAnotherIsNeverRead) {
  expect_right_or_refused(
      "a page in the place of another",
      [](const Patient& patient, const std::string& path, const Campaign::Chance& chance) {
        const std::uint64_t pages = size_of(patient, path) / kPageSize;
        return Damage::misdirect(chance(pages) * kPageSize, chance(pages) * kPageSize, kPageSize);
      });
}

TEST(DamageAtRestTest, FileThatHasLostItsEndIsRefusedOrRight) {
  expect_right_or_refused(
      "a cut", [](const Patient& patient, const std::string& path, const Campaign::Chance& chance) {
        return Damage::cut(chance(size_of(patient, path)));
      });
}

/// An older copy of the page that `path` holds now; of one that differs.
std::optional<Damage> stale_page(const Patient& patient, const std::string& path,
                                 const Campaign::Chance& chance) {
  const auto now = patient.files().content(path);
  const SimulatedFileSystem& older = *patient.older()[chance(patient.older().size())];
  try {
    const auto then = older.content(path);
    const std::uint64_t pages = std::min(now.size(), then.size()) / kPageSize;
    const std::uint64_t first = chance(pages);
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
  auto outcomes = Campaign().run(stale_page);
  tell("an older page", outcomes);
  testing::tried("damaged files: an older page, read as it was and noticed by check()",
                 outcomes[Outcome::noticed]);
  testing::tried("damaged files: an older page, read as it was and noticed by nobody",
                 outcomes[Outcome::wrong]);
  EXPECT_GT(outcomes[Outcome::detected], outcomes[Outcome::wrong]);
}

TEST(DamageAtRestTest, OlderCopyOfAFileIsAnOlderCommitOrRefused) {
  auto outcomes = Campaign().run([](const Patient& patient, const std::string& path,
                                    const Campaign::Chance& chance) -> std::optional<Damage> {
    try {
      return Damage::replace(*patient.older()[chance(patient.older().size())], path);
    } catch (const IoError&) {
      return std::nullopt;
    }
  });
  tell("an older copy of a file", outcomes);
  EXPECT_EQ(outcomes[Outcome::wrong], 0u);
  EXPECT_EQ(outcomes[Outcome::noticed], 0u);
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
