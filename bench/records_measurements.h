#pragma once

#include <vector>

#include "bench/bench_run.h"

namespace quire::bench {

/// Adds rows for records edited and read in place, each beside the same done with an array in a
/// memory-mapped file, which has no transactions: what an msync interrupted by a crash leaves is
/// anybody's guess. Makes a database and a file in the run's directory.
void measure_records(const BenchRun& run, std::vector<Measurement>& rows);

}  // namespace quire::bench
