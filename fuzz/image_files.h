#pragma once

#include <string>

#include <quire/options.h>

#include "fuzz/image.h"
#include "os/memory_file_system.h"
#include "tests/support/forwarding_file_system.h"

namespace quire::fuzz {

/// An image as files in memory, without threads: with equal images, a program does the same each
/// time, because the time stands still and random bytes are always the same. One thread.
class ImageFiles final : public testing::ForwardingFileSystem {
 public:
  static constexpr const char* kPath = "/d/f.quire";

  /// No files.
  ImageFiles() : ForwardingFileSystem(memory_) {}
  explicit ImageFiles(const Image& image);

  /// Options that open the database with the smallest cache and log.
  Options options(bool read_only);
  /// The database and its log as they are now.
  Image image();
  /// All names beside the database, its own included.
  std::vector<std::string> names() { return list("/d"); }

  std::chrono::system_clock::time_point now() override { return {}; }
  std::chrono::nanoseconds monotonic_now() override { return {}; }
  void fill_random(std::span<std::byte> bytes) override;

 private:
  void write(const std::string& path, const Bytes& content);
  Bytes read(const std::string& path);

  os::MemoryFileSystem memory_{os::MemoryFileSystem::Threads::no};
  std::uint64_t random_state_ = 1;
};

}  // namespace quire::fuzz
