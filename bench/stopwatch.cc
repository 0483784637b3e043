#include "bench/stopwatch.h"

#include <stdexcept>
#include <vector>

namespace quire::bench {

namespace {

// Keeps what Google Benchmark would print.
class Keeper final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    runs_.insert(runs_.end(), runs.begin(), runs.end());
  }

  const Run& only_run() const {
    if (runs_.empty()) throw std::runtime_error("nothing was measured");
    if (runs_.back().error_occurred) throw std::runtime_error(runs_.back().error_message);
    return runs_.back();
  }

 private:
  std::vector<Run> runs_;
};

double counter(const benchmark::BenchmarkReporter::Run& run, const char* name) {
  const auto found = run.counters.find(name);
  return found == run.counters.end() ? 0 : static_cast<double>(found->second);
}

}  // namespace

Rate measure(const Effort& effort, const std::function<void(benchmark::State&)>& function) {
  // Its registry is one for the process: it must hold this function alone.
  benchmark::ClearRegisteredBenchmarks();
  auto* const registered = benchmark::RegisterBenchmark("measurement", function);
  // Without this a thread that waits for the disk would count as one that does nothing.
  registered->UseRealTime()->Threads(effort.threads);
  if (effort.iterations > 0) {
    registered->Iterations(effort.iterations);
  } else {
    registered->MinTime(effort.seconds);
  }
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  benchmark::ClearRegisteredBenchmarks();
  const auto& run = keeper.only_run();
  return {counter(run, "items_per_second"), counter(run, "bytes_per_second"),
          counter(run, kCommitsPerSync)};
}

}  // namespace quire::bench
