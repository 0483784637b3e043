#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <quire/bytes.h>

namespace quire::tools {

/// A regular file outside the database, as it was when it was read.
struct SourceFile {
  std::string content;
  std::uint32_t mode = 0;     // permission bits
  std::int64_t mtime_ns = 0;  // from before the reading: a change meanwhile shows as a newer mtime
};

struct SourceStatus {
  std::uint64_t size = 0;
  std::uint32_t mode = 0;
  std::int64_t mtime_ns = 0;
};

/// Reads the whole file; a symbolic link as the last component is not followed, a FIFO or device
/// not waited for. IoError (EFBIG) if it has more than `limit` bytes, or (any errno) if it cannot
/// be read.
SourceFile read_source_file(const std::string& path, std::uint64_t limit);

/// Bytes that are read at once where a file need not lie in memory.
inline constexpr std::uint64_t kReadStep = std::uint64_t{1} << 20;

/// The same for a file of any length: calls `take` with its bytes, step by step, at most kReadStep
/// at once and not at all for an empty file. The size of the result is how many they were.
SourceStatus stream_source_file(const std::string& path, const std::function<void(ByteView)>& take);

/// IoError if there is no such regular file.
SourceStatus source_status(const std::string& path);

}  // namespace quire::tools
