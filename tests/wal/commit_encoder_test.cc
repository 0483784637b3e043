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

TEST(CommitEncoder, HandsOutFullBodiesAndGoesOnCountingThem) {
  CommitEncoder whole(8192);
  CommitEncoder in_parts(8192);
  std::vector<std::vector<std::byte>> bodies;
  for (Pid pid = 2; pid < 12; ++pid) {
    whole.add_page({pid, 4, 9}, full_page(pid));
    in_parts.add_page({pid, 4, 9}, full_page(pid));
    if (pid % 3 != 0) continue;
    for (auto& body : in_parts.take_full_bodies()) bodies.push_back(std::move(body));
    EXPECT_EQ(bodies.size(), pid - 2) << "a body holds one page; the newest may still grow";
    EXPECT_TRUE(in_parts.take_full_bodies().empty());
  }
  EncodedCommit rest = in_parts.finish(1, 1000, Durability::immediate);
  EXPECT_EQ(rest.bodies.size(), 3u);
  for (auto& body : rest.bodies) bodies.push_back(std::move(body));
  EXPECT_EQ(bodies, whole.finish(1, 1000, Durability::immediate).bodies);

  in_parts.add_page({2, 4, 9}, full_page(2));
  EXPECT_EQ(trailer_of(in_parts.finish(2, 1000, Durability::immediate)).chunks, 1u);
}

TEST(CommitEncoder, KnowsTheMostThatItCanNeed) {
  EXPECT_EQ(CommitEncoder().worst_case_bodies(0), std::vector<std::size_t>{32});
  const std::size_t three = 3 * kMaxImageRecordBytes + 32;
  CommitEncoder encoder(three + 100);
  EXPECT_EQ(encoder.worst_case_bodies(3), std::vector<std::size_t>{three});
  EXPECT_EQ(encoder.worst_case_bodies(4),
            (std::vector<std::size_t>{three + 100, kMaxImageRecordBytes + 32}));
  for (Pid pid = 2; pid < 9; ++pid) encoder.add_page({pid, kDataPage, 9}, full_page(pid));
  const EncodedCommit commit = encoder.finish(1, 1000, Durability::immediate);
  const std::vector<std::size_t> most = encoder.worst_case_bodies(7);
  ASSERT_EQ(commit.bodies.size(), most.size());
  for (std::size_t i = 0; i < most.size(); ++i) EXPECT_LE(commit.bodies[i].size(), most[i]);
}

TEST(CommitEncoder, RunsOfBulkPagesNeedLittleMoreThanTheirBytes) {
  const std::size_t max_body = 3 * kMaxImageRecordBytes + 100;
  for (const std::size_t runs : {1, 2, 250, 256, 257, 258, 700, 770, 771, 772, 780, 2000, 5000}) {
    for (std::size_t pages = 0; pages < 9; ++pages) {
      CommitEncoder encoder(max_body);
      for (std::size_t i = 0; i < runs; ++i) {
        encoder.add_bulk(static_cast<Pid>(1000 + 2 * i), 1, 0);
      }
      for (Pid pid = 2; pid < pages + 2; ++pid) {
        encoder.add_page({pid, kDataPage, 9}, full_page(pid));
      }
      const std::vector<std::size_t> most = encoder.worst_case_bodies(pages, runs);
      const EncodedCommit commit = encoder.finish(1, 100'000, Durability::immediate);
      ASSERT_LE(commit.bodies.size(), most.size()) << runs << " runs, " << pages << " pages";
      for (std::size_t i = 0; i < commit.bodies.size(); ++i) {
        EXPECT_LE(commit.bodies[i].size(), most[i]) << runs << " runs, " << pages << " pages";
      }
      EXPECT_LE(most.size(), commit.bodies.size() + 2);
    }
  }
}

TEST(CommitEncoder, RefusesADeltaLongerThanTheWholePage) {
  CommitEncoder encoder;
  std::vector<ByteRange> ranges;
  for (std::uint16_t at = 32; at < 4096; at += 4) ranges.push_back({at, 1});
  EXPECT_THROW(encoder.add_delta({7, 4, 9}, ranges, full_page(1)), InvalidArgument);
  ranges.pop_back();
  ranges.resize(800);
  encoder.add_delta({7, 4, 9}, ranges, full_page(1));
}

TEST(CommitEncoder, RefusesBodiesThatHoldNoWholePage) {
  CommitEncoder(kMaxImageRecordBytes + 32);
  EXPECT_THROW(CommitEncoder(kMaxImageRecordBytes + 31), InvalidArgument);
}

}  // namespace
}  // namespace quire::wal
