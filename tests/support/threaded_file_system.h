#pragma once

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <quire/file_system.h>

namespace quire::testing {

/// Passes everything on to another FileSystem, but starts threads where that starts none.
class ThreadedFileSystem final : public FileSystem {
 public:
  explicit ThreadedFileSystem(FileSystem& inner) : inner_(inner) {}

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
    return std::make_unique<JoinedThread>(std::move(body));
  }

 private:
  class JoinedThread final : public Thread {
   public:
    explicit JoinedThread(std::function<void()> body) : thread_(std::move(body)) {}
    ~JoinedThread() override { thread_.join(); }

   private:
    std::thread thread_;
  };

  FileSystem& inner_;
};

}  // namespace quire::testing
