#include "formats/foreign_file.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace quire::formats {

ForeignFile::ForeignFile(std::string path) : path_(std::move(path)) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path_, error);
  if (!std::filesystem::exists(status)) {
    throw NotFound("there is no file '" + path_ + "'; check the path");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw IoError("open", path_, 0, "it is not a regular file");
  }
  errno = 0;
  stream_.open(path_, std::ios::binary);
  if (!stream_) throw IoError("open", path_, errno);
  size_ = std::filesystem::file_size(path_, error);
  if (error) throw IoError("stat", path_, error.value());
}

void ForeignFile::read(std::uint64_t offset, std::span<std::byte> out) {
  require(offset, out.size());
  errno = 0;
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(offset));
  stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  if (stream_.bad()) throw IoError("read", path_, errno);
  if (static_cast<std::size_t>(stream_.gcount()) != out.size()) {
    throw error(offset, "length", "the size it was opened with", "a shorter file");
  }
}

std::string ForeignFile::read(std::uint64_t offset, std::uint64_t count) {
  require(offset, count);
  std::string bytes(count, '\0');
  read(offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::uint32_t ForeignFile::read_u32(std::uint64_t offset) {
  std::array<std::byte, 4> bytes;
  read(offset, bytes);
  return load_little_endian<std::uint32_t>(bytes.data());
}

std::uint64_t ForeignFile::read_u64(std::uint64_t offset) {
  std::array<std::byte, 8> bytes;
  read(offset, bytes);
  return load_little_endian<std::uint64_t>(bytes.data());
}

CorruptionError ForeignFile::error(std::uint64_t offset, std::string field, std::string expected,
                                   std::string found, std::string advice) const {
  return CorruptionError("'" + path_ + "' at byte " + std::to_string(offset), std::move(field),
                         std::move(expected), std::move(found), std::move(advice));
}

void ForeignFile::require(std::uint64_t offset, std::uint64_t count) const {
  if (offset <= size_ && count <= size_ - offset) return;
  throw error(offset, "length", std::to_string(count) + " bytes",
              "a file of " + std::to_string(size_) + " bytes");
}

}  // namespace quire::formats
