#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/schedule/scheduler.h"
#include "tests/support/forwarding_file_system.h"

namespace quire::schedule {

/// Another FileSystem, each call of which is a point of the scheduler; threads and time are the
/// scheduler's. Calls have to do with one another if they are about one file, or about names.
class ScheduledFileSystem final : public testing::ForwardingFileSystem {
  template <class Fn>
  auto names(bool changes, const Fn& fn) {
    return call(this, changes, fn);
  }

  template <class Fn>
  auto call(const void* object, bool changes, const Fn& fn) {
    scheduler_.point(object, changes);
    const Unscheduled inside;
    if (changes && before_change_ && calls_until_-- == 0) std::exchange(before_change_, nullptr)();
    return fn();
  }

  class ScheduledFile final : public testing::ForwardingFile {
   public:
    ScheduledFile(ScheduledFileSystem& system, std::unique_ptr<File> inner, const void* object)
        : ForwardingFile(std::move(inner)), system_(system), object_(object) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
      return system_.call(object_, false, [&] { return ForwardingFile::read_at(offset, buffer); });
    }
    void write_at(std::uint64_t offset, ByteView bytes) override {
      system_.call(object_, true, [&] { ForwardingFile::write_at(offset, bytes); });
    }
    void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
      system_.call(object_, true, [&] { ForwardingFile::write_at(offset, parts); });
    }
    void sync_data() override {
      system_.call(object_, true, [&] { ForwardingFile::sync_data(); });
    }
    void sync_all() override {
      system_.call(object_, true, [&] { ForwardingFile::sync_all(); });
    }
    void allocate(std::uint64_t offset, std::uint64_t length) override {
      system_.call(object_, true, [&] { ForwardingFile::allocate(offset, length); });
    }
    void truncate(std::uint64_t size) override {
      system_.call(object_, true, [&] { ForwardingFile::truncate(size); });
    }
    FileStatus status() override {
      return system_.call(object_, false, [&] { return ForwardingFile::status(); });
    }

   private:
    ScheduledFileSystem& system_;
    const void* object_;
  };

 public:
  ScheduledFileSystem(Scheduler& scheduler, FileSystem& inner)
      : ForwardingFileSystem(inner), scheduler_(scheduler) {}

  /// Before the call that changes something and is numbered `call`, from 0 on and from now on:
  /// runs `fn`, while everything stands still.
  void before_change(std::uint64_t call, std::function<void()> fn) {
    calls_until_ = call;
    before_change_ = std::move(fn);
  }

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    return names(how == OpenMode::create, [&] {
      return std::make_unique<ScheduledFile>(*this, ForwardingFileSystem::open(path, how, mode),
                                             &files_[path]);
    });
  }
  std::optional<FileStatus> status(const std::string& path) override {
    return names(false, [&] { return ForwardingFileSystem::status(path); });
  }
  void rename(const std::string& from, const std::string& to) override {
    names(true, [&] { ForwardingFileSystem::rename(from, to); });
  }
  void link_without_replace(const std::string& existing, const std::string& name) override {
    names(true, [&] { ForwardingFileSystem::link_without_replace(existing, name); });
  }
  void remove(const std::string& path) override {
    names(true, [&] { ForwardingFileSystem::remove(path); });
  }
  std::vector<std::string> list(const std::string& directory) override {
    return names(false, [&] { return ForwardingFileSystem::list(directory); });
  }
  void sync_directory(const std::string& directory) override {
    names(true, [&] { ForwardingFileSystem::sync_directory(directory); });
  }
  std::chrono::nanoseconds monotonic_now() override { return scheduler_.now(); }
  std::unique_ptr<Thread> start_thread(std::function<void()> body) override {
    return scheduler_.start_thread(std::move(body));
  }

 private:
  Scheduler& scheduler_;
  std::map<std::string, char> files_;  // an address for each
  std::uint64_t calls_until_ = 0;
  std::function<void()> before_change_;
};

}  // namespace quire::schedule
