#include "bench/partd_measurements.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>

#include <quire/database.h>
#include <quire/partd.h>

#include "bench/partd_peer.h"

namespace quire::bench {

namespace {

constexpr std::uint64_t kBatch = 1000;
constexpr std::uint64_t kKeys = 10'000;
constexpr std::uint64_t kValueBytes = 100;
// So that partd itself takes about as long as the other rows.
constexpr double kAppendsPerSecond = 100'000;
constexpr std::uint64_t kMostBatches = 1000;

struct ClosePipe {
  void operator()(std::FILE* pipe) const noexcept { pclose(pipe); }
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, ClosePipe> pipe(popen(command.c_str(), "r"));
  std::string output;
  std::array<char, 4096> buffer;
  while (pipe) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (count == 0) break;
    output.append(buffer.data(), count);
  }
  return output;
}

std::string quoted(const std::string& text) {
  std::string quotes = "'";
  for (const char c : text) quotes += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quotes + "'";
}

class PartdBench {
 public:
  explicit PartdBench(const BenchRun& run)
      : run_(run), database_(Database::open(run.directory + "/partd.quire")) {
    const auto batches = static_cast<std::uint64_t>(run.seconds * kAppendsPerSecond) / kBatch;
    batches_ = std::clamp<std::uint64_t>(batches, 1, kMostBatches);
    std::mt19937_64 random(1);  // not compressible
    for (char& byte : value_) byte = static_cast<char>(random());
    for (std::uint64_t key = 0; key < kKeys; ++key) keys_.push_back("key " + std::to_string(key));
  }

  void run(std::vector<Measurement>& rows) {
    measure_peer();
    add(rows, append("Partd appends, a durable commit a batch", 1), "partd.File appends",
        "append_file");
    add(rows, append("Partd appends, one durable commit", batches_), "partd.Buffer appends",
        "append_buffer");
    add(rows, get(), "partd.File gets", "get_file");
    database_.close();
  }

 private:
  void measure_peer() {
    const std::string script = run_.directory + "/partd_peer.py";
    std::ofstream(script) << kPartdPeer;
    std::istringstream output(output_of("/usr/bin/python3 " + quoted(script) + " " +
                                        quoted(run_.directory) + " " + std::to_string(batches_) +
                                        " " + std::to_string(kBatch) + " " + std::to_string(kKeys) +
                                        " " + std::to_string(kValueBytes) + " 2>/dev/null"));
    std::string name;
    for (double rate = 0; output >> name >> rate;) peer_[name] = rate;
  }

  void add(std::vector<Measurement>& rows, Measurement measured, const std::string& peer_name,
           const std::string& peer_row) const {
    const auto found = peer_.find(peer_row);
    if (found == peer_.end()) {
      measured.note = "no partd in /usr/bin/python3 to compare with";
      rows.push_back(std::move(measured));
      return;
    }
    Measurement peer;
    peer.name = peer_name;
    peer.item = measured.item;
    peer.items_per_second = found->second;
    peer.bytes_per_second = measured.bytes_per_second / measured.items_per_second * found->second;
    add_beside(rows, std::move(measured), std::move(peer));
  }

  /// All batches, some of them in each transaction.
  Measurement append(const std::string& name, std::uint64_t batches_each) {
    std::mt19937_64 random(1);
    const auto transaction = [&] {
      database_.transact([&](Transaction& open) {
        auto partd = open.open<Partd>(name);
        for (std::uint64_t batch = 0; batch < batches_each; ++batch) partd.append(pairs(random));
      });
      return static_cast<std::int64_t>(batches_each * kBatch);
    };
    const Effort effort{run_.seconds, static_cast<std::int64_t>(batches_ / batches_each), 1};
    return BenchRun::named(name, "appends", measure(effort, [&](benchmark::State& state) {
                             run_.repeat(state, kValueBytes, transaction);
                           }));
  }

  std::vector<std::pair<ByteView, ByteView>> pairs(std::mt19937_64& random) const {
    std::vector<std::pair<ByteView, ByteView>> batch;
    batch.reserve(kBatch);
    const ByteView value = std::string_view(value_.data(), value_.size());
    for (std::uint64_t i = 0; i < kBatch; ++i) batch.emplace_back(keys_[random() % kKeys], value);
    return batch;
  }

  Measurement get() {
    const PartdView partd = database_.snapshot().open<Partd>("Partd appends, one durable commit");
    const auto step = [&] {
      benchmark::DoNotOptimize(partd.get(keys_));
      return static_cast<std::int64_t>(kKeys);
    };
    return run_.row("Partd gets of all keys", "keys", batches_ * kBatch * kValueBytes / kKeys,
                    step);
  }

  const BenchRun& run_;
  Database database_;
  std::uint64_t batches_ = 1;
  std::array<char, kValueBytes> value_{};
  std::vector<std::string> keys_;
  std::map<std::string, double> peer_;  // items a second by row; empty without partd
};

}  // namespace

void measure_partd(const BenchRun& run, std::vector<Measurement>& rows) {
  PartdBench(run).run(rows);
}

}  // namespace quire::bench
