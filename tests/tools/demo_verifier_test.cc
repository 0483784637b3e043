#include "tools/demo_verifier.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/command_test.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

// Three source files, of which the first two were imported by one transaction, as the importer
// does it.
class DemoVerifierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c"}) {
      plan_.paths.push_back(directory_.path() + "/" + name);
      write_file(plan_.paths.back(), "Some words. " + std::string(4988, name[0]));
    }
    change([&](Transaction& transaction) {
      transaction.open<Pipe>(kDemoDirectories);
      import_file(transaction, 0);
      import_file(transaction, 1);
      write_progress(transaction, {2, 10'000, 1, 0, 6});
    });
  }

  void TearDown() override { EXPECT_TRUE(database_.check().ok()); }

  void change(const std::function<void(Transaction&)>& changes) { database_.transact(changes); }

  void import_file(Transaction& transaction, std::size_t index) {
    const SourceFile file = read_source_file(plan_.paths[index], 1 << 20);
    const auto number = static_cast<std::uint32_t>(index + 1);
    transaction.open<Blob>(demo_blob_name(number)).append(file.content);
    WordsByKey words;
    add_words(file.content, words);
    transaction.open<Partd>(kDemoWords).append(words);
    transaction.open<Records<PathRecord>>(kDemoPaths)
        .put(plan_.paths[index], {number, file.mode, file.content.size(), file.mtime_ns});
    auto arrivals = transaction.open<List>(kDemoArrivals);
    if (arrivals.size() == index) arrivals.push_back(plan_.paths[index]);
  }

  void import_last_file(Transaction& transaction) {
    import_file(transaction, 2);
    DemoDirectories(plan_.paths).store(transaction, {0, 1, 2});
    write_progress(transaction, {3, 15'000, 2, 1, 9});
  }

  // The first problem after a recovery of which two files were acknowledged, or "".
  std::string first_problem() {
    DemoVerifier verifier(plan_);
    verifier.verify_recovered(database_, {1, 2});
    return verifier.problems().empty() ? "" : verifier.problems().front();
  }

  void expect_problem(std::string_view text) {
    const std::string problem = first_problem();
    EXPECT_NE(problem.find(text), std::string::npos) << "'" << problem << "'";
  }

  TemporaryDirectory directory_;
  DemoPlan plan_;
  Database database_ = Database::create_in_memory();
};

TEST_F(DemoVerifierTest, FindsNothingWrongWithAWholeImport) {
  EXPECT_EQ(first_problem(), "");
  change([&](Transaction& transaction) { import_last_file(transaction); });
  DemoVerifier verifier(plan_);
  verifier.verify_complete(database_);
  EXPECT_TRUE(verifier.problems().empty());
  EXPECT_EQ(verifier.files_compared(), 3U);
  EXPECT_EQ(verifier.bytes_compared(), 15'000U);
}

TEST_F(DemoVerifierTest, AnEmptyDatabaseIsWholeIfNothingWasAcknowledged) {
  DemoVerifier verifier(plan_);
  verifier.verify_recovered(Database::create_in_memory(), {});
  EXPECT_TRUE(verifier.problems().empty());
}

TEST_F(DemoVerifierTest, MissesWhatWasAcknowledged) {
  DemoVerifier files(plan_);
  files.verify_recovered(database_, {1, 3});
  EXPECT_EQ(files.problems(), std::vector<std::string>{"3 files were acknowledged, 2 are there"});
  DemoVerifier commits(plan_);
  commits.verify_recovered(database_, {9, 2});
  EXPECT_EQ(commits.problems(),
            std::vector<std::string>{"commit 9 was acknowledged, 1 is the newest"});
}

TEST_F(DemoVerifierTest, MissesTheRestOfAnUnfinishedImport) {
  DemoVerifier verifier(plan_);
  verifier.verify_complete(database_);
  EXPECT_EQ(verifier.problems(), std::vector<std::string>{"3 files to import, 2 are there"});
}

TEST_F(DemoVerifierTest, SeesChangedBytes) {
  change([](Transaction& transaction) {
    transaction.open<Blob>(demo_blob_name(2)).set(4999, std::byte{'x'});
  });
  expect_problem("the bytes of blob 2 are not those of the file");
}

TEST_F(DemoVerifierTest, SeesABlobThatIsGoneOrOfAnotherLength) {
  change([](Transaction& transaction) { transaction.open<Blob>(demo_blob_name(2)).append("x"); });
  expect_problem("blob 2 is missing, or not of 5000 bytes");
  change([](Transaction& transaction) { transaction.drop(demo_blob_name(2)); });
  expect_problem("blob 2 is missing, or not of 5000 bytes");
}

TEST_F(DemoVerifierTest, SeesAPathThatIsGoneOrHasAnotherNumber) {
  change([&](Transaction& transaction) {
    PathRecord record;
    record.number = 7;
    transaction.open<Records<PathRecord>>(kDemoPaths).put(plan_.paths[1], record);
  });
  expect_problem("no record, or a wrong one");
  change([&](Transaction& transaction) {
    transaction.open<Records<PathRecord>>(kDemoPaths).erase(plan_.paths[1]);
  });
  expect_problem("progress says 2 of 3 files, 'paths' has 1, 'arrivals' has 2");
}

TEST_F(DemoVerifierTest, SeesAnotherOrderOfArrival) {
  change([&](Transaction& transaction) {
    transaction.open<List>(kDemoArrivals).set(1, plan_.paths[2]);
  });
  expect_problem("arrival 2 is '" + plan_.paths[2] + "' instead of '" + plan_.paths[1] + "'");
  change([](Transaction& transaction) { transaction.open<List>(kDemoArrivals).pop_back(); });
  expect_problem("progress says 2 of 3 files, 'paths' has 2, 'arrivals' has 1");
}

TEST_F(DemoVerifierTest, SeesHalfOfATransaction) {
  change([](Transaction& transaction) { transaction.open<Blob>(demo_blob_name(3)).append("c"); });
  expect_problem("8 collections instead of 7");
  change([&](Transaction& transaction) { import_file(transaction, 2); });
  expect_problem("progress says 2 of 3 files, 'paths' has 3, 'arrivals' has 3");
}

TEST_F(DemoVerifierTest, SeesProgressThatDoesNotFitTheRecords) {
  change([](Transaction& transaction) { write_progress(transaction, {2, 9'999, 1, 0, 6}); });
  expect_problem("progress says 9999 bytes, the records say 10000");
}

TEST_F(DemoVerifierTest, SeesWordsThatAreNotThoseOfTheFiles) {
  change([](Transaction& transaction) {
    transaction.open<Partd>(kDemoWords).append("wo", "world\n");
  });
  expect_problem("'words' has other words of 'wo' than the files");
  change(
      [](Transaction& transaction) { transaction.open<Partd>(kDemoWords).append("zz", "zzz\n"); });
  expect_problem("'words' has 5 keys instead of 4");
  change([](Transaction& transaction) { write_progress(transaction, {2, 10'000, 1, 0, 7}); });
  expect_problem("progress says 7 words, the files have 6");
}

TEST_F(DemoVerifierTest, SeesADirectoryThatIsMissingOrNotItsFiles) {
  change([](Transaction& transaction) { write_progress(transaction, {2, 10'000, 1, 1, 6}); });
  expect_problem("progress says 1 directories, 0 are complete, 'directories' has 0");
  change([&](Transaction& transaction) { import_last_file(transaction); });
  EXPECT_EQ(first_problem(), "");
  change([&](Transaction& transaction) {
    auto pipe = transaction.open<Pipe>(kDemoDirectories);
    pipe.remove(directory_.path());
    BlockWriter block = pipe.begin_block(directory_.path());
    block.append("a", read_file(plan_.paths[0]));
    block.append("b", "other bytes");
    block.finish();
  });
  expect_problem("the block of '" + directory_.path() + "' has other bytes of a file");
  change([&](Transaction& transaction) {
    transaction.open<Pipe>(kDemoDirectories).remove(directory_.path());
  });
  expect_problem("the block of '" + directory_.path() + "' is missing");
}

TEST_F(DemoVerifierTest, CountsASourceThatChangedOrWentMeanwhileAndDoesNotBlameTheDatabase) {
  write_file(plan_.paths[0], "rewritten");
  std::filesystem::remove(plan_.paths[1]);
  change([&](Transaction& transaction) { import_last_file(transaction); });
  DemoVerifier verifier(plan_);
  verifier.verify_complete(database_);
  EXPECT_TRUE(verifier.problems().empty());
  EXPECT_EQ(verifier.files_changed(), 2U);
  EXPECT_EQ(verifier.files_compared(), 1U);
}

}  // namespace

}  // namespace quire::tools
