// Values as streams.

#include <algorithm>
#include <sstream>

#include <quire/testing.h>

#include "tests/facades/flat_file_fixture.h"

namespace quire::testing {
namespace {

class FlatFileStreamTest : public FlatFileTest, public ::testing::WithParamInterface<int> {
 protected:
  FlatFileStreamTest() {
    make({.segment_size = 1 << 20, .compression_level = GetParam(), .frame_size = 5000});
  }
};
INSTANTIATE_TEST_SUITE_P(Levels, FlatFileStreamTest, ::testing::Values(0, 1),
                         [](const auto& level) { return level.param == 0 ? "Plain" : "Packed"; });

TEST_P(FlatFileStreamTest, WhatIsWrittenBecomesOneValueAndIsReadBack) {
  const std::string large = noise(300'000) + std::string(300'000, 'x');
  DataLocation place;
  change([&](FlatFile& flat) {
    flat.put("before");
    auto out = flat.writer();
    for (std::size_t at = 0; at < large.size(); at += 7777) out << large.substr(at, 7777);
    EXPECT_EQ(flat.segments()[0].values, 1u) << "nothing counts yet";
    place = out.finish();
    flat.put("after");
  });
  EXPECT_EQ(place, (DataLocation{0, 6, 600'000}));
  std::ostringstream copy;
  auto in = view().reader(place);
  copy << in.rdbuf();
  EXPECT_EQ(copy.str(), large);
  EXPECT_EQ(values(view()), (std::vector<std::string>{"before", large, "after"}));
}

TEST_P(FlatFileStreamTest, AReaderSeeks) {
  const std::string value = noise(200'000);
  put("before");
  const auto place = put(value);
  auto in = view().reader(place);
  for (const int at : {150'000, 3, 64 * 1024, 199'999, 0}) {
    in.seekg(at);
    EXPECT_EQ(in.get(), static_cast<unsigned char>(value[static_cast<std::size_t>(at)]));
    EXPECT_EQ(in.tellg(), at + 1);
  }
  in.seekg(-5, std::ios::end);
  std::string rest(10, '\0');
  in.read(rest.data(), 10);
  EXPECT_EQ(rest.substr(0, 5), value.substr(199'995));
  EXPECT_EQ(in.gcount(), 5);
  EXPECT_TRUE(in.eof());
  in.clear();
  EXPECT_FALSE(in.seekg(-1)) << "before the beginning";
  in.clear();
  in.seekg(300'000);
  EXPECT_EQ(in.get(), std::istream::traits_type::eof());
}

TEST_P(FlatFileStreamTest, TellingThePlaceKeepsWhatWasRead) {
  const std::string value = noise(200'000);
  const auto place = put(value);
  auto in = view().reader(place);
  in.get();
  const std::streamsize left = in.rdbuf()->in_avail();
  ASSERT_GT(left, 1000);
  EXPECT_EQ(in.tellg(), 1);
  EXPECT_EQ(in.rdbuf()->in_avail(), left);
  in.seekg(500);
  EXPECT_EQ(in.rdbuf()->in_avail(), left - 499);
  EXPECT_EQ(in.get(), static_cast<unsigned char>(value[500]));
  in.seekg(0);
  std::string all(value.size(), '\0');
  for (std::size_t at = 0; at < all.size(); at += 777) {
    in.read(all.data() + at, static_cast<std::streamsize>(std::min(all.size() - at, 777ul)));
    EXPECT_EQ(static_cast<std::size_t>(in.tellg()), std::min(all.size(), at + 777));
  }
  EXPECT_TRUE(all == value);
}

TEST_P(FlatFileStreamTest, AnEmptyValueIsAStreamWithoutBytes) {
  const auto place = change([](FlatFile& flat) { return flat.writer().finish(); });
  EXPECT_EQ(place.length, 0u);
  EXPECT_EQ(view().reader(place).get(), std::istream::traits_type::eof());
}

TEST_P(FlatFileStreamTest, AWriterThatDoesNotFinishLeavesNoValue) {
  const std::string tail = noise(6000);  // some of it is in no frame yet
  put(tail);
  change([](FlatFile& flat) {
    auto out = flat.writer();
    out << noise(200'000);
  });
  EXPECT_EQ(values(view()), std::vector<std::string>{tail});
  EXPECT_TRUE(database.check(CheckOptions().with<FlatFile>()).ok());
  put("next");
  EXPECT_EQ(values(view()), (std::vector<std::string>{tail, "next"}));
}

TEST_P(FlatFileStreamTest, APutEndsAWriterAndKeepsItsOwnBytes) {
  change([](FlatFile& flat) {
    auto out = flat.writer();
    out << noise(200'000);
    flat.put("in between");
    EXPECT_NE(message_of<InvalidArgument>([&] {
                out.finish();
              }).find("'f': something else was put before this was complete"),
              std::string::npos);
  });
  EXPECT_EQ(values(view()), std::vector<std::string>{"in between"});
}

TEST_P(FlatFileStreamTest, ASegmentBeforeItMayBeDroppedMeanwhile) {
  change([](FlatFile& flat) {
    const DataLocation before = flat.put("before");
    flat.seal();
    flat.put("first");
    auto out = flat.writer();
    out << "streamed";
    flat.drop_segment(before.segment);
    out.finish();
  });
  EXPECT_EQ(values(view()), (std::vector<std::string>{"first", "streamed"}));
}

TEST_P(FlatFileStreamTest, AnErrorSetsBadbitAndFinishThrowsIt) {
  change([](FlatFile& flat) {
    auto out = flat.writer();
    out << noise(200'000);
    flat.seal();  // changes nothing: the open segment counts no value
    flat.put("in between");
    out << noise(200'000);
    EXPECT_TRUE(out.bad());
    EXPECT_THROW(out.finish(), InvalidArgument);
    auto throwing = flat.writer();
    throwing.exceptions(std::ios::badbit);
    flat.put("again");
    EXPECT_THROW(throwing << noise(200'000), InvalidArgument);
  });
}

TEST_P(FlatFileStreamTest, ASecondWriterEndsTheFirst) {
  change([](FlatFile& flat) {
    auto first = flat.writer();
    first << std::string(100'000, '1');
    auto second = flat.writer();
    second << std::string(100'000, '2');  // the same number of bytes at the same place
    second.flush();
    EXPECT_THROW(first.finish(), InvalidArgument);
    second.finish();
  });
  EXPECT_EQ(values(view()), std::vector<std::string>{std::string(100'000, '2')});
}

TEST_P(FlatFileStreamTest, ASavepointThatTakesBytesBackEndsTheWriter) {
  Transaction txn = database.begin();
  auto flat = txn.open<FlatFile>("f");
  auto out = flat.writer();
  out << noise(100'000);
  {
    const Savepoint savepoint = txn.savepoint();
    out << noise(200'000);
    out.flush();
  }
  EXPECT_THROW(out.finish(), InvalidArgument);
  EXPECT_TRUE(values(flat).empty());
  flat.put("x");
  txn.commit();
}

/// A writer of "f" with a savepoint behind it, both without a byte.
struct WriterAndSavepoint {
  explicit WriterAndSavepoint(Database& database) : txn(database.begin()) {}

  Transaction txn;
  FlatFile flat = txn.open<FlatFile>("f");
  FlatFileWriter out = flat.writer();
  Savepoint savepoint = txn.savepoint();
};

TEST_P(FlatFileStreamTest, ASavepointThatIsReturnedToEndsAWriterThatHasStoredNothingYet) {
  WriterAndSavepoint at(database);
  at.out << "in memory";
  at.out.flush();
  at.savepoint.rollback();
  const std::string text = message_of<InvalidArgument>([&] { at.out.finish(); });
  EXPECT_NE(text.find("'f': the transaction went back to a savepoint while"), text.npos) << text;
  EXPECT_TRUE(values(at.flat).empty());
  at.txn.commit();
}

TEST_P(FlatFileStreamTest, ASavepointThatIsReleasedLeavesAWriterAlone) {
  change([&](FlatFile& flat) { flat.put("before"); });
  WriterAndSavepoint at(database);
  at.out << "value";
  at.savepoint.release();
  at.out.finish();
  EXPECT_EQ(values(at.flat), (std::vector<std::string>{"before", "value"}));
  at.txn.commit();
}

TEST_P(FlatFileStreamTest, FinishThatHasFailedFailsAgainAndAddsNothing) {
  SimulatedFileSystem disk;
  Options small;
  small.file_system = &disk;
  small.cache_size = std::size_t{8} << 20;
  Database full = Database::open("/full", small);
  Transaction txn = full.begin();
  auto flat = txn.create<FlatFile>("f", {.compression_level = GetParam()});
  auto out = flat.writer();
  out << "value";
  Savepoint before = txn.savepoint();
  auto blob = txn.open<Blob>("blob");
  disk.set_faults({{{FaultKind::no_space, disk.crash_points(), Fault::kForever}}});
  const std::string megabyte(std::size_t{1} << 20, 'x');
  const auto fill = [&] {
    for (int i = 0; i < 1000; ++i) blob.append(megabyte);
  };
  EXPECT_THROW(fill(), OutOfSpace);  // which stops all changes
  const std::string why = message_of<Error>([&] { out.finish(); });
  disk.set_faults({});
  before.rollback();
  EXPECT_EQ(message_of<Error>([&] { out.finish(); }), why);
  EXPECT_FALSE(out << "more" << std::flush);
  EXPECT_TRUE(values(flat).empty());
  flat.put("again");
  txn.commit();
  EXPECT_EQ(values(full.snapshot().open<FlatFile>("f")), std::vector<std::string>{"again"});
}

TEST_P(FlatFileStreamTest, AWriterOfAnEndedTransactionThrows) {
  Transaction txn = database.begin();
  auto out = txn.open<FlatFile>("f").writer();
  out << noise(10);
  txn.rollback();
  EXPECT_THROW(out.finish(), ClosedError);
}

TEST_P(FlatFileStreamTest, FinishWorksOnce) {
  change([](FlatFile& flat) {
    auto out = flat.writer();
    out << "value";
    out.finish();
    out << noise(100'000);
    EXPECT_TRUE(out.bad());
    EXPECT_NE(
        message_of<InvalidArgument>([&] { out.finish(); }).find("'f': finish() was called before"),
        std::string::npos);
  });
  EXPECT_EQ(values(view()), std::vector<std::string>{"value"});
}

TEST_P(FlatFileStreamTest, AWriterBeginsASegmentIfTheOpenOneIsFull) {
  put(noise(1 << 20));
  change([](FlatFile& flat) {
    auto out = flat.writer();
    out << "value";
    EXPECT_EQ(out.finish(), (DataLocation{1, 0, 5}));
  });
}

}  // namespace
}  // namespace quire::testing
