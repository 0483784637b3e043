// The scheduler on programs of a few lines, and what the search finds in some that are wrong.

#include "tests/schedule/scheduler.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/atomic.h"
#include "tests/schedule/explorer.h"

namespace quire::schedule {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;

/// Runs each in a thread of its own, and returns when all have ended.
void run_together(Scheduler& scheduler, const std::vector<std::function<void()>>& bodies) {
  std::vector<std::unique_ptr<Thread>> threads;
  for (const auto& body : bodies) threads.push_back(scheduler.start_thread(body));
}

/// Something that threads which a deadlock leaves behind go on using.
template <class T>
T& kept_for_ever() {
  static auto& kept = *new std::vector<std::unique_ptr<T>>;
  return *kept.emplace_back(std::make_unique<T>());
}

/// Two threads each append their letter twice, under a lock: the letters in the order in which they
/// came.
std::string letters_of_two(Scheduler& scheduler) {
  std::string letters;
  std::mutex mutex;
  const auto append = [&](char letter) {
    return [&, letter] {
      for (int i = 0; i < 2; ++i) {
        const std::lock_guard lock(mutex);
        letters += letter;
      }
    };
  };
  run_together(scheduler, {append('a'), append('b')});
  return letters;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

TEST(SchedulerTest, RunsOneThreadToItsEndUnlessItWaits) {
  std::string order;
  const Outcome outcome =
      Scheduler::run({}, [&](Scheduler& scheduler) { order = letters_of_two(scheduler); });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(order, "aabb");
}

TEST(SchedulerTest, FollowsASchedule) {
  std::string order;
  const auto program = [&](Scheduler& scheduler) { order = letters_of_two(scheduler); };
  const Outcome usual = Scheduler::run({}, program);
  std::uint32_t decision = 0;  // the second lock of the first thread
  for (int locks = 0; locks < 2; ++decision) {
    const Decision& at = usual.decisions.at(decision);
    if (at.thread == 1 && at.act == Act::lock) ++locks;
  }
  const Schedule schedule{{decision - 1, 2}};
  EXPECT_EQ(Scheduler::run(parse_schedule(to_string(schedule)), program).failure, "");
  EXPECT_EQ(order, "abba");
}

TEST(SchedulerTest, RefusesAScheduleThatDoesNotFit) {
  const auto nothing = [](Scheduler&) {};
  EXPECT_NE(Scheduler::run({{5, 0}}, nothing).failure, "");
  EXPECT_NE(Scheduler::run({{0, 3}}, nothing).failure, "");
  EXPECT_THROW(parse_schedule("1:x"), std::invalid_argument);
  EXPECT_THROW(parse_schedule("12"), std::invalid_argument);
}

TEST(SchedulerTest, ReportsWhatAThreadThrows) {
  const Outcome outcome = Scheduler::run({}, [](Scheduler& scheduler) {
    run_together(scheduler, {[&] {
                   scheduler.note("the thrower");
                   throw std::runtime_error("thrown");
                 }});
  });
  EXPECT_EQ(outcome.failure, "thread 1 (the thrower): thrown");
}

TEST(SchedulerTest, LeapsToTheEarliestDeadlineWhenNobodyElseCanGoOn) {
  std::string order;
  const Outcome outcome = Scheduler::run({}, [&](Scheduler& scheduler) {
    const auto before = scheduler.now();
    run_together(scheduler, {[&] {
                               scheduler.sleep(2h);
                               order += "2";
                             },
                             [&] {
                               scheduler.sleep(1h);
                               order += "1";
                             }});
    EXPECT_GE(scheduler.now() - before, 2h);
    EXPECT_LT(scheduler.now() - before, 3h);
    EXPECT_EQ(scheduler.leaps(), 2u);
  });
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(order, "12");
}

TEST(SchedulerTest, ATimedWaitEndsInTheSchedulersTime) {
  std::mutex mutex;
  std::condition_variable condition;
  const Outcome outcome = Scheduler::run({}, [&](Scheduler&) {
    std::unique_lock lock(mutex);
    EXPECT_EQ(condition.wait_for(lock, 1h), std::cv_status::timeout);
  });
  EXPECT_EQ(outcome.failure, "");
}

TEST(SchedulerTest, QuietPartsHaveNoDecisions) {
  std::mutex mutex;
  const Outcome outcome = Scheduler::run({}, [&](Scheduler& scheduler) {
    scheduler.quietly(
        [&] { run_together(scheduler, {[&] { const std::lock_guard lock(mutex); }}); });
  });
  EXPECT_EQ(outcome.failure, "");
  for (const Decision& decision : outcome.decisions) EXPECT_EQ(decision.act, Act::join);
}

TEST(SchedulerTest, NamesThePlacesOfADeadlock) {
  auto& mutex = kept_for_ever<std::mutex>();
  auto& condition = kept_for_ever<std::condition_variable>();
  const Outcome outcome = Scheduler::run({}, [&](Scheduler& scheduler) {
    run_together(scheduler, {[&] {
                   scheduler.note("the waiter");
                   std::unique_lock lock(mutex);
                   condition.wait(lock);
                 }});
  });
  EXPECT_NE(outcome.failure.find("deadlock"), outcome.failure.npos) << outcome.failure;
  EXPECT_NE(outcome.failure.find("(the waiter) waits to be notified"), outcome.failure.npos)
      << outcome.failure;
}

TEST(SchedulerTest, ARunWithoutAnEndIsAFailure) {
  const Outcome outcome = Scheduler::run({}, [](Scheduler& scheduler) {
    for (;;) scheduler.yield();
  });
  EXPECT_NE(outcome.failure.find("no end"), outcome.failure.npos);
}

// ---- the search

TEST(ExplorerTest, TriesEveryOrderOfTwoSteps) {
  std::map<std::string, int> orders;
  const auto program = [&](Scheduler& scheduler) { ++orders[letters_of_two(scheduler)]; };
  const Report report = explore(program, {.schedules = 10000});
  EXPECT_TRUE(report.is_complete);
  EXPECT_FALSE(report.failure) << report.summary();
  EXPECT_EQ(orders.size(), 6u);
}

TEST(ExplorerTest, IsTheSameEachTime) {
  const auto program = [](Scheduler& scheduler) {
    Atomic<int> a{0};
    Atomic<int> b{0};
    run_together(scheduler, {[&] { b = a.load() + 1; }, [&] { a = b.load() + 1; }});
  };
  const Report once = explore(program, {.schedules = 30});
  const Report again = explore(program, {.schedules = 30});
  EXPECT_EQ(once.schedules, again.schedules);
  EXPECT_EQ(once.orders, again.orders);
  EXPECT_GT(once.orders, 2u);
}

/// Finds a failure, and the schedule that it names fails again in the same way.
void expect_found(const std::function<void(Scheduler&)>& program, const Budget& budget = {}) {
  const Report report = explore(program, budget);
  ASSERT_TRUE(report.failure) << report.summary();
  const Outcome again = Scheduler::run(report.failure->schedule, program);
  EXPECT_EQ(again.failure, report.failure->what);
  EXPECT_FALSE(report.failure->schedule.empty()) << "the default schedule fails already";
}

TEST(ExplorerTest, FindsALostUpdate) {
  expect_found([](Scheduler& scheduler) {
    Atomic<int> count{0};
    const auto add = [&] { count = count.load() + 1; };
    run_together(scheduler, {add, add});
    require(count.load() == 2, "an update is lost");
  });
}

TEST(ExplorerTest, FindsAReaderThatRegistersTooLate) {
  // P14: a reader must register before it looks at what it registers for.
  expect_found([](Scheduler& scheduler) {
    Atomic<int> newest{1};
    Atomic<int> registered{0};  // 0: nobody
    std::vector<bool> freed(8);
    run_together(scheduler, {[&] {
                               const int seen = newest.load();
                               registered = seen;  // and does not look again
                               scheduler.point(&freed, false);
                               require(!freed[static_cast<std::size_t>(seen)],
                                       "freed under a reader");
                             },
                             [&] {
                               newest = 2;
                               if (registered.load() == 1) return;
                               scheduler.point(&freed, true);
                               freed[1] = true;
                             }});
  });
}

TEST(ExplorerDeathTest, NamesTheScheduleThatKillsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(explore(
                   [](Scheduler& scheduler) {
                     Atomic<int> value{0};
                     run_together(scheduler, {[&] {
                                                const int before = value.load();
                                                if (value.load() != before) std::abort();
                                              },
                                              [&] { value = 1; }});
                   },
                   {}),
               "killed by the schedule \"[0-9]");
}

TEST(ExplorerTest, FindsALostWakeUp) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable condition;
    Atomic<bool> is_done{false};
  };
  expect_found([](Scheduler& scheduler) {
    auto& shared = kept_for_ever<Shared>();
    run_together(scheduler, {[&] {
                               std::unique_lock lock(shared.mutex);
                               while (!shared.is_done) shared.condition.wait(lock);
                             },
                             [&] {
                               shared.is_done = true;  // not under the mutex
                               shared.condition.notify_all();
                             }});
  });
}

TEST(ExplorerTest, FindsTwoLocksInTwoOrders) {
  expect_found([](Scheduler& scheduler) {
    auto& mutexes = kept_for_ever<std::array<std::mutex, 2>>();
    const auto lock_both = [&](std::size_t first) {
      return [&, first] {
        const std::lock_guard outer(mutexes.at(first));
        const std::lock_guard inner(mutexes.at(1 - first));
      };
    };
    run_together(scheduler, {lock_both(0), lock_both(1)});
  });
}

TEST(ExplorerTest, FindsWhatNeedsTwoPreemptions) {
  // The reader is held back, and then the writer.
  const auto program = [](Scheduler& scheduler) {
    Atomic<int> value{0};
    run_together(scheduler, {[&] {
                               const int before = value.load();
                               const int after = value.load();
                               require(!(before == 0 && after == 1), "seen in between");
                             },
                             [&] {
                               value = 1;
                               value = 2;
                             }});
  };
  EXPECT_FALSE(explore(program, {.schedules = 10000, .preemptions = 1}).failure);
  expect_found(program, {.schedules = 10000, .preemptions = 2});
}

}  // namespace
}  // namespace quire::schedule
