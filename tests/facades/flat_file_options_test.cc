#include <limits>

#include "tests/facades/flat_file_fixture.h"

namespace quire::testing {
namespace {

using FlatFileOptionsTest = FlatFileTest;

TEST_F(FlatFileOptionsTest, AreThoseItWasMadeWith) {
  make({.segment_size = 5, .compression_level = 7, .frame_size = 4096});
  EXPECT_EQ(view().options().segment_size, 5u);
  EXPECT_EQ(view().options().compression_level, 7);
  EXPECT_EQ(view().options().frame_size, 4096u);
  put("value");
  EXPECT_EQ(view().options().segment_size, 5u) << "an open without options takes what is stored";
}

TEST_F(FlatFileOptionsTest, DefaultsArePlainSegmentsOf128MiB) {
  put("value");
  EXPECT_EQ(view().options().segment_size, 128u << 20);
  EXPECT_EQ(view().options().compression_level, 0);
  EXPECT_EQ(view().options().frame_size, 64u << 10);
}

TEST_F(FlatFileOptionsTest, ThatDifferAreRefusedByNameWhereConduitStartsASecondSetOfFiles) {
  make({});
  const auto refusal = [&](const FlatFileOptions& options) {
    return message_of<InvalidArgument>(
        [&] { database.transact([&](Transaction& txn) { txn.open<FlatFile>("f", options); }); });
  };
  EXPECT_NE(
      refusal({.segment_size = 7})
          .find("collection 'f': segment_size is 7, but the flat file was made with 134217728"),
      std::string::npos);
  EXPECT_NE(refusal({.compression_level = 3})
                .find("compression_level is 3, but the flat file was made with 0"),
            std::string::npos);
  EXPECT_NE(refusal({.frame_size = 1024})
                .find("frame_size is 1024, but the flat file was made with 65536"),
            std::string::npos);
  database.transact([](Transaction& txn) { txn.open<FlatFile>("f", {}).put("x"); });
}

TEST_F(FlatFileOptionsTest, OutsideTheirRangeAreRefusedByNameAndMakeNothing) {
  const auto refusal = [&](const FlatFileOptions& options) {
    return message_of<InvalidArgument>([&] { make(options); });
  };
  constexpr std::uint64_t kMost = std::uint64_t{1} << 48;
  EXPECT_NE(refusal({.segment_size = 0}).find("'f': segment_size is 0; it must be 1 to 2814"),
            std::string::npos);
  EXPECT_NE(refusal({.segment_size = kMost + 1}).find("segment_size is 281474976710657"),
            std::string::npos);
  EXPECT_NE(refusal({.compression_level = 23}).find("compression_level is 23; it must be 0 to 22"),
            std::string::npos);
  EXPECT_NE(refusal({.compression_level = -1}).find("compression_level is -1"), std::string::npos);
  EXPECT_NE(refusal({.frame_size = 1023}).find("frame_size is 1023; it must be 1024 to 16777216"),
            std::string::npos);
  EXPECT_NE(refusal({.frame_size = std::numeric_limits<std::uint32_t>::max()})
                .find("frame_size is 4294967295"),
            std::string::npos);
  EXPECT_FALSE(database.snapshot().find<FlatFile>("f"));
}

TEST_F(FlatFileOptionsTest, AtTheEndsOfTheirRangesWork) {
  make({.segment_size = 1, .compression_level = 22, .frame_size = 16 << 20});
  const auto first = put(noise(10));
  EXPECT_EQ(put("next").segment, 1u);
  EXPECT_EQ(view().get(first), ByteView(noise(10)));
  database.transact([](Transaction& txn) {
    txn.create<FlatFile>("large", {.segment_size = std::uint64_t{1} << 48, .frame_size = 1 << 10})
        .put("x");
  });
}

}  // namespace
}  // namespace quire::testing
