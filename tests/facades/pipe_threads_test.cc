// One view of a snapshot read by several threads at once, while another one writes.

#include <gtest/gtest.h>

#include <quire/quire.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/pipe_content.h"

namespace quire::testing {
namespace {

TEST(PipeThreadsTest, ViewIsReadByManyThreadsWhileBlocksComeAndGo) {
  Database database = Database::create_in_memory();
  const std::string words(1000, 'w');
  PipeOptions made_with;
  made_with.dictionary.assign(ByteView(words).begin(), ByteView(words).end());
  std::vector<PlainBlock> blocks;
  for (int i = 0; i < 20; ++i) {
    blocks.push_back({std::to_string(i), {{"k", words + std::to_string(i)}, {"l", words}}});
  }
  database.transact([&](Transaction& txn) {
    auto pipe = txn.create<Pipe>("p", made_with);
    for (const PlainBlock& block : blocks) append_block(pipe, block.key, block.pairs);
  });
  const PipeView view = database.snapshot().open<Pipe>("p");
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) EXPECT_EQ(contents(view), blocks);
    });
  }
  for (const PlainBlock& block : blocks) {
    database.transact([&](Transaction& txn) {
      auto pipe = txn.open<Pipe>("p");
      pipe.remove(block.key);
      append_block(pipe, block.key, {});
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(contents(view), blocks);
  EXPECT_TRUE(database.check(CheckOptions().with<Pipe>()).ok());
}

}  // namespace
}  // namespace quire::testing
