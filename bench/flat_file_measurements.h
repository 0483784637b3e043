#pragma once

#include <vector>

#include "bench/bench_run.h"
#include "bench/measurements.h"

namespace quire::bench {

/// Adds rows of FlatFile: durable puts beside appending to a plain file and syncing it, slices of
/// 4 KiB beside reading them from such a file. Throws as measure_all().
void measure_flat_files(const BenchRun& run, std::vector<Measurement>& rows);

}  // namespace quire::bench
