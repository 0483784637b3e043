#pragma once

#include <vector>

#include "bench/bench_run.h"

namespace quire::bench {

/// Adds rows for a partd that is appended to and read, beside the same done by partd itself in a
/// process of its own, which syncs nothing; alone, with a note, where /usr/bin/python3 has no partd.
/// Makes a database and a directory in the run's directory.
void measure_partd(const BenchRun& run, std::vector<Measurement>& rows);

}  // namespace quire::bench
