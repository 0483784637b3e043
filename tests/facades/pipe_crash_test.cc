// The power is cut before every call of a workload that changes a pipe, a hash, a list and a blob
// in the same transactions. Whatever is left holds what some number of its steps have made, all of
// it in each of the four, and at least those whose commit had returned.

#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/database_test.h"
#include "tests/support/pipe_content.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr int kSteps = 7;

PlainBlock made_block(int step) {
  PlainBlock block{"block " + std::to_string(step), {}};
  for (int i = 0; i <= step; ++i) {
    std::string value;
    for (unsigned n = 0; n < 1500U * static_cast<unsigned>(step); ++n) {
      value += static_cast<char>((n * n * 2654435761U + static_cast<unsigned>(i)) >> 13);
    }
    block.pairs.emplace_back("pair " + std::to_string(i), value);
  }
  return block;
}

// Blocks and states are made once: thousands of images are written and compared with them.

const PlainBlock& block_of(int step) {
  static const std::vector<PlainBlock> blocks = [] {
    std::vector<PlainBlock> made;
    for (int of = 0; of <= kSteps; ++of) made.push_back(made_block(of));
    return made;
  }();
  return blocks.at(static_cast<std::size_t>(step));
}

/// What is there after so many steps. Block n goes in step n + 3; step 5 drops the pipe first.
struct Expected {
  explicit Expected(int steps) {
    for (int step = 1; step <= steps; ++step) {
      if (step == 5) blocks.clear();
      std::erase_if(blocks, [&](const PlainBlock& block) {
        return block.key == "block " + std::to_string(step - 3);
      });
      blocks.push_back(block_of(step));
      items.push_back("item " + std::to_string(step));
      bytes += std::string(3000, static_cast<char>('0' + step));
    }
  }
  std::vector<PlainBlock> blocks;
  std::vector<std::string> items;
  std::string bytes;
};

const Expected& expected_after(int steps) {
  static const std::vector<Expected> states = [] {
    std::vector<Expected> made;
    for (int step = 0; step <= kSteps; ++step) made.emplace_back(step);
    return made;
  }();
  return states.at(static_cast<std::size_t>(steps));
}

void change(Transaction& txn, int step) {
  if (step == 5) txn.drop("pipe");
  Pipe pipe = txn.open<Pipe>("pipe", {.compression_level = step < 5 ? 3 : 0});
  pipe.remove("block " + std::to_string(step - 3));
  const PlainBlock& block = block_of(step);
  append_block(pipe, block.key, block.pairs);
  txn.open<Hash>("hash").put("steps", std::to_string(step));
  txn.open<List>("list").push_back("item " + std::to_string(step));
  txn.open<Blob>("blob").append(std::string(3000, static_cast<char>('0' + step)));
}

void make_step(CrashRun& run, Database& database, int step) {
  Transaction txn = database.begin();
  change(txn, step);
  BlockWriter unfinished = txn.open<Pipe>("pipe").begin_block("unfinished");
  if (step % 2 == 0) unfinished.append("k", std::string(100'000, 'u'));
  run.commit(txn, std::to_string(step));
}

int steps_in(const Database& database) {
  const auto hash = database.snapshot().find<Hash>("hash");
  return hash ? std::stoi(hash->get("steps").value().str()) : 0;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

void require_steps(const Database& database, const CrashHistory& history) {
  const Snapshot snapshot = database.snapshot();
  const int steps = steps_in(database);
  for (const CrashCommit& commit : history) {
    require(!commit.acknowledged || std::stoi(commit.note) <= steps, "a commit is lost");
  }
  require(database.check(CheckOptions().with<Pipe>()).ok(), "check() finds something");
  const auto pipe = snapshot.find<Pipe>("pipe");
  require(pipe.has_value() == (steps > 0), "there is a pipe of no step, or none");
  if (!pipe) return;
  const Expected& expected = expected_after(steps);
  require(contents(*pipe) == expected.blocks, "the pipe holds something else");
  require(contents(snapshot.open<List>("list")) == expected.items, "the list does");
  require(contents(snapshot.open<Blob>("blob")) == expected.bytes, "the blob does");
}

TEST(PipeCrashTest, EveryStepIsThereInAllCollectionsOrInNone) {
  CrashOptions options;
  options.images_per_point = 2 + 2 * crash_budget();
  options.recover_one_in = 200 / crash_budget();
  options.images_per_recovery_point = 2;
  options.database.cache_size = std::size_t{16} << 20;
  options.database.wal_segment_size = std::size_t{1} << 20;
  options.afterwards = [](CrashRun& run, Database& database) {
    const int next = steps_in(database) + 1;
    if (next <= kSteps) make_step(run, database, next);
  };
  const CrashReport report = explore_crashes(
      [](CrashRun& run) {
        Database database = run.open();
        for (int step = 1; step <= kSteps; ++step) {
          {
            Transaction undone = database.begin();
            change(undone, step);
          }
          make_step(run, database, step);
          if (step % 3 == 0) database.checkpoint();
        }
      },
      require_steps, options);
  std::cout << report.summary() << "\n";
  tried("crash images in all", report.images);
  tried("crash images in recovery", report.recovery_images);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(report.images, 100u);
}

}  // namespace
}  // namespace quire::testing
