// Arguments that point into the collection that they change, in pages of the transaction's own and
// in committed ones (rule V3). AddressSanitizer sees those that would be read too late.

#include <algorithm>
#include <functional>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

/// Bytes that differ from place to place.
std::string text_of(std::size_t size, int variant = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i + i / 4096 + static_cast<std::size_t>(variant)) % 26);
  }
  return text;
}

class AliasingTest : public DatabaseTest {
 protected:
  /// Runs `change` in the transaction that has made the content, and in one that finds it committed.
  void for_own_and_committed_pages(const std::function<void(Transaction&)>& make,
                                   const std::function<void(Transaction&)>& change) {
    open().transact([&](Transaction& txn) {
      make(txn);
      change(txn);
    });
    database.reset();
    files = std::make_unique<os::MemoryFileSystem>();
    options.file_system = files.get();
    open().transact(make);
    database->transact(change);
  }

  static constexpr std::size_t kSizes[] = {0, 30, 300, 1000, 1001, 5000, 70'000};
};

TEST_F(AliasingTest, PutTakesAKeyAndAValueOfTheSameTable) {
  const auto make = [](Transaction& txn) {
    auto table = txn.open<Hash>("h");
    for (const std::size_t size : kSizes) table.put(text_of(size, 1), text_of(size));
  };
  for_own_and_committed_pages(make, [](Transaction& txn) {
    auto table = txn.open<Hash>("h");
    for (const std::size_t size : kSizes) {
      const Value value = *table.get(text_of(size, 1));
      table.put(value, value);
      table.put(text_of(size, 1), value.view().sub(size / 2));
      table.append(value, value);
      table.insert(value.view().sub(1), value);
      EXPECT_EQ(table.get(text_of(size))->text(), text_of(size) + text_of(size));
      EXPECT_EQ(table.get(text_of(size, 1))->text(), text_of(size).substr(size / 2));
      EXPECT_TRUE(table.erase(value));
      EXPECT_EQ(value.text(), text_of(size));
    }
  });
}

TEST_F(AliasingTest, PutTakesWhatAnIteratorShows) {
  const auto make = [](Transaction& txn) {
    auto table = txn.open<Hash>("h");
    for (int i = 0; i < 20; ++i) table.put("key " + std::to_string(i), text_of(3000, i));
  };
  for_own_and_committed_pages(make, [](Transaction& txn) {
    auto table = txn.open<Hash>("h");
    for (int i = 0; i < 50; ++i) {
      const auto first = table.begin();
      const std::string key = (*first).key.str(), value = (*first).value.str();
      table.append((*first).key, (*first).value);
      table.erase((*first).key);
      table.put((*first).key, (*first).value);
      EXPECT_EQ(table.get(key)->text(), value);
    }
  });
}

TEST_F(AliasingTest, AListTakesItsOwnItems) {
  const auto make = [](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (const std::size_t size : kSizes) list.push_back(text_of(size));
  };
  for_own_and_committed_pages(make, [](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (std::uint64_t i = 0; i < std::size(kSizes); ++i) {
      const std::string text = list.at(i).str();
      list.insert(i, list.at(i));
      list.set(i, list.at(i).view().sub(text.size() / 3));
      list.push_back(list.at(i + 1));
      EXPECT_EQ(list.at(i).text(), text.substr(text.size() / 3));
      EXPECT_EQ(list.back().text(), text);
      list.erase(i);
    }
  });
}

TEST_F(AliasingTest, ABlobTakesItsOwnViewsAndChunks) {
  const auto make = [](Transaction& txn) { txn.open<Blob>("b").append(text_of(20'000)); };
  for_own_and_committed_pages(make, [](Transaction& txn) {
    auto blob = txn.open<Blob>("b");
    blob.write(3000, blob.view(100, 4000));
    const std::string text = text_of(20'000);
    EXPECT_EQ(contents(blob), text.substr(0, 3000) + text.substr(100, 4000) + text.substr(7000));
    const auto chunks = blob.chunks();
    const auto first = chunks.begin();
    blob.write(10, *first);
    EXPECT_EQ(blob.view(10, 4096).text(), (*first).text());
  });
}

TEST_F(AliasingTest, ABlobTakesWhatItHasGivenOutToEdit) {
  const auto make = [](Transaction& txn) {
    txn.open<Blob>("inside the root").append(text_of(3000));
    txn.open<Blob>("pages").append(text_of(20'000));
  };
  for_own_and_committed_pages(make, [](Transaction& txn) {
    for (const char* name : {"inside the root", "pages"}) {
      auto blob = txn.open<Blob>(name);
      std::string text = contents(blob);
      const std::size_t size = std::min<std::size_t>(text.size() - 10, 3900);
      for (const std::size_t target : {std::size_t{0}, std::size_t{20}, size / 2, size - 1}) {
        const std::string part = text.substr(10, size);
        blob.write(target, blob.edit(10, size).bytes());
        text.resize(std::max(text.size(), target + size));
        text.replace(target, size, part);
        ASSERT_EQ(contents(blob), text) << name << ", to " << target;
      }
      blob.append(blob.edit(10, size).bytes());
      ASSERT_EQ(contents(blob), text + text.substr(10, size)) << name;
    }
  });
}

}  // namespace
}  // namespace quire::testing
