#include "wal/commit_encoder.h"

#include <gtest/gtest.h>

#include <cstring>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

CommitTrailer trailer_of(const EncodedCommit& commit) {
  CommitTrailer trailer;
  const auto& body = commit.bodies.back();
  std::memcpy(&trailer, body.data() + body.size() - sizeof(trailer), sizeof(trailer));
  return trailer;
}

TEST(CommitEncoder, PutsRecordsAndATrailerIntoOneBody) {
  CommitEncoder encoder;
  encoder.add_page({7, 4, 9}, full_page(1));
  encoder.add_bulk(20, 5, 9);
  const EncodedCommit commit = encoder.finish(3, 77, Durability::relaxed);
  EXPECT_EQ(commit.seq, 3u);
  EXPECT_TRUE(commit.relaxed);
  ASSERT_EQ(commit.bodies.size(), 1u);
  EXPECT_EQ(commit.bodies[0].size(), 16u + 4064 + 16 + 32);
  const CommitTrailer trailer = trailer_of(commit);
  EXPECT_EQ(trailer.chunks, 1u);
  EXPECT_EQ(trailer.page_records, 2u);
  EXPECT_EQ(trailer.body_bytes, commit.bodies[0].size());
  EXPECT_EQ(trailer.page_count, 77u);
  EXPECT_EQ(trailer.flags, 0u);
}

TEST(CommitEncoder, MakesACommitThatChangesNoPage) {
  const EncodedCommit commit = CommitEncoder().finish(1, 5, Durability::immediate);
  EXPECT_FALSE(commit.relaxed);
  ASSERT_EQ(commit.bodies.size(), 1u);
  EXPECT_EQ(commit.bodies[0].size(), sizeof(CommitTrailer));
  EXPECT_EQ(trailer_of(commit).page_records, 0u);
}

TEST(CommitEncoder, NeverLetsARecordCrossABody) {
  CommitEncoder encoder;
  for (Pid pid = 2; pid < 202; ++pid) encoder.add_page({pid, kDataPage, 9}, full_page(pid));
  const EncodedCommit commit = encoder.finish(1, 1000, Durability::immediate);
  ASSERT_EQ(commit.bodies.size(), 4u);
  Pid next = 2;
  std::uint64_t bytes = 0;
  for (const auto& body : commit.bodies) {
    EXPECT_LE(body.size(), kMaxBodyBytes);
    bytes += body.size();
    const bool last = &body == &commit.bodies.back();
    ByteView rest = ByteView(body).sub(0, body.size() - (last ? sizeof(CommitTrailer) : 0));
    while (!rest.empty()) {
      const PageRecord record = decode_page_record(rest, "here");
      EXPECT_EQ(record.name.pid, next++);
      rest = rest.sub(record.size);
    }
  }
  EXPECT_EQ(next, 202u);
  EXPECT_EQ(trailer_of(commit).chunks, 4u);
  EXPECT_EQ(trailer_of(commit).page_records, 200u);
  EXPECT_EQ(trailer_of(commit).body_bytes, bytes);
}

TEST(CommitEncoder, BeginsAnewAfterEachCommit) {
  CommitEncoder encoder;
  encoder.add_page({7, 4, 9}, full_page(1));
  encoder.finish(1, 10, Durability::immediate);
  encoder.add_page({8, 4, 9}, sparse_page(1));
  const EncodedCommit commit = encoder.finish(2, 10, Durability::immediate);
  EXPECT_EQ(trailer_of(commit).page_records, 1u);
  EXPECT_EQ(decode_page_record(commit.bodies[0], "here").name.pid, 8u);
}

TEST(CommitEncoder, RefusesARecordLongerThanABody) {
  CommitEncoder encoder(max_body_bytes(kMinSegmentBytes));
  std::vector<ByteRange> ranges;
  for (std::uint16_t at = 32; at < 4096; at += 2) ranges.push_back({at, 1});
  EXPECT_THROW(encoder.add_delta({7, 4, 9}, ranges, full_page(1)), InvalidArgument);
  encoder.add_page({7, kDataPage, 9}, full_page(1));
}

}  // namespace
}  // namespace quire::wal
