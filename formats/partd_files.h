#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quire/partd.h>

namespace quire::formats {

/// The directory of a partd.File: one file for each key, which is its path in the directory ("a/b"
/// for the tuple ("a", "b")), its content the value. What encoders of partd (Pickle, ZLib, ...) have
/// framed stays framed.

/// A value to import.
struct PartdFile {
  std::string key;
  std::uint64_t size = 0;  // bytes, when the directory was read
};

/// All of them, by key; not ".lock", which is partd's own. NotFound if there is no such directory,
/// InvalidArgument if it is none, or if something below it is neither a directory nor a regular
/// file, IoError if it cannot be read.
std::vector<PartdFile> find_partd_files(const std::string& directory);

/// Appends the files to `partd`, a piece of at most 1 MiB after the other; calls `step` with the
/// bytes of each. CorruptionError, naming file and offset, if a file becomes shorter meanwhile.
void import_partd_files(const std::string& directory, const std::vector<PartdFile>& files,
                        Partd& partd, const std::function<void(std::uint64_t)>& step);

/// Takes the keys that partd.Numpy has added out of `files`: beside each key, KEY.dtype says what
/// its value is an array of. Returns that. InvalidArgument, naming the key, if it is missing, is not
/// the same for all, or is no little-endian number; an empty directory has none.
PartdElement take_numpy_element(const std::string& directory, std::vector<PartdFile>& files);
/// What partd.Numpy has in KEY.dtype for an array of these, as "<f8"; nothing if it is no number.
std::optional<std::string> numpy_dtype(const PartdElement& element);
inline constexpr std::string_view kDtypeSuffix = ".dtype";

/// Why a partd.File cannot have a value under this key, in words; empty if it can. It deletes most
/// characters from a key to get its path, and would then look elsewhere.
std::string reason_against_partd_key(std::string_view key);

}  // namespace quire::formats
