#include "bench/measurements.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <string_view>

#include <quire/database.h>

#include "bench/bench_run.h"
#include "bench/flat_file_measurements.h"
#include "bench/partd_measurements.h"
#include "bench/pipe_measurements.h"
#include "bench/records_measurements.h"

namespace quire::bench {

namespace {

constexpr const char* kName = "entries";
constexpr std::size_t kKeySize = 16;
constexpr std::size_t kValueSize = 100;
constexpr std::uint64_t kEntrySize = kKeySize + kValueSize;
constexpr std::uint64_t kBatch = 1000;  // entries of a transaction that loads
// Some machine's rate of loading, so that this takes as long as the rest; in whole batches.
constexpr double kEntriesPerSecond = 200'000;
constexpr std::uint64_t kMostEntries = 5'000'000;
constexpr int kManyThreads = 16;

using Key = std::array<char, kKeySize>;

// Different for each kind and number. Made by hand, because snprintf() would take longer than what
// is measured.
ByteView format_key(Key& key, char kind, std::uint64_t number) {
  for (std::size_t place = kKeySize; place-- > 1; number /= 10) {
    key[place] = static_cast<char>('0' + number % 10);
  }
  key[0] = kind;
  return std::string_view(key.data(), key.size());
}

class Bench {
 public:
  Bench(const std::string& directory, double seconds, const StopFunction& stop)
      : run_{directory, seconds, stop}, database_(Database::open(directory + "/bench.quire")) {
    const auto batches = static_cast<std::uint64_t>(seconds * kEntriesPerSecond) / kBatch;
    entries_ = std::clamp<std::uint64_t>(batches * kBatch, kBatch, kMostEntries);
    std::mt19937_64 random(1);  // not compressible
    for (char& byte : value_) byte = static_cast<char>(random());
  }

  Figures run() {
    Figures figures;
    figures.entries = entries_;
    figures.bytes_per_entry = kEntrySize;
    figures.measurements.push_back(load());
    weigh(figures);
    figures.measurements.push_back(get("get", 'k'));
    figures.measurements.push_back(get("absent get", 'a'));
    figures.measurements.back().bytes_per_second = 0;  // nothing was returned
    figures.measurements.push_back(scan());
    figures.measurements.push_back(put("durable put, 1 thread", 1));
    figures.measurements.push_back(put("durable put, 16 threads", kManyThreads));
    database_.close();
    measure_flat_files(run_, figures.measurements);
    measure_partd(run_, figures.measurements);
    measure_pipes(run_, figures.measurements);
    measure_records(run_, figures.measurements);
    return figures;
  }

 private:
  Measurement load() {
    std::uint64_t next = 0;
    const auto transaction = [&] {
      database_.transact([&](Transaction& open) {
        auto hash = open.open<Hash>(kName);
        Key key;
        for (std::uint64_t end = next + kBatch; next < end; ++next) {
          hash.put(format_key(key, 'k', next), value());
        }
      });
      return static_cast<std::int64_t>(kBatch);
    };
    const Effort effort{run_.seconds, static_cast<std::int64_t>(entries_ / kBatch), 1};
    return BenchRun::named("load", "entries", measure(effort, [&](benchmark::State& state) {
                             run_.repeat(state, kEntrySize, transaction);
                           }));
  }

  // What the load has cost once all of it is in its place.
  void weigh(Figures& figures) {
    constexpr double kPageSize = 4096;
    database_.checkpoint();
    const Stats stats = database_.stats();
    const auto bytes = static_cast<double>(entries_ * kEntrySize);
    figures.written_per_byte = (static_cast<double>(stats.wal_bytes_written) +
                                static_cast<double>(stats.checkpoint_pages_written) * kPageSize) /
                               bytes;
    figures.space_per_byte = static_cast<double>(stats.page_count) * kPageSize / bytes;
  }

  // Keys of kind 'k' are there.
  Measurement get(const std::string& name, char kind) {
    const HashView hash = database_.snapshot().open<Hash>(kName);
    std::mt19937_64 random(2);
    const auto lookup = [&] {
      Key key;
      benchmark::DoNotOptimize(hash.get(format_key(key, kind, random() % entries_)));
      return std::int64_t{1};
    };
    return run_.row(name, "keys", kEntrySize, lookup);
  }

  Measurement scan() {
    const HashView hash = database_.snapshot().open<Hash>(kName);
    auto position = hash.begin();
    // In steps, so that it can be stopped; from the beginning again after the end.
    const auto step = [&] {
      std::int64_t count = 0;
      for (; count < static_cast<std::int64_t>(kBatch) && position != hash.end(); ++position) {
        benchmark::DoNotOptimize((*position).value.size());
        ++count;
      }
      if (position == hash.end()) position = hash.begin();
      return count;
    };
    return run_.row("scan", "entries", kEntrySize, step);
  }

  Measurement put(const std::string& name, int threads) {
    Stats before;
    const auto commit = [&] {
      database_.transact([&](Transaction& open) {
        Key key;
        open.open<Hash>(kName).put(format_key(key, 'p', next_put_++), value());
      });
      return std::int64_t{1};
    };
    // Google Benchmark lets all threads begin and end the loop together.
    const auto function = [&](benchmark::State& state) {
      if (state.thread_index() == 0) before = database_.stats();
      run_.repeat(state, kEntrySize, commit);
      if (state.thread_index() == 0) {
        state.counters[kCommitsPerSync] = commits_per_sync(before, database_.stats());
      }
    };
    return BenchRun::named(name, "commits", measure({run_.seconds, 0, threads}, function));
  }

  static double commits_per_sync(const Stats& before, const Stats& after) {
    const std::uint64_t syncs = after.wal_syncs - before.wal_syncs;
    if (syncs == 0) return 0;
    return static_cast<double>(after.commits - before.commits) / static_cast<double>(syncs);
  }

  ByteView value() const { return std::string_view(value_.data(), value_.size()); }

  BenchRun run_;
  Database database_;
  std::uint64_t entries_ = 0;
  std::array<char, kValueSize> value_{};
  std::atomic<std::uint64_t> next_put_ = 0;
};

}  // namespace

Figures measure_all(const std::string& directory, double seconds, const StopFunction& stop) {
  return Bench(directory, seconds, stop).run();
}

}  // namespace quire::bench
