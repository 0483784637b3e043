// The writer of a block, and what becomes of a block that is not finished.

#include <string>
#include <utility>

#include <quire/testing.h>

#include "tests/support/database_test.h"
#include "tests/support/fails.h"
#include "tests/support/pipe_content.h"

namespace quire::testing {
namespace {

const std::vector<PlainBlock> kOne{{"one", {{"a", "1"}}}};

/// Longer than a step, so that some of it has gone to the pages.
std::string long_value() {
  std::string value;
  for (unsigned i = 0; value.size() < 200'000; ++i) value += std::to_string(i * 2654435761U);
  return value;
}

class PipeWriterTest : public DatabaseTest {
 protected:
  PipeWriterTest() {
    check_options.with<Pipe>();
    open().transact([](Transaction& txn) {
      auto pipe = txn.create<Pipe>("p", {.compression_level = 0});
      append_block(pipe, "one", {{"a", "1"}});
    });
  }
  PipeView stored() const { return database->snapshot().open<Pipe>("p"); }
};

TEST_F(PipeWriterTest, BlockCountsWhenItIsFinished) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  BlockWriter writer = pipe.begin_block("two");
  writer.append("k", long_value());
  EXPECT_EQ(pipe.size(), 1u);
  EXPECT_FALSE(pipe.contains("two"));
  EXPECT_EQ(contents(pipe), kOne);
  writer.finish();
  EXPECT_EQ(pipe.size(), 2u);
  EXPECT_EQ(pipe.block("two").first("k")->text(), long_value());
  txn.commit();
}

TEST_F(PipeWriterTest, DestroyedUnfinishedItTakesItsBytesBack) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  pipe.begin_block("two").append("k", long_value());
  EXPECT_EQ(contents(pipe), kOne);
  append_block(pipe, "two", {{"k", "v"}});
  txn.commit();
  EXPECT_EQ(stored().block("two").first("k")->text(), "v");
  EXPECT_LT(database->snapshot().collections().at(0).pages, 10u);
}

TEST_F(PipeWriterTest, SecondBlockAtATimeIsRefusedByEveryHandle) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  auto other = txn.open<Pipe>("p");
  BlockWriter writer = pipe.begin_block("two");
  for (Pipe* handle : {&pipe, &other}) {
    EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                      "/dir/test.quire: collection 'p': a block is being written; finish()",
                      [&] { static_cast<void>(handle->begin_block("three")); }));
  }
  writer.append("k", "v");
  writer.finish();
  append_block(other, "three", {});
  EXPECT_EQ(contents(pipe),
            (std::vector<PlainBlock>{kOne[0], {"two", {{"k", "v"}}}, {"three", {}}}));
  txn.commit();
}

TEST_F(PipeWriterTest, OutlivesTheHandleThatMadeIt) {
  Transaction txn = database->begin();
  BlockWriter writer = txn.open<Pipe>("p").begin_block("two");
  writer.append("k", "v");
  writer.finish();
  txn.commit();
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(PipeWriterTest, MovesTakeTheBlockAlong) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  BlockWriter first = pipe.begin_block("two");
  first.append("k", "v");
  BlockWriter second = std::move(first);
  EXPECT_THROW(first.append("k", "v"), ClosedError);
  EXPECT_THROW(first.finish(), ClosedError);
  second.append("l", "w");
  second.finish();
  EXPECT_EQ(contents(pipe.block("two")), (Pairs{{"k", "v"}, {"l", "w"}}));
  BlockWriter third = pipe.begin_block("three");
  third = std::move(second);  // takes back what it was writing
  append_block(pipe, "four", {});
  EXPECT_FALSE(pipe.contains("three"));
  txn.commit();
}

TEST_F(PipeWriterTest, FinishedItTakesNothingMore) {
  Transaction txn = database->begin();
  BlockWriter writer = txn.open<Pipe>("p").begin_block("two");
  writer.finish();
  EXPECT_TRUE(fails(ErrorCode::closed, "has finished its block", [&] { writer.append("", ""); }));
  EXPECT_THROW(writer.finish(), ClosedError);
  txn.commit();
}

TEST_F(PipeWriterTest, CommitUnderItLeavesNoBlockAndTheNextOneOverwritesTheTail) {
  Transaction txn = database->begin();
  BlockWriter writer = txn.open<Pipe>("p").begin_block("two");
  writer.append("k", long_value());
  txn.commit();
  EXPECT_THROW(writer.append("k", "v"), ClosedError);
  EXPECT_THROW(writer.finish(), ClosedError);
  EXPECT_EQ(contents(stored()), kOne);
  expect_sound(*database, check_options);
  crash_and_reopen().transact([](Transaction& next) {
    auto pipe = next.open<Pipe>("p");
    append_block(pipe, "two", {{"k", "v"}});
  });
  EXPECT_EQ(contents(stored()), (std::vector<PlainBlock>{kOne[0], {"two", {{"k", "v"}}}}));
  EXPECT_LT(database->snapshot().collections().at(0).pages, 10u);
}

TEST_F(PipeWriterTest, RollbackUnderItEndsItAndLeavesNothing) {
  {
    Transaction txn = database->begin();
    BlockWriter writer = txn.open<Pipe>("p").begin_block("two");
    writer.append("k", long_value());
    txn.rollback();
    EXPECT_THROW(writer.append("k", "v"), ClosedError);
  }
  EXPECT_EQ(contents(stored()), kOne);
}

TEST_F(PipeWriterTest, SavepointBeforeItThatIsReturnedToEndsIt) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  Savepoint before = txn.savepoint();
  BlockWriter writer = pipe.begin_block("two");
  writer.append("k", long_value());
  before.rollback();
  append_block(pipe, "two", {{"k", "another"}});
  EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                    "collection 'p': the transaction went back to a savepoint while block 'two'",
                    [&] { writer.append("k", "v"); }));
  EXPECT_THROW(writer.finish(), InvalidArgument);
  writer = pipe.begin_block("three");  // destroys the old one, which does no harm
  writer.finish();
  EXPECT_EQ(contents(pipe),
            (std::vector<PlainBlock>{kOne[0], {"two", {{"k", "another"}}}, {"three", {}}}));
  txn.commit();
}

TEST_F(PipeWriterTest, SavepointWithinItThatIsReturnedToEndsIt) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  {
    BlockWriter writer = pipe.begin_block("two");
    writer.append("k", "before");
    Savepoint within = txn.savepoint();
    writer.append("k", "within");  // gathered in memory: no page has changed
    within.rollback();
    EXPECT_THROW(writer.append("k", "after"), InvalidArgument);
    EXPECT_THROW(writer.finish(), InvalidArgument);
    append_block(pipe, "two", {{"k", "again"}});
  }
  EXPECT_EQ(contents(pipe.block("two")), (Pairs{{"k", "again"}}));
  txn.commit();
}

TEST_F(PipeWriterTest, SavepointThatIsReleasedLeavesItAlone) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  BlockWriter writer = pipe.begin_block("two");
  Savepoint within = txn.savepoint();
  writer.append("k", "v");
  within.release();
  writer.append("l", long_value());
  writer.finish();
  EXPECT_EQ(pipe.block("two").first("k")->text(), "v");
  txn.commit();
}

TEST_F(PipeWriterTest, FinishedWithinASavepointTheBlockGoesWithIt) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  Savepoint before = txn.savepoint();
  append_block(pipe, "two", {{"k", long_value()}});
  before.rollback();
  EXPECT_EQ(contents(pipe), kOne);
  txn.commit();
}

TEST_F(PipeWriterTest, OtherBlocksMayBeRemovedMeanwhile) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  append_block(pipe, "two", {{"k", long_value()}});
  BlockWriter writer = pipe.begin_block("three");
  writer.append("k", long_value());
  EXPECT_TRUE(pipe.remove("two"));
  EXPECT_FALSE(pipe.remove("three")) << "it is none yet";
  writer.append("l", "v");
  writer.finish();
  EXPECT_EQ(contents(pipe),
            (std::vector<PlainBlock>{kOne[0], {"three", {{"k", long_value()}, {"l", "v"}}}}));
  txn.commit();
}

TEST_F(PipeWriterTest, AllBlocksRemovedMeanwhileItIsTakenBackToNothing) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  {
    BlockWriter writer = pipe.begin_block("three");
    writer.append("k", long_value());
    pipe.remove("one");
  }
  EXPECT_TRUE(pipe.empty());
  append_block(pipe, "one", {{"a", "1"}});
  EXPECT_EQ(contents(pipe), kOne);
  txn.commit();
}

TEST_F(PipeWriterTest, DroppedPipeEndsIt) {
  Transaction txn = database->begin();
  BlockWriter writer = txn.open<Pipe>("p").begin_block("two");
  txn.rename("p", "q");
  writer.append("k", "v");
  txn.drop("q");
  EXPECT_THROW(writer.append("k", "v"), NotFound);
  EXPECT_THROW(writer.finish(), NotFound);
  txn.commit();
}

TEST_F(PipeWriterTest, ErrorOfTheDatabaseEndsItAndASavepointHeals) {
  SimulatedFileSystem disk;
  Options small = options;
  small.file_system = &disk;
  small.cache_size = std::size_t{8} << 20;
  Database full = Database::open(kPath, small);
  Transaction txn = full.begin();
  auto pipe = txn.open<Pipe>("p", {.compression_level = 0});
  Savepoint before = txn.savepoint();
  disk.set_faults({{{FaultKind::no_space, disk.crash_points(), Fault::kForever}}});
  {
    BlockWriter writer = pipe.begin_block("two");
    const auto fill = [&] {
      for (int i = 0; i < 1000; ++i) writer.append("k", long_value());
    };
    EXPECT_THROW(fill(), OutOfSpace);  // more than memory holds, and the file may not grow
    EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                      "an error has stopped the writing of block 'two'",
                      [&] { writer.append("k", "v"); }));
    EXPECT_THROW(writer.finish(), InvalidArgument);
    before.rollback();
  }
  disk.set_faults({});
  append_block(pipe, "two", {{"k", "v"}});
  txn.commit();
  EXPECT_EQ(full.snapshot().open<Pipe>("p").block("two").first("k")->text(), "v");
  expect_sound(full, check_options);
}

}  // namespace
}  // namespace quire::testing
