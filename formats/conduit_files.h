#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/foreign_file.h"
#include "formats/zstd_seekable.h"

/// The files of ConduitFlatFileDB: a directory of numbered files, each of which is nothing but one
/// value after the other, plain or in the seekable zstd format. Where a value begins and ends only
/// its user knows, who was given a location (path, start, end) for each, in uncompressed bytes.

namespace quire::formats {

/// Where an export puts the data files, below the directory that it is given, and their list.
inline constexpr const char* kConduitDataDirectory = "data";
inline constexpr const char* kConduitLocations = "locations.jsonl";

/// "data_00000012.dat", or "data_00000012.dat.zst" if compressed.
struct ConduitName {
  std::uint32_t number = 0;  // at most 99,999,999
  bool is_compressed = false;

  std::string text() const;
  /// Nothing if `text` is no such name.
  static std::optional<ConduitName> parse(std::string_view text);
  friend auto operator<=>(const ConduitName&, const ConduitName&) = default;
};

/// One data file, read anywhere. Nothing in it is believed. One thread at a time.
class ConduitFile {
 public:
  /// How the frames of a compressed file are found.
  enum class Frames { by_table, by_scanning };

  /// NotFound, IoError, or CorruptionError naming file and offset. `step` as in
  /// SeekableZstdFile::by_scanning().
  ConduitFile(const std::string& path, Frames frames, const std::function<void()>& step);

  const std::string& path() const noexcept;
  /// Uncompressed bytes.
  std::uint64_t size() const noexcept;
  /// What a scan has left out at the end.
  SeekableZstdFile::LeftOver left_over() const noexcept;
  /// Fills `out` with the uncompressed bytes from `offset` on; CorruptionError if the file ends
  /// before.
  void read(std::uint64_t offset, std::span<std::byte> out);

 private:
  std::variant<ForeignFile, SeekableZstdFile> file_;
};

/// A directory of data files.
class ConduitDirectory {
 public:
  struct Other {
    std::string name;
    std::string reason;  // why it is no data file
    friend auto operator<=>(const Other&, const Other&) = default;
  };

  /// NotFound if there is no such directory.
  explicit ConduitDirectory(const std::string& path);

  /// By number, plain before compressed. Numbers may be missing: their files were dropped.
  const std::vector<ConduitName>& files() const noexcept { return files_; }
  /// All else that lies there, sorted, but for the lock file. A link is not followed.
  const std::vector<Other>& others() const noexcept { return others_; }
  std::string path_of(const ConduitName& name) const { return path_ + "/" + name.text(); }
  /// InvalidArgument if there are a plain and a compressed file of one number, as the original makes
  /// them when the store is opened in the other mode: which of them came first nobody can tell.
  void require_one_kind() const;

 private:
  std::string path_;
  std::vector<ConduitName> files_;
  std::vector<Other> others_;
};

/// A value of a data file: bytes [start, end).
struct ConduitLocation {
  ConduitName file;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

/// A list of locations: a JSON object a line,
///
///     {"file": "data_00000000.dat", "start": 0, "end": 80}
///
/// in any order. The file may be a path, of which only the last name counts; other members are
/// ignored, and so are empty lines. It is read once, so it may come from a pipe. One thread at a
/// time.
class ConduitLocationList {
 public:
  /// "-" is standard input. NotFound, or IoError.
  explicit ConduitLocationList(const std::string& path);

  /// Of the list; nothing if it is no regular file.
  std::optional<std::uint64_t> bytes() const noexcept { return bytes_; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }

  /// The next one; nothing at the end. CorruptionError that names the list and the line.
  std::optional<ConduitLocation> next();

  /// For a line that does not fit the files: names the list and the line of the last next().
  CorruptionError error(std::string field, std::string expected, std::string found) const;

 private:
  bool read_line(std::string& line);
  ConduitLocation parse(const std::string& line) const;

  std::string path_;
  std::ifstream stream_;
  std::optional<std::uint64_t> bytes_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t line_number_ = 0;
};

}  // namespace quire::formats
