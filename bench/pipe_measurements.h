#pragma once

#include <vector>

#include "bench/bench_run.h"

namespace quire::bench {

/// Writes blocks of pairs of text to a pipe and reads them, compressed and not, each beside a plain
/// file with the same bytes; neither is synced. Adds two rows for each.
void measure_pipes(const BenchRun& run, std::vector<Measurement>& rows);

}  // namespace quire::bench
