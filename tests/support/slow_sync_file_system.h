#pragma once

#include <chrono>
#include <thread>

#include "tests/support/forwarding_file_system.h"

namespace quire::testing {

/// Files of another FileSystem whose syncs take as long as those of a disk, so that commits have
/// something to share.
class SlowSyncFileSystem final : public ForwardingFileSystem {
 public:
  SlowSyncFileSystem(FileSystem& inner, std::chrono::microseconds sync)
      : ForwardingFileSystem(inner), sync_(sync) {}

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override {
    return std::make_unique<SlowFile>(ForwardingFileSystem::open(path, how, mode), sync_);
  }

 private:
  class SlowFile final : public ForwardingFile {
   public:
    SlowFile(std::unique_ptr<File> inner, std::chrono::microseconds sync)
        : ForwardingFile(std::move(inner)), sync_(sync) {}
    void sync_data() override {
      std::this_thread::sleep_for(sync_);
      ForwardingFile::sync_data();
    }
    void sync_all() override {
      std::this_thread::sleep_for(sync_);
      ForwardingFile::sync_all();
    }

   private:
    std::chrono::microseconds sync_;
  };

  std::chrono::microseconds sync_;
};

}  // namespace quire::testing
