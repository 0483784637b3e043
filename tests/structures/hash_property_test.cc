// Random operations on a table and on a std::map. Keys come from a small alphabet, so that they
// meet, and some are long; sizes lie near the places where the form of a value changes.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/structures/hash_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::kSeed;
using testing::kShortDirectories;
using testing::kTinyGeometry;
using testing::PageMap;
using testing::pattern;

enum class HashOp { put, insert, erase, erase_many, append, update, clear, commit, rollback };

rc::Gen<HashOp> hash_operations() {
  return rc::gen::weightedElement<HashOp>({{30, HashOp::put},
                                           {10, HashOp::insert},
                                           {15, HashOp::erase},
                                           {2, HashOp::erase_many},
                                           {15, HashOp::append},
                                           {5, HashOp::update},
                                           {1, HashOp::clear},
                                           {5, HashOp::commit},
                                           {3, HashOp::rollback}});
}

rc::Gen<std::string> keys() {
  const auto small = rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc")));
  const auto number =
      rc::gen::map(rc::gen::inRange(0, 300), [](int i) { return std::to_string(i); });
  const auto large =
      rc::gen::map(rc::gen::pair(rc::gen::element<std::size_t>(1000, 1001, 5000, 65536, 65537),
                                 rc::gen::inRange<std::size_t>(0, 3)),
                   [](const std::pair<std::size_t, std::size_t>& size) {
                     return pattern(size.first, size.second);
                   });
  return rc::gen::weightedOneOf<std::string>({{4, small}, {10, number}, {1, large}});
}

rc::Gen<std::string> values() {
  const auto size =
      rc::gen::weightedOneOf<std::size_t>({{10, rc::gen::inRange<std::size_t>(0, 100)},
                                           {10, rc::gen::inRange<std::size_t>(0, 1003)},
                                           {3, rc::gen::inRange<std::size_t>(998, 9000)},
                                           {1, rc::gen::inRange<std::size_t>(60000, 70000)}});
  return rc::gen::apply(
      [](std::size_t bytes, std::size_t variant) { return pattern(bytes, variant); }, size,
      rc::gen::inRange<std::size_t>(0, 250));
}

class HashRun {
 public:
  explicit HashRun(const HashGeometry& geometry)
      : hash_(pages_, Hash::create(pages_, kSeed, geometry), geometry) {
    pages_.commit();
  }

  void step(HashOp op) {
    switch (op) {
      case HashOp::put: {
        const std::string key = *keys(), value = *values();
        RC_ASSERT(hash_.put(key, value) == !now_.contains(key));
        now_[key] = value;
        return;
      }
      case HashOp::insert: {
        const std::string key = *keys(), value = *values();
        RC_ASSERT(hash_.insert(key, value) == now_.emplace(key, value).second);
        return;
      }
      case HashOp::erase: {
        const std::string key = *keys();
        RC_ASSERT(hash_.erase(key) == (now_.erase(key) == 1));
        return;
      }
      case HashOp::erase_many:
        return erase_to(*rc::gen::inRange<std::size_t>(0, now_.size() + 1));
      case HashOp::append: {
        const std::string key = *keys(), bytes = *values();
        hash_.append(key, bytes);
        now_[key] += bytes;
        return;
      }
      case HashOp::update:
        return update(*keys());
      case HashOp::clear:
        hash_.clear();
        now_.clear();
        return;
      case HashOp::commit:
        pages_.commit();
        committed_ = now_;
        return;
      case HashOp::rollback:
        pages_.rollback();
        now_ = committed_;
        return;
    }
  }

  void expect_sound() const {
    expect_lawful();
    RC_ASSERT(hash_.size() == now_.size());
  }
  /// The same whatever it holds.
  void expect_lawful() const {
    CollectingVisitor visitor(pages_.page_count());
    hash_.walk(visitor);
    RC_ASSERT(visitor.problems() == std::vector<std::string>());
    RC_ASSERT(visitor.all() == pages_.states());
    RC_ASSERT(hash_.pages() == pages_.used());
  }

  void expect_equal() const {
    for (const auto& [key, value] : now_) {
      const auto found = hash_.get(key);
      RC_ASSERT(found && *found == ByteView(value));
    }
    std::map<std::string, std::string> all;
    HashCursor cursor;
    while (const auto entry = hash_.next(cursor)) {
      RC_ASSERT(all.emplace(entry->key.str(), entry->value.str()).second);
    }
    RC_ASSERT(all == now_);
  }

  void finish() {
    expect_sound();
    expect_equal();
    pages_.commit();
    expect_equal();
    if (*rc::gen::arbitrary<bool>()) return take_apart();
    erase_to(0);
    expect_sound();
    RC_ASSERT(pages_.used() == 2u);
  }

 private:
  void take_apart() {
    const auto pages = *rc::gen::inRange<std::uint32_t>(0, 40);
    while (!hash_.destroy_some(pages)) expect_lawful();
    RC_ASSERT(pages_.used() == 0u);
  }
  /// Leaves `count` entries.
  void erase_to(std::size_t count) {
    for (; now_.size() > count; now_.erase(now_.begin())) {
      RC_ASSERT(hash_.erase(now_.begin()->first));
    }
  }
  void update(const std::string& key) {
    const auto change = [](auto bytes) {
      for (auto& byte : bytes) byte = static_cast<std::remove_reference_t<decltype(byte)>>(0x55);
    };
    RC_ASSERT(hash_.update(key, change) == now_.contains(key));
    if (now_.contains(key)) change(std::span(now_[key]));
  }

  PageMap pages_;
  Hash hash_;
  std::map<std::string, std::string> now_, committed_;
};

void change_table(const HashGeometry& geometry) {
  HashRun run(geometry);
  const int steps = *rc::gen::inRange(1, 3000);
  for (int i = 0; i < steps; ++i) {
    run.step(*hash_operations());
    if (i % 32 == 0) run.expect_sound();
  }
  run.finish();
}

RC_GTEST_PROP(HashProperty, HoldsWhatAMapHolds, ()) { change_table({}); }

RC_GTEST_PROP(HashProperty, HoldsWhatAMapHoldsInATinyGeometry, ()) { change_table(kTinyGeometry); }

RC_GTEST_PROP(HashProperty, HoldsWhatAMapHoldsInShortDirectories, ()) {
  change_table(kShortDirectories);
}

}  // namespace
}  // namespace quire::structures
