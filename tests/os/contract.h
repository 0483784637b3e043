#pragma once

#include <quire/error.h>
#include <quire/file_system.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "os/memory_file_system.h"
#include "os/posix_file_system.h"
#include "tests/support/temporary_directory.h"

namespace quire::os {

/// A file system and an empty directory in it.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual FileSystem& files() = 0;
  virtual std::string path(std::string_view name) const = 0;
};

class PosixDisk final : public Disk {
 public:
  FileSystem& files() override { return posix_file_system(); }
  std::string path(std::string_view name) const override { return directory_ / name; }

 private:
  quire::testing::TemporaryDirectory directory_;
};

class MemoryDisk final : public Disk {
 public:
  FileSystem& files() override { return files_; }
  std::string path(std::string_view name) const override { return "/disk/" + std::string(name); }

 private:
  MemoryFileSystem files_;
};

struct DiskMaker {
  const char* name;
  std::unique_ptr<Disk> (*make)();
};

inline const DiskMaker kDiskMakers[] = {
    {"posix", []() -> std::unique_ptr<Disk> { return std::make_unique<PosixDisk>(); }},
    {"memory", []() -> std::unique_ptr<Disk> { return std::make_unique<MemoryDisk>(); }},
};

/// Base of the suites that every file system must pass.
class ContractTest : public ::testing::TestWithParam<DiskMaker> {
 protected:
  FileSystem& files() { return disk_->files(); }
  std::string path(std::string_view name) const { return disk_->path(name); }
  std::string directory() const {
    std::string path = disk_->path("");
    path.pop_back();
    return path;
  }

  std::unique_ptr<File> create(std::string_view name, std::string_view content = "") {
    auto file = files().open(path(name), OpenMode::create);
    file->write_at(0, content);
    return file;
  }

 private:
  const std::unique_ptr<Disk> disk_ = GetParam().make();
};

inline std::string disk_name(const ::testing::TestParamInfo<DiskMaker>& info) {
  return info.param.name;
}

/// Up to `size` bytes from `offset`.
inline std::string read_text(File& file, std::uint64_t offset = 0, std::size_t size = 1 << 20) {
  std::string text(size, '?');
  text.resize(file.read_at(offset, std::as_writable_bytes(std::span(text))));
  return text;
}

/// The errno of the IoError that `call` throws; 0 if it throws none.
template <class Call>
int errno_of(Call call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.error_number();
  }
  return 0;
}

}  // namespace quire::os
