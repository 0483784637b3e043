#include "tools/demo_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "tools/demo_content.h"
#include "tools/demo_words.h"
#include "tools/held_snapshot.h"

namespace quire::tools {

namespace {

// A database into which three files have been imported, as the demo does it.
class DemoReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    change([&](Transaction& transaction) {
      for (std::uint32_t number = 1; number <= 3; ++number) arrive(transaction, number);
      write_progress(transaction, {3, 15'000, 1});
    });
    ASSERT_EQ(torn_transaction(database_.snapshot()), "");
  }

  void TearDown() override { EXPECT_TRUE(database_.check().ok()); }

  void change(const std::function<void(Transaction&)>& changes) { database_.transact(changes); }

  static std::string path_of(std::uint32_t number) { return "/path/" + std::to_string(number); }

  void arrive(Transaction& transaction, std::uint32_t number) {
    PathRecord record;
    record.number = number;
    record.size = 5000;
    const std::string text = "Text " + std::to_string(number) + " " + std::string(5000, 'x');
    transaction.create<Blob>(demo_blob_name(number)).append(text.substr(0, record.size));
    WordsByKey words;
    add_words(text, words);
    transaction.open<Partd>(kDemoWords).append(words);
    transaction.open<Records<PathRecord>>(kDemoPaths).put(path_of(number), record);
    transaction.open<List>(kDemoArrivals).push_back(path_of(number));
  }

  void expect_torn(std::string_view text) {
    const std::string problem = torn_transaction(database_.snapshot());
    EXPECT_NE(problem.find(text), std::string::npos) << "'" << problem << "'";
  }

  // Waits, for as long as it takes, until the reader says what is wrong.
  std::string wait_for_problem(const DemoReader& reader) {
    while (reader.problem().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return reader.problem();
  }

  Database database_ = Database::create_in_memory();
};

TEST_F(DemoReaderTest, AnEmptyDatabaseIsWhole) {
  EXPECT_EQ(torn_transaction(Database::create_in_memory().snapshot()), "");
}

TEST_F(DemoReaderTest, SeesAnArrivalWithoutTheRest) {
  change([](Transaction& transaction) { transaction.open<List>(kDemoArrivals).push_back("x"); });
  expect_torn("progress says 3 files, 'arrivals' has 4, 'paths' has 3");
  change([](Transaction& transaction) { write_progress(transaction, {4, 15'000, 2}); });
  expect_torn("progress says 4 files, 'arrivals' has 4, 'paths' has 3");
  change([](Transaction& transaction) {
    transaction.open<Records<PathRecord>>(kDemoPaths).put("y", {});
  });
  expect_torn("arrival 4 has no path record");
}

TEST_F(DemoReaderTest, SeesABlobWithoutTheRest) {
  change([](Transaction& transaction) { transaction.create<Blob>(demo_blob_name(4)); });
  expect_torn("blob 4 is there before its file has arrived");
}

TEST_F(DemoReaderTest, SeesTheRestWithoutABlob) {
  change([](Transaction& transaction) { transaction.open<Blob>(demo_blob_name(2)).append("x"); });
  expect_torn("blob 2 is missing, or not of 5000 bytes");
  change([](Transaction& transaction) { transaction.drop(demo_blob_name(2)); });
  expect_torn("blob 2 is missing, or not of 5000 bytes");
}

TEST_F(DemoReaderTest, SeesARecordOfAnotherFile) {
  change([&](Transaction& transaction) {
    PathRecord record;
    record.number = 1;
    transaction.open<Records<PathRecord>>(kDemoPaths).put(path_of(3), record);
  });
  expect_torn("arrival 3 has the path record of 1");
}

TEST_F(DemoReaderTest, SeesADirectoryWithoutTheRest) {
  change([](Transaction& transaction) {
    transaction.open<Pipe>(kDemoDirectories).begin_block("/path").finish();
  });
  expect_torn("there are not the 0 directories of progress");
}

TEST_F(DemoReaderTest, SeesWordsThatAreMissingOrOfNoArrival) {
  change([](Transaction& transaction) {
    transaction.open<Partd>(kDemoWords).append("te", "Text\nten\n");
  });
  expect_torn("the words of 'te' do not end with those of the newest arrival");
  change([](Transaction& transaction) { transaction.drop(kDemoWords); });
  expect_torn("the words of 'te' do not end with those of the newest arrival");
}

TEST_F(DemoReaderTest, FollowsTransactionsAndFindsThemWhole) {
  DemoReader reader(database_);
  for (std::uint32_t number = 4; number < 200; ++number) {
    change([&](Transaction& transaction) {
      arrive(transaction, number);
      write_progress(transaction, {number, number * std::uint64_t{5000}, number});
    });
  }
  EXPECT_GT(reader.snapshots(), 0U);
  EXPECT_EQ(reader.problem(), "");
}

TEST_F(DemoReaderTest, FindsATornTransactionWhileItFollows) {
  const DemoReader reader(database_);
  change([](Transaction& transaction) { transaction.open<List>(kDemoArrivals).pop_back(); });
  EXPECT_NE(wait_for_problem(reader).find("'arrivals' has 2"), std::string::npos);
}

TEST_F(DemoReaderTest, FindsThatFilesHaveGone) {
  const DemoReader reader(database_);
  change([&](Transaction& transaction) {
    transaction.drop(demo_blob_name(3));
    transaction.open<Records<PathRecord>>(kDemoPaths).erase(path_of(3));
    transaction.open<List>(kDemoArrivals).pop_back();
    write_progress(transaction, {2, 10'000, 2});
  });
  EXPECT_EQ(wait_for_problem(reader), "3 files became 2");
}

TEST_F(DemoReaderTest, AHeldSnapshotReadsTheSameAfterLaterCommits) {
  const HeldSnapshot held(database_);
  EXPECT_EQ(held.content().files, 3U);
  EXPECT_EQ(held.content().bytes, 15'000U);
  change([&](Transaction& transaction) { arrive(transaction, 4); });
  EXPECT_TRUE(held.reads_the_same());
}

TEST_F(DemoReaderTest, WhatAHeldSnapshotReadsDependsOnEveryByteAndOnTheOrder) {
  const HeldSnapshot::Content first = HeldSnapshot(database_).content();
  change([](Transaction& transaction) {
    transaction.open<Blob>(demo_blob_name(2)).set(4999, std::byte{'y'});
  });
  const HeldSnapshot::Content second = HeldSnapshot(database_).content();
  EXPECT_NE(first.sum, second.sum);
  change([&](Transaction& transaction) {
    transaction.open<List>(kDemoArrivals).set(0, path_of(2));
    transaction.open<List>(kDemoArrivals).set(1, path_of(1));
  });
  const HeldSnapshot::Content third = HeldSnapshot(database_).content();
  EXPECT_NE(second.sum, third.sum);
  change([](Transaction& transaction) { transaction.open<Partd>(kDemoWords).append("xx", "x"); });
  const HeldSnapshot::Content fourth = HeldSnapshot(database_).content();
  EXPECT_NE(third.sum, fourth.sum);
  change([](Transaction& transaction) {
    transaction.open<Pipe>(kDemoDirectories).begin_block("/path").finish();
  });
  EXPECT_NE(fourth.sum, HeldSnapshot(database_).content().sum);
}

}  // namespace

}  // namespace quire::tools
