#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/support/fails.h"

// The explorer as users of Quire meet it: a workload, and what must hold afterwards.

namespace quire {
namespace {

/// Moves money between two accounts, in three transactions, or by mistake in six.
CrashWorkload transfers(bool in_one_transaction) {
  return [in_one_transaction](CrashRun& run) {
    Database database = run.open();
    const auto set = [](Transaction& transaction, const char* account, int amount) {
      transaction.open<Hash>("accounts").put(account, std::to_string(amount));
    };
    for (int round = 1; round <= 3; ++round) {
      Transaction transaction = database.begin();
      set(transaction, "mine", 100 - round);
      if (!in_one_transaction) {
        transaction.commit();
        transaction = database.begin();
      }
      set(transaction, "yours", round);
      run.commit(transaction, std::to_string(round));
    }
  };
}

int amount(const HashView& accounts, const char* name) {
  const auto value = accounts.get(name);
  return value ? std::stoi(value->str()) : 0;
}

void require_hundred(Database& database, const CrashHistory& history) {
  const Snapshot snapshot = database.snapshot();
  const auto accounts = snapshot.find<Hash>("accounts");
  const int yours = accounts ? amount(*accounts, "yours") : 0;
  if (accounts && yours + amount(*accounts, "mine") != 100) {
    throw std::runtime_error("the sum is not 100");
  }
  int least = 0;
  for (const CrashCommit& commit : history) {
    if (commit.acknowledged) least = std::stoi(commit.note);
  }
  if (yours < least) throw std::runtime_error("an acknowledged transfer has gone");
}

TEST(ExploreCrashesTest, PassesAProgramThatUsesTransactions) {
  CrashOptions options;
  options.recover_one_in = 8;
  const CrashReport report = explore_crashes(transfers(true), require_hundred, options);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(report.images, 50u);
  EXPECT_GT(report.recovery_images, 50u);
}

TEST(ExploreCrashesTest, TellsTheStoryOfAProgramThatDoesNot) {
  const CrashReport report = explore_crashes(transfers(false), require_hundred);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.failure->message, "the sum is not 100");
  EXPECT_FALSE(report.failure->story.empty());

  CrashOptions options;
  options.reproduce = report.failure->reproduction;
  const CrashReport again = explore_crashes(transfers(false), require_hundred, options);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->message, report.failure->message);
  EXPECT_TRUE(explore_crashes(transfers(true), require_hundred, options).ok());
}

TEST(ExploreCrashesTest, WhatTheWorkloadThrowsComesOutAsItIs) {
  const auto workload = [](CrashRun& run) {
    run.open();
    throw std::out_of_range("mine");
  };
  try {
    explore_crashes(workload, require_hundred);
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "mine");
  }
}

TEST(ExploreCrashesTest, RefusesAWorkloadThatDoesNotUseTheSimulatedDisk) {
  const auto elsewhere = [](CrashRun&) { Database::create_in_memory().snapshot(); };
  EXPECT_THROW(explore_crashes(elsewhere, require_hundred), InvalidArgument);
}

TEST(ExploreCrashesTest, TellsHowManyCommitsWereAnnounced) {
  CrashOptions options;
  options.max_images = 1;
  const CrashReport report = explore_crashes(transfers(true), require_hundred, options);
  EXPECT_EQ(report.announced, 3u);
  EXPECT_EQ(report.acknowledged, 3u);
  EXPECT_NE(report.summary().find(", 3 commits announced and 3 acknowledged, "), std::string::npos)
      << report.summary();
}

TEST(ExploreCrashesTest, TellsThatNoCommitWasAnnounced) {
  const auto silent = [](CrashRun& run) {
    run.open().transact([](Transaction& transaction) { transaction.open<Blob>("blob"); });
  };
  CrashOptions options;
  options.max_images = 1;
  const CrashReport report = explore_crashes(
      silent, [](Database&, const CrashHistory&) {}, options);
  EXPECT_EQ(report.announced, 0u);
  EXPECT_NE(report.summary().find(", no commit announced, "), std::string::npos)
      << report.summary();
}

TEST(ExploreCrashesTest, RefusesToAcknowledgeWhatWasNotAnnounced) {
  const auto workload = [](CrashRun& run) {
    run.open();
    run.acknowledge(run.announce("1") + 1);
  };
  EXPECT_TRUE(testing::fails(ErrorCode::invalid_argument, "acknowledge(1): commits announced: 1",
                             [&] { explore_crashes(workload, require_hundred); }));
}

TEST(ExploreCrashesTest, CountsAnAnnouncedCommitThatFailsAsNotAcknowledged) {
  const auto workload = [](CrashRun& run) {
    Database database = run.open();
    run.files().set_faults({{{FaultKind::sync_loses, run.files().crash_points()}}});
    Transaction transaction = database.begin();
    transaction.open<Blob>("blob").append("x");
    try {
      run.commit(transaction, "");
    } catch (const Error&) {  // the disk has failed, as it was told to
    }
  };
  CrashOptions options;
  options.max_images = 1;
  const CrashReport report = explore_crashes(
      workload, [](Database&, const CrashHistory&) {}, options);
  EXPECT_EQ(report.announced, 1u);
  EXPECT_EQ(report.acknowledged, 0u);
}

/// The loop that docs/testing.md shows, over fewer calls.
TEST(ExploreCrashesTest, TellsWhichRunsAFaultHasHit) {
  const auto workload = [](CrashRun& run) {
    try {
      transfers(true)(run);
    } catch (const Error&) {  // the disk has failed, as it was told to
    }
  };
  CrashOptions options;
  options.images_per_point = 2;
  options.recover_one_in = 0;
  const CrashReport report = explore_crashes(workload, require_hundred, options);
  EXPECT_EQ(report.injected_faults, 0u);
  for (std::uint64_t i = 0; i < report.operations; i += 5) {
    options.faults = {{{FaultKind::io_error, i}}};
    const CrashReport faulty = explore_crashes(workload, require_hundred, options);
    EXPECT_TRUE(faulty.ok()) << faulty.summary();
    EXPECT_EQ(faulty.injected_faults, 1u);
    EXPECT_NE(faulty.summary().find(", 1 of them hit by a fault, "), std::string::npos);
  }
  options.faults = {{{FaultKind::io_error, report.operations}}};
  EXPECT_EQ(explore_crashes(workload, require_hundred, options).injected_faults, 0u);
}

TEST(ExploreCrashesTest, CommitThatWasSeenMustStay) {
  // The log's sync lies for the last commit, which nobody but run.commit() has noted.
  SimulatedFileSystem files;
  CrashRun run(files, CrashOptions().path, {}, std::make_shared<const CrashRun::Promises>());
  std::uint64_t last_sync = 0;
  const auto workload = [&](CrashRun& again) {
    Database database = again.open();
    Transaction transaction = database.begin();
    transaction.open<Blob>("blob").append("x");
    again.commit(transaction, "");
    last_sync = again.files().crash_points() - 1;
  };
  workload(run);
  CrashOptions options;
  options.faults = {{{FaultKind::sync_lies, last_sync, 1}}};
  const CrashReport report = explore_crashes(
      workload, [](Database&, const CrashHistory&) {}, options);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->message.find("commit 1 had been promised"), std::string::npos)
      << report.summary();
}

/// One commit, and whether it is there.
void commit_relaxed(CrashRun& run, Database& database) {
  Transaction transaction = database.begin();
  transaction.open<Blob>("blob").append("x");
  run.commit(transaction, "", Durability::relaxed);
}

bool is_there(const Database& database) {
  return database.snapshot().find<Blob>("blob").has_value();
}

TEST(ExploreCrashesTest, ImmediateCommitThatChangesNothingMakesThoseBeforeItDurable) {
  const auto workload = [](CrashRun& run) {
    Database database = run.open();
    commit_relaxed(run, database);
    Transaction transaction = database.begin();
    run.commit(transaction, "", Durability::immediate);
    run.announce("a moment behind it");
  };
  CrashOptions options;
  options.images_per_point = 8;
  options.recover_one_in = 0;
  int acknowledged = 0;
  const CrashReport report = explore_crashes(
      workload,
      [&](Database& database, const CrashHistory& history) {
        if (history.size() < 2 || !history[1].acknowledged) return;
        ++acknowledged;
        if (!is_there(database)) throw std::runtime_error("what was durable has gone");
      },
      options);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(acknowledged, 0);
}

TEST(ExploreCrashesTest, PowerCutTakesTheAcknowledgementOfARelaxedCommitBack) {
  int lost = 0;
  int kept = 0;
  const CrashReport report = explore_crashes(
      [](CrashRun& run) {
        Database database = run.open();
        commit_relaxed(run, database);
      },
      [&](Database& database, const CrashHistory& history) {
        const bool is_promised = !history.empty() && history[0].acknowledged;
        if (is_promised && !is_there(database)) throw std::runtime_error("lost");
        ++(is_promised ? kept : lost);
      });
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(lost, 0);
  EXPECT_GT(kept, 0);
}

TEST(ExploreCrashesTest, SyncedCommitMustSurviveAPowerCut) {
  const auto invariant = [](Database& database, const CrashHistory& history) {
    if (!history.empty() && history[0].acknowledged && !is_there(database)) {
      throw std::runtime_error("lost");
    }
  };
  CrashOptions options;
  std::uint64_t last_sync = 0;
  const auto workload = [&](CrashRun& run) {
    Database database = run.open();
    commit_relaxed(run, database);
    run.sync(database);
    last_sync = run.files().crash_points() - 1;
  };
  EXPECT_TRUE(explore_crashes(workload, invariant, options).ok());
  options.faults = {{{FaultKind::sync_lies, last_sync, 1}}};
  EXPECT_FALSE(explore_crashes(workload, invariant, options).ok());
}

}  // namespace
}  // namespace quire
