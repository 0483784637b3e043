#include "engine/writers_place.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <atomic>
#include <chrono>
#include <thread>

// Who gets the writer's place, and who does not have to wait for whom.

namespace quire::engine {
namespace {

using IfInUse = WritersPlace::IfInUse;

class WritersPlaceTest : public ::testing::Test {
 protected:
  void wait_for_a_waiting_user() {
    while (place.waiting_users() == 0) std::this_thread::yield();
  }

  WritersPlace place;
};

TEST_F(WritersPlaceTest, HasRoomForOne) {
  ASSERT_TRUE(place.try_take());
  EXPECT_FALSE(place.try_take());
  place.leave();
  EXPECT_TRUE(place.take(nullptr));
  EXPECT_FALSE(place.try_take());
  EXPECT_FALSE(place.take_for_engine(IfInUse::give_up));
}

TEST_F(WritersPlaceTest, RefusesTheThreadThatHasIt) {
  ASSERT_TRUE(place.take(nullptr));
  EXPECT_THROW(place.take(nullptr), InvalidArgument);
}

TEST_F(WritersPlaceTest, TheEngineHasNoTwoTurnsInARowWhileAUserWaits) {
  for (int turn = 0; turn < 200; ++turn) {
    ASSERT_TRUE(place.take_for_engine(IfInUse::wait));
    std::atomic<bool> user_had_it{false};
    std::thread user([&] {
      place.take(nullptr);
      user_had_it = true;
      place.leave();
    });
    wait_for_a_waiting_user();
    place.leave();
    EXPECT_TRUE(place.take_for_engine(IfInUse::wait));
    EXPECT_TRUE(user_had_it) << turn;
    place.leave();
    user.join();
  }
}

TEST_F(WritersPlaceTest, WaitsForTheEngineEvenWhereItWouldGiveUpForAUser) {
  ASSERT_TRUE(place.try_take());
  std::atomic<bool> begun{false};
  std::thread other([&] {
    begun = true;
    EXPECT_TRUE(place.take_for_engine(IfInUse::give_up));
    place.leave();
  });
  while (!begun) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // most often it waits by then
  place.leave();
  other.join();
}

TEST_F(WritersPlaceTest, GivesUpWhenAUserGetsInBetween) {
  ASSERT_TRUE(place.try_take());
  std::atomic<bool> may_end{false};
  std::thread user([&] {
    place.take(nullptr);
    while (!may_end) std::this_thread::yield();
    place.leave();
  });
  wait_for_a_waiting_user();
  std::thread other([&] { EXPECT_FALSE(place.take_for_engine(IfInUse::give_up)); });
  place.leave();
  other.join();  // while the user still has it
  may_end = true;
  user.join();
}

TEST_F(WritersPlaceTest, AUserWhoseTimeIsUpHoldsTheEngineBackNoLonger) {
  ASSERT_TRUE(place.try_take());
  std::thread user([&] {
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    EXPECT_FALSE(place.take(&soon));
  });
  std::thread other([&] {
    EXPECT_TRUE(place.take_for_engine(IfInUse::wait));
    place.leave();
  });
  user.join();
  place.leave();
  other.join();
}

TEST_F(WritersPlaceTest, AUserWhoWaitsIsNotOvertakenForEver) {
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(place.take(nullptr));
    std::atomic<bool> had_it{false};
    std::thread waiter([&] {
      place.take(nullptr);
      had_it = true;
      place.leave();
    });
    wait_for_a_waiting_user();
    for (unsigned turn = 0; turn <= WritersPlace::kMostOvertakings; ++turn) {
      place.leave();
      ASSERT_TRUE(place.take(nullptr));
    }
    EXPECT_TRUE(had_it) << round;
    place.leave();
    waiter.join();
  }
}

TEST_F(WritersPlaceTest, APlaceKeptForAUserWhoseTimeIsUpGoesToTheNext) {
  ASSERT_TRUE(place.take(nullptr));
  std::thread oldest([&] {
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    if (place.take(&soon)) place.leave();
  });
  wait_for_a_waiting_user();
  std::thread next([&] {
    EXPECT_TRUE(place.take(nullptr));
    place.leave();
  });
  for (int turn = 0; turn < 100; ++turn) {
    place.leave();
    ASSERT_TRUE(place.take(nullptr));
  }
  place.leave();
  oldest.join();
  next.join();
}

TEST_F(WritersPlaceTest, DoesNotTakeAThreadForOneThatHasEnded) {
  std::thread([&] { place.take(nullptr); }).join();
  std::thread([&] {  // most often of the same std::thread::id
    EXPECT_FALSE(place.is_user());
    const auto now = std::chrono::steady_clock::now();
    EXPECT_FALSE(place.take(&now)) << "it waits like any other";
  })
      .join();
}

TEST_F(WritersPlaceTest, TurnsEverybodyAwayOnceClosed) {
  ASSERT_TRUE(place.try_take());
  std::thread user([&] { EXPECT_THROW(place.take(nullptr), ClosedError); });
  std::thread engine([&] { EXPECT_FALSE(place.take_for_engine(IfInUse::wait)); });
  wait_for_a_waiting_user();
  place.close();
  user.join();
  engine.join();
  place.leave();
  EXPECT_FALSE(place.try_take());
}

}  // namespace
}  // namespace quire::engine
