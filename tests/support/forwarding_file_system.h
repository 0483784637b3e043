#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <quire/file_system.h>

namespace quire::testing {

/// Passes every call on to another File, which it owns. To derive from.
class ForwardingFile : public File {
 public:
  explicit ForwardingFile(std::unique_ptr<File> inner) : inner_(std::move(inner)) {}

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    return inner_->read_at(offset, buffer);
  }
  void write_at(std::uint64_t offset, ByteView bytes) override { inner_->write_at(offset, bytes); }
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    inner_->write_at(offset, parts);
  }
  void sync_data() override { inner_->sync_data(); }
  void sync_all() override { inner_->sync_all(); }
  void allocate(std::uint64_t offset, std::uint64_t length) override {
    inner_->allocate(offset, length);
  }
  void truncate(std::uint64_t size) override { inner_->truncate(size); }
  FileStatus status() override { return inner_->status(); }
  bool try_lock(LockKind kind) override { return inner_->try_lock(kind); }
  const std::string& path() const noexcept override { return inner_->path(); }

 private:
  std::unique_ptr<File> inner_;
};

/// Passes every call on to another FileSystem, which outlives it. To derive from.
class ForwardingFileSystem : public FileSystem {
 public:
  explicit ForwardingFileSystem(FileSystem& inner) : inner_(inner) {}

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    return inner_.open(path, how, mode);
  }
  std::unique_ptr<File> open_unnamed(const std::string& directory) override {
    return inner_.open_unnamed(directory);
  }
  std::optional<FileStatus> status(const std::string& path) override { return inner_.status(path); }
  std::string canonical(const std::string& path) override { return inner_.canonical(path); }
  void rename(const std::string& from, const std::string& to) override { inner_.rename(from, to); }
  void link_without_replace(const std::string& existing, const std::string& name) override {
    inner_.link_without_replace(existing, name);
  }
  void remove(const std::string& path) override { inner_.remove(path); }
  std::vector<std::string> list(const std::string& directory) override {
    return inner_.list(directory);
  }
  void sync_directory(const std::string& directory) override { inner_.sync_directory(directory); }
  std::chrono::system_clock::time_point now() override { return inner_.now(); }
  std::chrono::nanoseconds monotonic_now() override { return inner_.monotonic_now(); }
  void fill_random(std::span<std::byte> bytes) override { inner_.fill_random(bytes); }
  std::unique_ptr<Thread> start_thread(std::function<void()> body) override {
    return inner_.start_thread(std::move(body));
  }

 private:
  FileSystem& inner_;
};

}  // namespace quire::testing
