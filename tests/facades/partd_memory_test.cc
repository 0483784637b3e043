// Memory runs out at each allocation of a change in turn: it has happened as a whole, or not at all,
// or the transaction cannot commit.

#include <functional>
#include <iostream>
#include <new>

#include "tests/facades/partd_fixture.h"
#include "tests/support/scarce_memory.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

using Contents = std::map<std::string, std::string>;

class PartdMemoryTest : public PartdTest {
 protected:
  /// Changes {"a": "old"} with a little less memory missing each time; in the end nothing may be
  /// there but that or `after`.
  void try_each_allocation(const Contents& after, const std::function<void(Partd&)>& change) {
    const Contents before{{"a", "old"}};
    for (std::uint64_t first = 0;; ++first) {
      in_partd([](Partd& partd) {
        partd.clear();
        partd.append("a", "old");
      });
      Transaction txn = database->begin();
      auto partd = txn.open<Partd>("p");
      const bool failed = fails_with_scarce_memory(first, [&] { change(partd); });
      if (!failed) {
        EXPECT_EQ(contents(partd), after);
      }
      try {
        txn.commit();
      } catch (const InvalidArgument&) {
        EXPECT_TRUE(failed) << "it was doomed";
      }
      const Contents now = contents(database->snapshot().open<Partd>("p"));
      EXPECT_TRUE(now == after || (failed && now == before)) << "allocation " << first;
      expect_sound(*database, check_options);
      if (failed) continue;
      tried("allocations failed in partds", first);
      EXPECT_GT(first, 2u);
      return;
    }
  }

 private:
  static bool fails_with_scarce_memory(std::uint64_t first, const std::function<void()>& change) {
    const ScarceMemory scarce(first, ScarceMemory::Failing::once);
    try {
      change();
    } catch (const std::bad_alloc&) {
      return true;
    }
    return false;
  }
};

const std::string kLong(300, 'l');

TEST_F(PartdMemoryTest, AppendOfManyIsAllOrNothing) {
  const Contents pairs{{"a", kLong}, {"b", "1"}, {kLong, kLong}, {"c", kLong + kLong}};
  Contents after = pairs;
  after["a"] = "old" + kLong + "x";
  try_each_allocation(after, [&](Partd& partd) {
    partd.append(
        {{"a", kLong}, {"b", "1"}, {kLong, kLong}, {"c", kLong}, {"c", kLong}, {"a", "x"}});
  });
}

TEST_F(PartdMemoryTest, IsetSetsAndMarksOrDoesNeither) {
  try_each_allocation({{"a", kLong}}, [](Partd& partd) { partd.iset("a", kLong); });
  in_partd([](Partd& partd) { EXPECT_FALSE(partd.iset("a", "x")); });
}

TEST_F(PartdMemoryTest, AFlushHappensAsAWhole) {
  try_each_allocation({{"a", "old" + kLong}, {kLong, "1"}}, [](Partd& partd) {
    partd.append({{"a", kLong}, {kLong, "1"}});
    EXPECT_EQ(partd.size(), 2u);
  });
}

}  // namespace
}  // namespace quire::testing
