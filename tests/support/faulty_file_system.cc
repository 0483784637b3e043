#include "tests/support/faulty_file_system.h"

#include <quire/error.h>

namespace quire::testing {
namespace {

std::string short_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t random = name.find("-wal-new.");
  return random == std::string::npos ? name : name.substr(0, random) + "-wal-new.*";
}

class FaultyFile final : public ForwardingFile {
 public:
  FaultyFile(FaultyFileSystem& owner, std::unique_ptr<File> inner)
      : ForwardingFile(std::move(inner)), owner_(owner) {}

  void write_at(std::uint64_t offset, ByteView bytes) override {
    owner_.step("write", path(), " " + std::to_string(offset) + " " + std::to_string(bytes.size()));
    ForwardingFile::write_at(offset, bytes);
  }
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    std::size_t size = 0;
    for (const ByteView& part : parts) size += part.size();
    owner_.step("write", path(), " " + std::to_string(offset) + " " + std::to_string(size));
    ForwardingFile::write_at(offset, parts);
  }
  void sync_data() override {
    owner_.step("sync", path());
    ForwardingFile::sync_data();
  }
  void sync_all() override {
    owner_.step("sync", path());
    ForwardingFile::sync_all();
  }
  void allocate(std::uint64_t offset, std::uint64_t length) override {
    owner_.step("allocate", path(), " " + std::to_string(offset) + " " + std::to_string(length));
    ForwardingFile::allocate(offset, length);
  }
  void truncate(std::uint64_t size) override {
    owner_.step("truncate", path(), " " + std::to_string(size));
    ForwardingFile::truncate(size);
  }

 private:
  FaultyFileSystem& owner_;
};

}  // namespace

void FaultyFileSystem::step(const std::string& operation, const std::string& path,
                            const std::string& rest) {
  const std::string line = operation + " " + short_name(path) + rest;
  journal.push_back(line);
  if (const int error = fail(line)) throw IoError(operation, path, error);
}

std::unique_ptr<File> FaultyFileSystem::open(const std::string& path, OpenMode how,
                                             std::uint32_t mode) {
  if (how == OpenMode::create) step("create", path);
  return std::make_unique<FaultyFile>(*this, ForwardingFileSystem::open(path, how, mode));
}

void FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  step("rename", from, " " + short_name(to));
  ForwardingFileSystem::rename(from, to);
}

void FaultyFileSystem::link_without_replace(const std::string& existing, const std::string& name) {
  step("link", existing, " " + short_name(name));
  ForwardingFileSystem::link_without_replace(existing, name);
}

void FaultyFileSystem::remove(const std::string& path) {
  step("remove", path);
  ForwardingFileSystem::remove(path);
}

void FaultyFileSystem::sync_directory(const std::string& directory) {
  step("sync", "directory");
  ForwardingFileSystem::sync_directory(directory);
}

void FaultyFileSystem::fill_random(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(++random_);
}

}  // namespace quire::testing
