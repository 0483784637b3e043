#include "formats/conduit_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace quire::formats {

namespace {

constexpr std::string_view kPrefix = "data_";
constexpr std::size_t kDigits = 8;
constexpr std::string_view kPlainSuffix = ".dat";
constexpr std::string_view kCompressedSuffix = ".dat.zst";
// No line of a list is longer than the longest path and some numbers.
constexpr std::size_t kLongestLine = std::size_t{64} << 10;

std::variant<ForeignFile, SeekableZstdFile> open(const std::string& path,
                                                 ConduitFile::Frames frames,
                                                 const std::function<void()>& step) {
  ForeignFile file(path);
  if (!path.ends_with(kCompressedSuffix)) return file;
  if (frames == ConduitFile::Frames::by_table) return SeekableZstdFile(std::move(file));
  return SeekableZstdFile::by_scanning(std::move(file), step);
}

// Why the entry is no data file; empty if it is one.
std::string reason_against(const std::filesystem::directory_entry& entry, bool has_name_of_one) {
  if (!has_name_of_one) return "no data file by its name";
  std::error_code error;
  const std::filesystem::file_status status = entry.symlink_status(error);
  if (std::filesystem::is_symlink(status)) return "a symbolic link";
  return std::filesystem::is_regular_file(status) ? "" : "no regular file";
}

}  // namespace

// ---- ConduitName

std::string ConduitName::text() const {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
  return std::string(kPrefix) + digits +
         std::string(is_compressed ? kCompressedSuffix : kPlainSuffix);
}

std::optional<ConduitName> ConduitName::parse(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() < kPrefix.size() + kDigits) return std::nullopt;
  const std::string_view digits = text.substr(kPrefix.size(), kDigits);
  const std::string_view suffix = text.substr(kPrefix.size() + kDigits);
  if (suffix != kPlainSuffix && suffix != kCompressedSuffix) return std::nullopt;
  ConduitName name{0, suffix == kCompressedSuffix};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), name.number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return name;
}

// ---- ConduitFile

ConduitFile::ConduitFile(const std::string& path, Frames frames, const std::function<void()>& step)
    : file_(open(path, frames, step)) {}

const std::string& ConduitFile::path() const noexcept {
  if (const auto* plain = std::get_if<ForeignFile>(&file_)) return plain->path();
  return std::get_if<SeekableZstdFile>(&file_)->path();
}

std::uint64_t ConduitFile::size() const noexcept {
  if (const auto* plain = std::get_if<ForeignFile>(&file_)) return plain->size();
  return std::get_if<SeekableZstdFile>(&file_)->size();
}

SeekableZstdFile::LeftOver ConduitFile::left_over() const noexcept {
  const auto* compressed = std::get_if<SeekableZstdFile>(&file_);
  return compressed == nullptr ? SeekableZstdFile::LeftOver() : compressed->left_over();
}

void ConduitFile::read(std::uint64_t offset, std::span<std::byte> out) {
  std::visit([&](auto& file) { file.read(offset, out); }, file_);
}

// ---- ConduitDirectory

ConduitDirectory::ConduitDirectory(const std::string& path) : path_(path) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  if (error == std::errc::no_such_file_or_directory) {
    throw NotFound("there is no directory '" + path + "'; check the path");
  }
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    const auto file = ConduitName::parse(name);
    if (const std::string reason = reason_against(*entries, file.has_value()); reason.empty()) {
      files_.push_back(*file);
    } else if (!name.ends_with(".lock")) {
      others_.push_back({name, reason});
    }
  }
  if (error) throw IoError("readdir", path, error.value());
  std::sort(files_.begin(), files_.end());
  std::sort(others_.begin(), others_.end());
}

void ConduitDirectory::require_one_kind() const {
  const auto both = std::adjacent_find(
      files_.begin(), files_.end(),
      [](const ConduitName& a, const ConduitName& b) { return a.number == b.number; });
  if (both == files_.end()) return;
  throw InvalidArgument("'" + path_ + "' has " + both->text() + " and " + std::next(both)->text() +
                        "; move the files of one kind to another directory, or give a list of "
                        "locations");
}

// ---- ConduitLocationList

ConduitLocationList::ConduitLocationList(const std::string& path) : path_(path) {
  const std::string file = path == "-" ? "/dev/stdin" : path;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    throw NotFound("there is no list of locations '" + path + "'; check the path");
  }
  errno = 0;
  stream_.open(file, std::ios::binary);
  if (!stream_) throw IoError("open", path, errno);
  if (std::filesystem::is_regular_file(status)) bytes_ = std::filesystem::file_size(file, error);
  if (error) throw IoError("stat", path, error.value());
}

std::optional<ConduitLocation> ConduitLocationList::next() {
  std::string line;
  while (read_line(line)) {
    ++line_number_;
    if (!line.empty() && line != "\r") return parse(line);
  }
  return std::nullopt;
}

// Without its end; no more of it than kLongestLine.
bool ConduitLocationList::read_line(std::string& line) {
  line.resize(kLongestLine);
  errno = 0;
  stream_.getline(line.data(), static_cast<std::streamsize>(line.size()));
  if (stream_.bad()) throw IoError("read", path_, errno);
  const auto count = static_cast<std::size_t>(stream_.gcount());
  bytes_read_ += count;
  if (stream_.fail() && !stream_.eof()) {
    ++line_number_;
    throw error("length", "less than 64 KiB", "a longer line");
  }
  if (count == 0) return false;
  line.resize(stream_.eof() ? count : count - 1);
  return true;
}

CorruptionError ConduitLocationList::error(std::string field, std::string expected,
                                           std::string found) const {
  return CorruptionError("'" + path_ + "' line " + std::to_string(line_number_), std::move(field),
                         std::move(expected), std::move(found), kForeignAdvice);
}

ConduitLocation ConduitLocationList::parse(const std::string& line) const {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  const auto number = [&](const char* member) {
    if (!object.is_object()) throw error("line", "a JSON object", "none");
    if (!object.contains(member)) throw error(member, "a number", "nothing of that name");
    if (!object[member].is_number_unsigned()) throw error(member, "a number", "another value");
    return object[member].get<std::uint64_t>();
  };
  ConduitLocation location{{}, number("start"), number("end")};
  if (location.end < location.start) {
    throw error("end", "at least " + std::to_string(location.start), std::to_string(location.end));
  }
  if (!object.contains("file") || !object["file"].is_string()) {
    throw error("file", "a string", "another value");
  }
  const std::string file = object["file"].get<std::string>();
  const auto name = ConduitName::parse(std::string_view(file).substr(file.rfind('/') + 1));
  if (!name) throw error("file", "data_NNNNNNNN.dat or data_NNNNNNNN.dat.zst", file);
  location.file = *name;
  return location;
}

}  // namespace quire::formats
