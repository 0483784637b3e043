#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/measurements.h"
#include "bench/stopwatch.h"

namespace quire::bench {

/// What the parts of `quire bench` share: where to work, and for how long each row.
struct BenchRun {
  std::string directory;  // empty files and databases may be made here under names of one's own
  double seconds = 1;
  const StopFunction& stop;

  /// Calls `step` again and again, which returns how many items it has dealt with; each of
  /// `item_bytes`. Ends early with the message of what it throws, or if `stop` says so.
  template <class Step>
  void repeat(benchmark::State& state, std::uint64_t item_bytes, const Step& step) const {
    std::int64_t items = 0;
    try {
      for ([[maybe_unused]] const auto iteration : state) {
        if (stop()) {
          state.SkipWithError("interrupted");
          break;
        }
        items += step();
      }
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
    }
    state.SetItemsProcessed(items);
    state.SetBytesProcessed(items * static_cast<std::int64_t>(item_bytes));
  }

  /// One row: `step` for about `seconds`, in this thread.
  template <class Step>
  Measurement row(std::string name, std::string item, std::uint64_t item_bytes,
                  const Step& step) const {
    const Rate rate =
        measure({seconds, 0, 1}, [&](benchmark::State& state) { repeat(state, item_bytes, step); });
    return named(std::move(name), std::move(item), rate);
  }

  static Measurement named(std::string name, std::string item, const Rate& rate) {
    Measurement measured;
    measured.name = std::move(name);
    measured.item = std::move(item);
    measured.items_per_second = rate.items_per_second;
    measured.bytes_per_second = rate.bytes_per_second;
    measured.commits_per_sync = rate.commits_per_sync;
    return measured;
  }
};

/// Says beside `measured` how it compares with `peer`, the same work done by something else in the
/// same run; that becomes a row too, before the first that it stands beside.
inline void add_beside(std::vector<Measurement>& rows, Measurement measured, Measurement peer) {
  measured.peer = peer.name;
  measured.times_peer = measured.items_per_second / peer.items_per_second;
  // One that several rows stand beside is there once.
  if (std::ranges::find(rows, peer.name, &Measurement::name) == rows.end()) {
    rows.push_back(std::move(peer));
  }
  rows.push_back(std::move(measured));
}

}  // namespace quire::bench
