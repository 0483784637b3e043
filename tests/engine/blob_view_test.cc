// Reading blobs through their handles: iterations that a change ends, and blobs too long for memory.

#include <iterator>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

class BlobViewTest : public DatabaseTest {
 protected:
  static constexpr std::uint64_t kHole = std::uint64_t{200} << 40;
};

TEST_F(BlobViewTest, ChunksEndWhenTheBlobChanges) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  blob.append(std::string(10'000, 'a'));
  const BlobChunks chunks = blob.chunks();
  auto chunk = chunks.begin();
  blob.append("b");
  EXPECT_EQ((*chunk).text(), std::string(4096, 'a')) << "what it shows stays";
  EXPECT_THROW(++chunk, InvalidArgument);
  EXPECT_THROW(chunks.begin(), InvalidArgument);
  EXPECT_EQ(std::ranges::distance(blob.chunks()), 3);
  auto edited = blob.chunks().begin();
  blob.edit(0, 1);
  EXPECT_THROW(++edited, InvalidArgument);
}

TEST_F(BlobViewTest, ChunksGoOnWhenAnotherCollectionChanges) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b"), other = txn.open<Blob>("other");
  blob.append(std::string(10'000, 'a'));
  for (const ByteView chunk : blob.chunks()) other.append(chunk);
  EXPECT_EQ(contents(other), std::string(10'000, 'a'));
}

TEST_F(BlobViewTest, RefusesToReadMoreAtOnceThanMemoryHolds) {
  open().transact([](Transaction& txn) {
    auto blob = txn.open<Blob>("hole");
    blob.resize(kHole);
    blob.write(kHole, "the end");
  });
  const auto blob = database->snapshot().open<Blob>("hole");
  try {
    blob.read_all();
    ADD_FAILURE() << "200 TiB were read";
  } catch (const InvalidArgument& error) {
    const std::string_view what = error.what();
    EXPECT_NE(what.find(std::to_string(kHole + 7)), what.npos) << what;
    EXPECT_NE(what.find("'hole'"), what.npos) << what;
    EXPECT_NE(what.find("read()"), what.npos) << what;
  }
  EXPECT_THROW(blob.view(1, kHole), InvalidArgument);
  EXPECT_THROW(blob.view(8, kHole), std::out_of_range);
  EXPECT_EQ(blob.view(kHole, 7).text(), "the end") << "the parts can be read";
}

/// Whether two pins show the same memory, not only the same bytes.
bool share(const BlobView& blob, std::uint64_t offset, std::size_t count, std::size_t alignment) {
  return blob.pin(offset, count, alignment) == blob.pin(offset, count, alignment);
}

TEST_F(BlobViewTest, PinsShareThePageBeThereEverSoFewBytes) {
  open().transact([](Transaction& txn) {
    txn.open<Blob>("long").append(std::string(10'000, 'a'));
    txn.open<Blob>("short").append(std::string(100, 'a'));
    txn.open<Blob>("hole").resize(10'000);
  });
  const Snapshot snapshot = database->snapshot();
  for (const char* name : {"long", "short", "hole"}) {
    const auto blob = snapshot.open<Blob>(name);
    EXPECT_TRUE(share(blob, 48, 1, BlobView::kAlignment)) << name;
    EXPECT_TRUE(share(blob, 50, 2, 2)) << name;
  }
  const auto blob = snapshot.open<Blob>("long");
  EXPECT_FALSE(share(blob, 4095, 2, 1)) << "two pages are copied";
  EXPECT_FALSE(share(blob, 3, 4, 4)) << "another alignment is made by copying";
}

TEST_F(BlobViewTest, PinsLieWhereTheyAreWantedAndHoldTheBytes) {
  std::string text(10'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i % 251);
  open().transact([&](Transaction& txn) { txn.open<Blob>("b").append(text); });
  const auto blob = database->snapshot().open<Blob>("b");
  for (const std::uint64_t offset : {0, 1, 4090, 4096, 8192}) {
    for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
      const auto bytes = blob.pin(offset, 100, alignment);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.get()) % alignment, 0u);
      EXPECT_EQ(ByteView(bytes.get(), 100), text.substr(offset, 100));
    }
  }
}

TEST_F(BlobViewTest, PinsKeepWhatTheyShowedThroughLaterChangesAndTheEndOfEverything) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  blob.append(std::string(5000, 'a'));
  const auto bytes = blob.pin(4096, 4);
  blob.write(4096, "bbbb");
  const auto later = blob.pin(4096, 4);
  txn.commit();
  close();
  EXPECT_EQ(ByteView(bytes.get(), 4), "aaaa");
  EXPECT_EQ(ByteView(later.get(), 4), "bbbb");
}

TEST_F(BlobViewTest, PinsOfBytesThatAreNotThereOrAnAlignmentThatIsNoneAreRefused) {
  open().transact([](Transaction& txn) { txn.open<Blob>("b").append("abc"); });
  const auto blob = database->snapshot().open<Blob>("b");
  EXPECT_THROW(blob.pin(3, 1), std::out_of_range);
  EXPECT_NO_THROW(blob.pin(3, 0));
  for (const std::size_t alignment : {0, 3, 8192}) {
    EXPECT_THROW(blob.pin(0, 1, alignment), InvalidArgument) << alignment;
  }
}

}  // namespace
}  // namespace quire::testing
