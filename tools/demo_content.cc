#include "tools/demo_content.h"

#include <fmt/format.h>

#include <cstddef>

namespace quire::tools {

namespace {

constexpr const char* kProgress = "progress";
constexpr const char* kProgressKey = "all";
constexpr std::size_t kWalLimit = std::size_t{16} << 20;

}  // namespace

std::string demo_blob_name(std::uint32_t number) { return fmt::format("file/{:06}", number); }

DemoProgress read_progress(const Snapshot& snapshot) {
  const auto records = snapshot.find<Records<DemoProgress>>(kProgress);
  if (!records) return {};
  const auto progress = records->get(kProgressKey);
  if (!progress) throw CorruptionError(kProgress, kProgressKey, "a record", "nothing");
  return *progress;
}

void write_progress(Transaction& transaction, const DemoProgress& progress) {
  transaction.open<Records<DemoProgress>>(kProgress).put(kProgressKey, progress);
}

Database open_demo_database(const std::string& path) {
  Options options;
  options.wal_limit = kWalLimit;
  return Database::open(path, options);
}

}  // namespace quire::tools
