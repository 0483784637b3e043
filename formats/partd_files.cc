#include "formats/partd_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <quire/error.h>

#include "formats/foreign_file.h"

namespace quire::formats {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLock = ".lock";
constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostDtypeBytes = 16;

// NumPy's names of numbers without their byte order, and their sizes.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 11> kNumbers{{{"b1", 1},
                                                                               {"i1", 1},
                                                                               {"u1", 1},
                                                                               {"i2", 2},
                                                                               {"u2", 2},
                                                                               {"i4", 4},
                                                                               {"u4", 4},
                                                                               {"f4", 4},
                                                                               {"i8", 8},
                                                                               {"u8", 8},
                                                                               {"f8", 8}}};

void require_done(const std::error_code& error, const std::string& path) {
  if (error) throw IoError("read", path, error.value());
}

std::string path_of(const std::string& directory, std::string_view key) {
  return (fs::path(directory) / key).string();
}

[[noreturn]] void refuse_numpy(const std::string& directory, const std::string& why) {
  throw InvalidArgument("'" + directory + "' is not what one partd.Numpy has written: " + why +
                        "; import it as plain bytes");
}

PartdElement element_of_dtype(const std::string& directory, const PartdFile& file) {
  if (file.size <= kMostDtypeBytes) {
    ForeignFile dtype(path_of(directory, file.key));
    const std::string text = dtype.read(0, dtype.size());
    for (const auto& [type, size] : kNumbers) {
      if (text == numpy_dtype({std::string(type), size})) return {std::string(type), size};
    }
  }
  refuse_numpy(directory, "'" + file.key + "' names no little-endian number");
}

/// Whether partd.File keeps the character.
bool is_kept(char c) {
  constexpr std::string_view kOthers = "-_.() /";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != kOthers.npos;
}

}  // namespace

std::vector<PartdFile> find_partd_files(const std::string& directory) {
  std::error_code error;
  const fs::file_status place = fs::status(directory, error);
  if (!fs::exists(place)) {
    throw NotFound("there is no directory '" + directory + "'; check the path");
  }
  if (!fs::is_directory(place)) {
    throw InvalidArgument("'" + directory +
                          "' is not a directory; give the one that a partd.File has written");
  }
  std::vector<PartdFile> files;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    const fs::file_status status = entry->symlink_status(error);
    require_done(error, path);
    if (fs::is_directory(status)) continue;
    const std::string key = entry->path().lexically_relative(directory).string();
    if (key == kLock) continue;
    if (!fs::is_regular_file(status)) {
      throw InvalidArgument("'" + path +
                            "' is neither a directory nor a regular file; partd.File "
                            "makes nothing else, so remove it first");
    }
    files.push_back({key, entry->file_size(error)});
    require_done(error, path);
  }
  require_done(error, directory);
  std::sort(files.begin(), files.end(),
            [](const PartdFile& a, const PartdFile& b) { return a.key < b.key; });
  return files;
}

void import_partd_files(const std::string& directory, const std::vector<PartdFile>& files,
                        Partd& partd, const std::function<void(std::uint64_t)>& step) {
  for (const PartdFile& entry : files) {
    ForeignFile file(path_of(directory, entry.key));
    partd.append(entry.key, "");  // an empty file makes a key too
    // The size of a number divides that of a piece.
    for (std::uint64_t at = 0; at < file.size(); at += kPieceBytes) {
      const std::string piece = file.read(at, std::min(kPieceBytes, file.size() - at));
      partd.append(entry.key, piece);
      step(piece.size());
    }
  }
}

PartdElement take_numpy_element(const std::string& directory, std::vector<PartdFile>& files) {
  std::optional<PartdElement> element;
  std::set<std::string> arrays;
  std::vector<PartdFile> kept;
  for (const PartdFile& file : files) {
    if (!file.key.ends_with(kDtypeSuffix)) {
      kept.push_back(file);
      continue;
    }
    const PartdElement found = element_of_dtype(directory, file);
    if (element && *element != found) {
      refuse_numpy(directory,
                   "'" + file.key + "' says " + found.type + ", others " + element->type);
    }
    element = found;
    arrays.insert(file.key.substr(0, file.key.size() - kDtypeSuffix.size()));
  }
  for (const PartdFile& file : kept) {
    if (!arrays.contains(file.key)) {
      refuse_numpy(directory, "there is no '" + file.key + std::string(kDtypeSuffix) + "'");
    }
  }
  files = std::move(kept);
  if (!element) refuse_numpy(directory, "there are no arrays in it");
  return *element;
}

std::optional<std::string> numpy_dtype(const PartdElement& element) {
  for (const auto& [type, size] : kNumbers) {
    if (element.type == type && element.size == size) {
      return (size == 1 ? "|" : "<") + element.type;
    }
  }
  return std::nullopt;
}

std::string reason_against_partd_key(std::string_view key) {
  if (key.empty()) return "it is empty";
  if (key.front() == '/') return "it is an absolute path";
  if (key == kLock || key.starts_with(std::string(kLock) + "/"))
    return "partd.File locks that file";
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view name = key.substr(begin, end - begin);
    if (name.empty()) return "a name in it is empty";
    if (name == "." || name == "..") return "it has the name '" + std::string(name) + "' in it";
    begin = end + 1;
  }
  const auto dropped = std::find_if_not(key.begin(), key.end(), is_kept);
  if (dropped == key.end()) return {};
  return "partd.File drops its character '" + std::string(1, *dropped) + "'";
}

}  // namespace quire::formats
