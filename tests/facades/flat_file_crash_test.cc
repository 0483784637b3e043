// The power is cut before every call while flat files are put to, sealed and dropped in the same
// transactions as a hash, a list and a blob that follow from them.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/tried.h"

namespace quire {
namespace {

constexpr unsigned kSteps = 12;

// The value that step `step` puts as its `index`th: some compress, some do not.
std::string value_of(unsigned step, unsigned index) {
  std::string value(300 + 211 * index + 37 * step, static_cast<char>('a' + step));
  for (std::size_t at = 0; at < value.size(); at += 1 + index % 3) {
    value[at] = static_cast<char>(at * 31 + step * 7 + index);
  }
  return value;
}

// What step `step` does to a flat file: 4 values and, now and then, an end of a segment.
std::vector<DataLocation> change(FlatFile& flat, unsigned step) {
  std::vector<DataLocation> places{flat.put(value_of(step, 0))};
  for (const DataLocation& place :
       flat.put_many(std::vector{value_of(step, 1), value_of(step, 2)})) {
    places.push_back(place);
  }
  auto out = flat.writer();
  out << value_of(step, 3);
  places.push_back(out.finish());
  if (step % 3 == 2) flat.seal();
  if (step % 4 == 3 && flat.segments().size() > 2) flat.drop_segment(flat.segments()[0].id);
  return places;
}

void make_step(Transaction& txn, unsigned step) {
  auto plain = txn.open<FlatFile>("plain", {.segment_size = 6000});
  auto packed = txn.open<FlatFile>(
      "packed", {.segment_size = 6000, .compression_level = 1, .frame_size = 1024});
  auto places = txn.open<Hash>("places");
  const auto plain_places = change(plain, step);
  const auto packed_places = change(packed, step);
  for (unsigned i = 0; i < 4; ++i) {
    const std::string key = std::to_string(step) + "/" + std::to_string(i);
    places.put("plain/" + key, plain_places[i].encode());
    places.put("packed/" + key, packed_places[i].encode());
  }
  txn.open<List>("steps").push_back(std::to_string(step));
  txn.open<Blob>("log").append("step " + std::to_string(step) + "\n");
}

std::uint64_t steps_in(const Database& database) {
  const auto list = database.snapshot().find<List>("steps");
  return list ? list->size() : 0;
}

void run_from(CrashRun& run, Database& database, unsigned first, unsigned end) {
  for (unsigned step = first; step < end; ++step) {
    Transaction txn = database.begin();
    make_step(txn, step);
    run.commit(txn, std::to_string(step + 1));
    if (step % 5 == 4) database.checkpoint();
  }
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

// Every location leads to its value, or to a segment that is gone as a whole.
void require_values(const Snapshot& snapshot, const std::string& name, unsigned steps) {
  const auto flat = snapshot.open<FlatFile>(name);
  const auto places = snapshot.open<Hash>("places");
  std::uint64_t found = 0;
  const std::uint64_t first = flat.segments().front().id;
  for (unsigned step = 0; step < steps; ++step) {
    for (unsigned i = 0; i < 4; ++i) {
      const std::string key = name + "/" + std::to_string(step) + "/" + std::to_string(i);
      const DataLocation place = DataLocation::decode(places.get(key).value());
      if (place.segment < first) continue;
      require(flat.get(place) == ByteView(value_of(step, i)), "another value at " + key);
      ++found;
    }
  }
  std::uint64_t counted = 0;
  for (const FlatFileSegment& segment : flat.segments()) counted += segment.values;
  require(found == counted, "values that nobody has put, or lost ones");
}

void require_promised(Database& database, const CrashHistory& history) {
  unsigned least = 0;
  unsigned most = 0;
  for (const CrashCommit& commit : history) {
    const auto number = static_cast<unsigned>(std::stoul(commit.note));
    most = std::max(most, number);
    if (commit.acknowledged) least = std::max(least, number);
  }
  const auto steps = static_cast<unsigned>(steps_in(database));
  require(steps >= least && steps <= most, "a commit was lost, or came back");
  const CheckReport report = database.check(CheckOptions().with<FlatFile>());
  require(report.ok(), report.ok() ? "" : report.problems.at(0).what);
  if (steps == 0) return;
  const Snapshot snapshot = database.snapshot();
  require(snapshot.open<Hash>("places").size() == steps * 8, "places that are not of whole steps");
  require(snapshot.open<Blob>("log").size() >= steps * 7, "a log that is not of whole steps");
  require_values(snapshot, "plain", steps);
  require_values(snapshot, "packed", steps);
}

TEST(FlatFileCrashTest, KeepsEveryAcknowledgedValueAndNoPartOfAnother) {
  CrashOptions options;
  options.database.cache_size = std::size_t{1} << 20;
  options.database.wal_segment_size = std::size_t{64} << 10;
  options.images_per_point = 5 + 2 * testing::crash_budget();
  options.recover_one_in = std::max<std::uint64_t>(1, 400 / testing::crash_budget());
  options.images_per_recovery_point = 2;
  options.afterwards = [](CrashRun& run, Database& database) {
    const auto found = static_cast<unsigned>(steps_in(database));
    run.acknowledge(run.announce(std::to_string(found)));
    if (found < kSteps) run_from(run, database, found, found + 1);
  };
  if (const char* reproduce = std::getenv("QUIRE_REPRODUCE")) options.reproduce = reproduce;
  const CrashReport report = explore_crashes(
      [](CrashRun& run) {
        Database database = run.open();
        run_from(run, database, 0, kSteps);
        database.close();
      },
      require_promised, options);
  std::cout << report.summary() << "\n";
  testing::tried("crash images in all", report.images);
  testing::tried("crash images in recovery", report.recovery_images);
  EXPECT_TRUE(report.ok()) << report.summary();
}

}  // namespace
}  // namespace quire
