// Random operations on a pipe and on a std::vector of blocks, with transactions, savepoints,
// reopening, renaming and dropping; a writer may stay open across all of them.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/database_test.h"
#include "tests/support/pipe_content.h"

namespace quire::testing {
namespace {

enum class Op {
  add,
  remove,
  look_up,
  begin_block,
  append,
  finish,
  abandon,
  set_savepoint,
  return_to_savepoint,
  release_savepoint,
  commit,
  rollback,
  reopen,
  rename,
  drop,
};

rc::Gen<Op> operations() {
  return rc::gen::weightedElement<Op>({{20, Op::add},
                                       {10, Op::remove},
                                       {5, Op::look_up},
                                       {10, Op::begin_block},
                                       {25, Op::append},
                                       {7, Op::finish},
                                       {2, Op::abandon},
                                       {6, Op::set_savepoint},
                                       {3, Op::return_to_savepoint},
                                       {2, Op::release_savepoint},
                                       {5, Op::commit},
                                       {2, Op::rollback},
                                       {1, Op::reopen},
                                       {1, Op::rename},
                                       {1, Op::drop}});
}

rc::Gen<std::string> keys() {
  const auto name = rc::gen::map(rc::gen::inRange(0, 12), [](int i) { return std::to_string(i); });
  return rc::gen::weightedOneOf<std::string>(
      {{20, name}, {1, rc::gen::element(std::string(), std::string(3000, 'k'))}});
}

/// Compressible or not, and of the sizes around a step.
std::string bytes_of(std::size_t size, unsigned variant) {
  std::string bytes(size, static_cast<char>('a' + variant % 26));
  if (variant % 2 == 0) return bytes;
  std::uint32_t state = variant;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

rc::Gen<std::string> parts() {
  const auto size =
      rc::gen::weightedOneOf<std::size_t>({{20, rc::gen::inRange<std::size_t>(0, 200)},
                                           {5, rc::gen::inRange<std::size_t>(0, 20'000)},
                                           {2, rc::gen::inRange<std::size_t>(65'500, 65'600)},
                                           {1, rc::gen::inRange<std::size_t>(0, 300'000)}});
  return rc::gen::apply(bytes_of, size, rc::gen::inRange(0U, 1000U));
}

class Run {
 public:
  explicit Run(const PipeOptions& made_with) : made_with_(made_with) {
    options_.file_system = files_.get();
    reopen();
  }

  void step(Op op) {
    switch (op) {
      case Op::add:
        return add(*keys());
      case Op::remove:
        return remove(*keys());
      case Op::look_up:
        return look_up(*keys());
      case Op::begin_block:
        return begin_block(*keys());
      case Op::append:
        return append();
      case Op::finish:
        return finish();
      case Op::abandon:
        return writer_.reset();
      case Op::set_savepoint:
        savepoints_.push_back({transaction_->savepoint(), now_});
        return;
      case Op::return_to_savepoint:
        return end_savepoint(true);
      case Op::release_savepoint:
        return end_savepoint(false);
      case Op::commit:
        return commit();
      case Op::rollback:
        transaction_->rollback();
        now_ = committed_;
        require_dead_writer({ErrorCode::closed});
        return begin();
      case Op::reopen:
        commit();
        transaction_.reset();
        database_.reset();
        return reopen();
      case Op::rename:
        return rename();
      case Op::drop:
        return drop();
    }
  }

  void expect_equal() {
    RC_ASSERT(contents(pipe()) == now_.blocks);
    RC_ASSERT(pipe().size() == now_.blocks.size());
  }

  void finish_run() {
    expect_equal();
    commit();
    savepoints_.clear();
    transaction_.reset();
    const CheckReport report = database_->check(CheckOptions().with<Pipe>());
    for (const CheckProblem& problem : report.problems) RC_LOG(problem.what + "\n");
    RC_ASSERT(report.ok());
  }

 private:
  struct Model {
    std::string name = "p";
    std::vector<PlainBlock> blocks;
  };
  struct Level {
    Savepoint savepoint;
    Model model;
  };

  Pipe pipe() { return transaction_->open<Pipe>(now_.name, made_with_); }
  auto place_of(const std::string& key) {
    return std::find_if(now_.blocks.begin(), now_.blocks.end(),
                        [&](const PlainBlock& block) { return block.key == key; });
  }
  bool has(const std::string& key) { return place_of(key) != now_.blocks.end(); }

  void reopen() {
    database_.emplace(Database::open("/dir/test.quire", options_));
    begin();
  }
  void begin() {
    savepoints_.clear();
    transaction_.reset();
    transaction_.emplace(database_->begin());
    pipe();
  }

  void add(const std::string& key) {
    if (writer_) return;
    PlainBlock block{key, {}};
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) block.pairs.emplace_back(*keys(), *parts());
    Pipe into = pipe();
    if (has(key)) {
      RC_ASSERT_THROWS_AS(append_block(into, key, block.pairs), KeyExists);
      return;
    }
    append_block(into, key, block.pairs);
    now_.blocks.push_back(block);
  }

  void remove(const std::string& key) {
    const auto place = place_of(key);
    const bool is_there = place != now_.blocks.end();
    RC_ASSERT(pipe().remove(key) == is_there);
    if (is_there) now_.blocks.erase(place);
  }

  void look_up(const std::string& key) {
    RC_ASSERT(pipe().contains(key) == has(key));
    if (!has(key)) {
      RC_ASSERT_THROWS_AS(pipe().block(key), NotFound);
      return;
    }
    RC_ASSERT(contents(pipe().block(key)) == place_of(key)->pairs);
  }

  void begin_block(const std::string& key) {
    if (writer_) {
      RC_ASSERT_THROWS_AS(static_cast<void>(pipe().begin_block(key)), InvalidArgument);
    } else if (!has(key)) {
      writer_.emplace(pipe().begin_block(key));
      written_ = {key, {}};
    }
  }

  void append() {
    if (!writer_) return;
    written_.pairs.emplace_back(*keys(), *parts());
    writer_->append(written_.pairs.back().first, written_.pairs.back().second);
  }

  void finish() {
    if (!writer_) return;
    writer_->finish();
    writer_.reset();
    now_.blocks.push_back(written_);
  }

  /// A writer's calls are errors of one of these codes.
  void require_dead_writer(std::set<ErrorCode> codes) {
    if (!writer_) return;
    const auto require_refused = [&](const auto& call) {
      try {
        call();
        RC_FAIL("the writer goes on");
      } catch (const Error& error) {
        RC_ASSERT(codes.contains(error.code()));
      }
    };
    require_refused([&] { writer_->append("k", "v"); });
    require_refused([&] { writer_->finish(); });
    writer_.reset();
  }

  void end_savepoint(bool returns) {
    if (savepoints_.empty()) return;
    Level& level = savepoints_.back();
    if (returns) {
      level.savepoint.rollback();
      now_ = level.model;
      savepoints_.pop_back();
      // Not found: a pipe that was dropped and made again within the savepoint.
      require_dead_writer({ErrorCode::invalid_argument, ErrorCode::not_found});
    } else {
      level.savepoint.release();
      savepoints_.pop_back();
    }
  }

  /// Also with a writer at work, of whose block nothing stays.
  void commit() {
    transaction_->commit();
    committed_ = now_;
    require_dead_writer({ErrorCode::closed});
    begin();
  }

  void rename() {
    const std::string from = now_.name;
    now_.name = from == "p" ? "q" : "p";
    transaction_->rename(from, now_.name);
  }

  void drop() {
    transaction_->drop(now_.name);
    now_.blocks.clear();
    require_dead_writer({ErrorCode::not_found});
    pipe();
  }

  PipeOptions made_with_;
  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  Options options_;
  std::optional<Database> database_;
  std::optional<Transaction> transaction_;
  std::vector<Level> savepoints_;
  std::optional<BlockWriter> writer_;
  PlainBlock written_;
  Model now_;
  Model committed_;
};

void run(const PipeOptions& made_with) {
  Run run(made_with);
  const int steps = *rc::gen::inRange(1, 1500);
  for (int i = 0; i < steps; ++i) {
    run.step(*operations());
    if (i % 16 == 0) run.expect_equal();
  }
  run.finish_run();
}

RC_GTEST_PROP(PipeProperty, HoldsWhatAVectorHolds, ()) {
  run({.compression_level = *rc::gen::element(0, -5, 3)});
}

RC_GTEST_PROP(PipeProperty, HoldsWhatAVectorHoldsWithADictionary, ()) {
  PipeOptions made_with{.compression_level = 1};
  const std::string words = bytes_of(1000, 7);
  made_with.dictionary.assign(ByteView(words).begin(), ByteView(words).end());
  run(made_with);
}

}  // namespace
}  // namespace quire::testing
