// A hostile file: bytes of roots, directories, buckets and value pages are not what was written
// although their checksums hold (the page map checks none on structure pages). Whatever they say,
// an operation ends, with data or with CorruptionError; and a table whose bytes changed where no
// key or value lies either holds the right data still, or its damage is found.

#include <gtest/gtest.h>
#include <quire/error.h>

#include <functional>
#include <set>

#include "structures/hash_chain.h"
#include "structures/value_runs.h"
#include "tests/structures/hash_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::CountingReader;
using testing::kShortDirectories;
using testing::pattern;

class HashHostileTest : public testing::HashTest {
 protected:
  HashHostileTest() : HashTest(kShortDirectories) {
    for (std::size_t i = 0; i < 40; ++i) put("key " + std::to_string(i), pattern(i * 3, i));
    for (std::size_t i = 0; i < 30; ++i) put("big " + std::to_string(i), pattern(1000, i));
    put(pattern(1500), pattern(20000));
    put(pattern(70000), "value of a blob");
    put("key of a blob", pattern(80000));
    erase("key 20");
    pages.commit();
  }

  /// Runs `operation` and undoes it; true if it threw CorruptionError. Anything else fails.
  bool refuses(const std::function<void()>& operation) {
    bool refused = false;
    try {
      operation();
    } catch (const CorruptionError&) {
      refused = true;
    }
    pages.rollback();
    return refused;
  }

  /// Every operation, each from the last commit; what they do to a damaged table is of no interest
  /// as long as they end.
  void try_everything() {
    for (const std::string& key : {std::string("key 7"), std::string("none"), pattern(1500)}) {
      refuses([&] { hash.put(key, "other"); });
      refuses([&] { hash.put(key, pattern(3000)); });
      refuses([&] { hash.append(key, pattern(900)); });
      refuses([&] { hash.erase(key); });
    }
    refuses([&] {
      for (int i = 0; i < 20; ++i) hash.put("new " + std::to_string(i), pattern(1000));
    });
    refuses([&] { hash.update("key 7", [](std::span<std::byte>) {}); });
    refuses([&] {
      for (const auto& [key, value] : model) hash.erase(key);
    });
    refuses([&] { hash.clear(); });
    refuses([&] { hash.destroy(); });
    refuses([&] {
      while (!hash.destroy_some(2)) {
      }
    });
  }

  /// Iterates to the end, which a damaged table must have too.
  void read_all() {
    HashCursor cursor;
    while (hash.next(cursor)) {
    }
  }
  bool damage_is_seen() {
    return !walk().problems().empty() || refuses([&] { read_all(); });
  }
  bool is_right() {
    for (const auto& [key, value] : model) {
      const auto found = hash.get(key);
      if (!found || *found != ByteView(value)) return false;
    }
    return hash.size() == model.size() && content() == model;
  }

  /// Changes each byte of a page in turn, but for the page header and bytes that `skip` names.
  void flip_bytes(Pid pid, const std::set<std::size_t>& skip) {
    for (std::size_t at = kPageHeaderSize; at < kPageSize; ++at) {
      if (skip.contains(at)) continue;
      // The page is looked up anew: a change that was rolled back may have left another frame.
      const std::byte good = pages.raw(pid)[at];
      const std::byte mask{static_cast<std::uint8_t>(at % 3 == 0 ? 0xff : 1u << at % 8)};
      pages.raw(pid)[at] = good ^ mask;
      EXPECT_TRUE(damage_is_seen() || is_right()) << "page " << pid << ", byte " << at;
      if (at % 61 == 0 || at < 200) try_everything();
      pages.raw(pid)[at] = good;
    }
    ASSERT_TRUE(is_right());
  }

  /// The bytes of inline values: nothing but the page's sum guards those.
  std::set<std::size_t> value_bytes(Pid pid, std::uint32_t bucket) {
    const pager::PageBytes bytes(pages.raw(pid), kPageSize);
    const BucketView page(pid, bytes, bucket);
    std::set<std::size_t> at;
    for (std::size_t i = 0; i < page.count(); ++i) {
      const Record record = page.record(i);
      const auto begin = static_cast<std::size_t>(record.value.stored.data() - bytes.data());
      if (record.value.form != PartForm::bytes) continue;
      for (std::size_t n = 0; n < record.value.stored.size(); ++n) at.insert(begin + n);
    }
    return at;
  }
};

TEST_F(HashHostileTest, SeesEveryByteOfTheRoot) {
  // But for flags and zeros, which are for later versions.
  flip_bytes(hash.root(),
             {65, 66, 67, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95});
}

TEST_F(HashHostileTest, SeesEveryByteOfADirectory) {
  ASSERT_GT(root().fields().directory_pages, 0u);
  flip_bytes(root().fields().directories[root().fields().directory_pages - 1], {});
}

TEST_F(HashHostileTest, SeesEveryByteOfABucketThatIsNoValue) {
  const Pid pid = root().bucket_page(root().bucket_of(root().hash(ByteView(pattern(1500)))));
  flip_bytes(pid, value_bytes(pid, root().bucket_of(root().hash(ByteView(pattern(1500))))));
}

TEST_F(HashHostileTest, SeesEveryByteOfAnOverflowPageThatIsNoValue) {
  for (std::uint32_t b = 0; b < root().fields().bucket_count; ++b) {
    const HashRoot table = root();
    ChainReader chain(pages, table, b);
    if (chain.next()) return flip_bytes(chain.pid(), value_bytes(chain.pid(), b));
  }
  FAIL() << "no chain";
}

TEST_F(HashHostileTest, SeesEveryByteOfALongKeyAndTheFieldsOfValuePages) {
  int count = 0;
  const auto states = pages.states();
  for (const auto& [pid, state] : states) {
    if (refuses([&, page = pid] { pages.read(page, PageType::value); })) continue;
    const auto& page = *reinterpret_cast<const ValuePage*>(pages.raw(pid));
    const bool is_key = page.used == 1500;
    std::set<std::size_t>
        skip;  // content, and what lies behind it: only the page's sum guards those
    for (std::size_t at = is_key ? 40 + page.used : 40; at < kPageSize; ++at) skip.insert(at);
    flip_bytes(pid, skip);
    ++count;
  }
  EXPECT_EQ(count, 6) << "one page of a key, five of a value";
}

TEST_F(HashHostileTest, EndsInAChainThatIsACycle) {
  for (int i = 0; i < 14; ++i) put(key_of_bucket(0, i), pattern(1000));
  const std::string absent = key_of_bucket(0, 99);
  for (int i = 0; i < 20; ++i) pages.allocate(pages.kMaxRun, PageState::owned);
  pages.commit();
  const HashRoot table = root();
  std::vector<Pid> pids;
  ChainReader chain(pages, table, 0);
  do {
    pids.push_back(chain.pid());
  } while (chain.next());
  ASSERT_GE(pids.size(), 4u);

  raw_bucket(pids.back()).overflow = pids.front();
  EXPECT_TRUE(refuses([&] { hash.get(absent); })) << "a bucket is no overflow page";
  for (std::size_t to = 1; to < pids.size(); ++to) {
    raw_bucket(pids.back()).overflow = pids[to];
    EXPECT_TRUE(refuses([&] { hash.get(absent); })) << "longer than all overflow pages";
    try_everything();
    EXPECT_FALSE(walk().problems().empty());
  }
  // A counter as large as the file lets it be must not make the way longer.
  raw_root().pages_owned = pages.page_count() - 1;
  raw_root().overflow_pages = pages.page_count() - 1 - raw_root().directory_pages;
  CountingReader counting(pages);
  EXPECT_THROW(HashView(counting, hash.root(), kShortDirectories).get(absent), CorruptionError);
  EXPECT_LT(counting.count, 4 * pids.size());
  EXPECT_TRUE(refuses([&] { read_all(); }));
  try_everything();
}

TEST_F(HashHostileTest, SeesAChainThatRunsIntoAnotherBuckets) {
  for (int i = 0; i < 8; ++i) put(key_of_bucket(0, i), pattern(1000));
  for (int i = 0; i < 8; ++i) put(key_of_bucket(1, i), pattern(1000));
  pages.commit();
  const Pid theirs = raw_bucket(root().bucket_page(1)).overflow;
  ASSERT_NE(theirs, kNoPid);
  raw_bucket(root().bucket_page(0)).overflow = theirs;
  EXPECT_TRUE(refuses([&] { hash.get(key_of_bucket(0, 99)); }));
  EXPECT_TRUE(damage_is_seen());
}

TEST_F(HashHostileTest, SeesAKeyThatStandsTwice) {
  const HashRoot table = root();
  const std::string key = "key 7";
  const std::uint64_t h = table.hash(ByteView(key));
  ChainReader chain(pages, table, table.bucket_of(h));
  EditableHashRoot editable(pages, hash.root(), kShortDirectories);
  ChainWriter writer(pages, editable);
  writer.insert(h, NewRecord(inline_part(key), inline_part("twice")).bytes());
  editable.add_entry();
  const auto problems = walk().problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("stands twice"), std::string::npos);
}

TEST_F(HashHostileTest, RefusesToSplitABucketWithAForeignKey) {
  EditableHashRoot editable(pages, hash.root(), kShortDirectories);
  ChainWriter writer(pages, editable);
  const std::string foreign = key_of_bucket(1, 0);
  const std::uint32_t parent = split_parent(root().fields().bucket_count);
  ASSERT_NE(parent, 1u);
  writer.insert(parent, NewRecord(inline_part(foreign), inline_part("")).bytes());
  EXPECT_THROW(writer.split(), CorruptionError);
  EXPECT_TRUE(damage_is_seen());
}

TEST_F(HashHostileTest, MovesOutAnInlineKeyThatAnotherWriterLetGrowLonger) {
  EditableHashRoot editable(pages, hash.root(), kShortDirectories);
  const std::string key = pattern(3000, 9);
  std::string record("\x00\xb8\x17\x01", 4);
  record += key + "v";
  ChainWriter writer(pages, editable);
  writer.insert(editable.hash(ByteView(key)), record);
  editable.add_entry();
  model[key] = "v";
  expect_sound();
  put(key, pattern(1000));
  expect_sound();
  append(key, pattern(1000));
  expect_sound();
}

TEST_F(HashHostileTest, NamesEachCounterThatIsWrong) {
  const auto problems_if_one_more = [&](auto HashRootPage::*counter) {
    const HashRootPage good = raw_root();
    raw_root().*counter = raw_root().*counter + 1;
    const auto problems = walk().problems();
    raw_root() = good;
    return problems;
  };
  for (const auto& [name, problems] : std::map<std::string, std::vector<std::string>>{
           {"entries", problems_if_one_more(&HashRootPage::entries)},
           {"record_bytes", problems_if_one_more(&HashRootPage::record_bytes)},
           {"overflow_pages", problems_if_one_more(&HashRootPage::overflow_pages)},
           {"pages_owned", problems_if_one_more(&HashRootPage::pages_owned)}}) {
    ASSERT_EQ(problems.size(), 1u) << name;
    EXPECT_NE(problems[0].find(name + ": counted"), std::string::npos) << problems[0];
  }
}

TEST_F(HashHostileTest, NamesAnOverflowPageThatIsEmpty) {
  for (int i = 0; i < 8; ++i) put(key_of_bucket(0, i), pattern(1000));
  const Pid pid = raw_bucket(root().bucket_page(0)).overflow;
  BucketPage page(pid, pager::MutablePageBytes(pages.raw(pid), kPageSize), 0);
  while (page.count() > 0) page.erase(0);
  EXPECT_NE(walk().problems().at(0).find("empty"), std::string::npos);
}

TEST_F(HashHostileTest, GoesOnWalkingBehindAPageThatItCannotRead) {
  raw_bucket(root().bucket_page(0)).header.type = 99;
  const CollectingVisitor visitor = walk();
  EXPECT_EQ(visitor.problems().size(), 1u) << "the counters are not compared then";
  EXPECT_GT(visitor.all().size(), pages.used() / 2);
}

}  // namespace
}  // namespace quire::structures
