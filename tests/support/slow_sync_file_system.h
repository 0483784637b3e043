#pragma once

#include <quire/file_system.h>

#include <chrono>
#include <thread>

#include "os/memory_file_system.h"

namespace quire::testing {

/// Files in memory whose syncs take as long as those of a disk, so that commits have something to
/// share.
class SlowSyncFileSystem final : public FileSystem {
 public:
  explicit SlowSyncFileSystem(std::chrono::microseconds sync) : sync_(sync) {}

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    return std::make_unique<SlowFile>(inner_.open(path, how, mode), sync_);
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
  class SlowFile final : public File {
   public:
    SlowFile(std::unique_ptr<File> inner, std::chrono::microseconds sync)
        : inner_(std::move(inner)), sync_(sync) {}
    std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
      return inner_->read_at(offset, buffer);
    }
    void write_at(std::uint64_t offset, ByteView bytes) override {
      inner_->write_at(offset, bytes);
    }
    void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
      inner_->write_at(offset, parts);
    }
    void sync_data() override {
      std::this_thread::sleep_for(sync_);
      inner_->sync_data();
    }
    void sync_all() override {
      std::this_thread::sleep_for(sync_);
      inner_->sync_all();
    }
    void allocate(std::uint64_t offset, std::uint64_t length) override {
      inner_->allocate(offset, length);
    }
    void truncate(std::uint64_t size) override { inner_->truncate(size); }
    FileStatus status() override { return inner_->status(); }
    bool try_lock(LockKind kind) override { return inner_->try_lock(kind); }
    const std::string& path() const noexcept override { return inner_->path(); }

   private:
    std::unique_ptr<File> inner_;
    std::chrono::microseconds sync_;
  };

  os::MemoryFileSystem inner_;
  std::chrono::microseconds sync_;
};

}  // namespace quire::testing
