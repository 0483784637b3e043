#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <quire/quire.h>

namespace quire::tools {

/// What the demo keeps in its database: blob "file/000001" for the first path of the plan and so
/// on; records "paths" from path to PathRecord; list "arrivals" of the paths in the order of their
/// import; pipe "directories" with a block of name and content of its files for each directory that
/// is complete; partd "words" of the texts' first words (demo_words.h); records "progress" with one
/// DemoProgress. A transaction changes all of them, so that any part of one without the rest is
/// seen.
inline constexpr const char* kDemoArrivals = "arrivals";
inline constexpr const char* kDemoPaths = "paths";
inline constexpr const char* kDemoDirectories = "directories";
inline constexpr const char* kDemoWords = "words";
inline constexpr std::uint64_t kDemoCollections = 5;  // those four and the progress

/// The name of the blob of path `number`; numbers begin at 1.
std::string demo_blob_name(std::uint32_t number);

/// The record of a path.
struct PathRecord {
  std::uint32_t number = 0;  // of the blob; 0: the file could not be read when its turn came
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;

  static auto record_fields() {
    return std::array{
        record_field("number", &PathRecord::number), record_field("mode", &PathRecord::mode),
        record_field("size", &PathRecord::size), record_field("mtime_ns", &PathRecord::mtime_ns)};
  }
};

/// How far the import has come.
struct DemoProgress {
  std::uint64_t files = 0;  // paths of the plan that were dealt with
  std::uint64_t bytes = 0;  // in blobs
  std::uint64_t transactions = 0;
  std::uint64_t directories = 0;  // of which all files were dealt with
  std::uint64_t words = 0;        // in "words"

  static auto record_fields() {
    return std::array{record_field("files", &DemoProgress::files),
                      record_field("bytes", &DemoProgress::bytes),
                      record_field("transactions", &DemoProgress::transactions),
                      record_field("directories", &DemoProgress::directories),
                      record_field("words", &DemoProgress::words)};
  }
};

/// Zeros in a database without any. CorruptionError if the record is missing.
DemoProgress read_progress(const Snapshot& snapshot);
void write_progress(Transaction& transaction, const DemoProgress& progress);

/// Opens the demo's database, made if missing, with a log so short that checkpoints happen often.
Database open_demo_database(const std::string& path);

}  // namespace quire::tools
