#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include <quire/error.h>
#include <quire/file_system.h>
#include <quire/testing.h>

namespace quire {

/// What a file holds; nothing if there is no such file.
inline std::optional<std::string> content(FileSystem& files, const std::string& path) {
  const auto status = files.status(path);
  if (!status) return std::nullopt;
  std::string text(status->size, '?');
  const auto file = files.open(path, OpenMode::read_only);
  file->read_at(0, std::as_writable_bytes(std::span(text)));
  return text;
}

inline std::unique_ptr<File> create(FileSystem& files, const std::string& path) {
  return files.open(path, OpenMode::create);
}

/// A file that is on the disk with its name.
inline std::unique_ptr<File> create_durable(FileSystem& files, const std::string& path,
                                            ByteView bytes) {
  auto file = create(files, path);
  file->write_at(0, bytes);
  file->sync_data();
  files.sync_directory("/");
  return file;
}

/// The errno that a call throws; 0 if it throws nothing.
template <class Call>
int error_of(const Call& call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.error_number();
  }
  return 0;
}

}  // namespace quire
