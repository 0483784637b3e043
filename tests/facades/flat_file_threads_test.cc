// Readers on one view of a snapshot while a writer puts and drops.

#include <atomic>
#include <thread>

#include "tests/facades/flat_file_fixture.h"
#include "tests/support/budget.h"

namespace quire::testing {
namespace {

class FlatFileThreadsTest : public FlatFileTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Levels, FlatFileThreadsTest, ::testing::Values(0, 1),
                         [](const auto& level) { return level.param == 0 ? "Plain" : "Packed"; });

TEST_P(FlatFileThreadsTest, ReadersOfOneViewSeeItsMomentWhileAWriterPutsAndDrops) {
  make({.segment_size = 20'000, .compression_level = GetParam(), .frame_size = 2048});
  constexpr unsigned kValues = 40;
  std::vector<DataLocation> places;
  for (unsigned i = 0; i < kValues; ++i) places.push_back(put(noise(1500 + i, i)));
  const auto shared = view();

  std::atomic<bool> stop = false;
  std::atomic<unsigned> wrong = 0;
  const auto read = [&](unsigned seed) {
    while (!stop) {
      const unsigned i = seed++ % kValues;
      if (shared.get(places[i]) != ByteView(noise(1500 + i, i))) ++wrong;
      if (shared.get(places[i], 1000, 1010) != ByteView(noise(1500 + i, i)).sub(1000, 10)) ++wrong;
      if (locations(shared, 0).size() != shared.segments()[0].values) ++wrong;
    }
  };
  std::vector<std::thread> readers;
  for (unsigned t = 0; t < 3; ++t) readers.emplace_back(read, t * 13);
  for (unsigned round = 0; round < (kIsSanitized ? 30u : 150u); ++round) {
    change([&](FlatFile& flat) {
      flat.put_many(std::vector<std::string>(10, noise(1500, round)));
      const auto segments = flat.segments();
      if (segments.size() > 3) flat.drop_segment(segments[0].id);
    });
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_THROW(view().get(places[0]), NotFound) << "the writer has dropped what they were reading";
}

}  // namespace
}  // namespace quire::testing
