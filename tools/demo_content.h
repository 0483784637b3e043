#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <quire/database.h>

namespace quire::tools {

/// What the demo keeps in its database: blob "file/000001" for the first path of the plan and so
/// on; list "arrivals" of the paths in the order of their import; hash "paths" from path to
/// PathRecord; hash "progress" with one DemoProgress. A transaction changes all of them, so that any
/// part of one without the rest is seen.
inline constexpr const char* kDemoArrivals = "arrivals";
inline constexpr const char* kDemoPaths = "paths";

/// The name of the blob of path `number`; numbers begin at 1.
std::string demo_blob_name(std::uint32_t number);

/// The value of a path.
struct PathRecord {
  std::uint32_t number = 0;  // of the blob; 0: the file could not be read when its turn came
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;

  std::string encode() const;
  /// Nothing if the bytes are no record.
  static std::optional<PathRecord> decode(ByteView bytes);
};

/// How far the import has come.
struct DemoProgress {
  std::uint64_t files = 0;  // paths of the plan that were dealt with
  std::uint64_t bytes = 0;  // in blobs
  std::uint64_t transactions = 0;
};

/// Zeros in a database without any. CorruptionError if what is there is no progress.
DemoProgress read_progress(const Snapshot& snapshot);
void write_progress(Transaction& transaction, const DemoProgress& progress);

/// Opens the demo's database, made if missing, with a log so short that checkpoints happen often.
Database open_demo_database(const std::string& path);

}  // namespace quire::tools
