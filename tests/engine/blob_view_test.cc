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

}  // namespace
}  // namespace quire::testing
