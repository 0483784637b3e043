#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/forwarding_file_system.h"

namespace quire::testing {

/// Passes everything on to another FileSystem, keeps a journal of what changes the disk, makes
/// calls fail, and draws "random" bytes from a counter.
class FaultyFileSystem final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  /// "write NAME OFFSET SIZE", "allocate NAME OFFSET SIZE", "truncate NAME SIZE", "sync NAME",
  /// "create NAME", "rename FROM TO", "link FROM TO", "remove NAME", "sync directory"; NAME without
  /// its directory, random parts as "*".
  std::vector<std::string> journal;

  /// Called with each line before it is carried out: an errno value makes the call fail with it
  /// and do nothing.
  std::function<int(const std::string& line)> fail = [](const std::string&) { return 0; };

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override;
  void rename(const std::string& from, const std::string& to) override;
  void link_without_replace(const std::string& existing, const std::string& name) override;
  void remove(const std::string& path) override;
  void sync_directory(const std::string& directory) override;
  void fill_random(std::span<std::byte> bytes) override;
  /// None, so that the same calls fail each time.
  std::unique_ptr<Thread> start_thread(std::function<void()>) override { return nullptr; }

  /// Notes the line; throws IoError if `fail` says so.
  void step(const std::string& operation, const std::string& path, const std::string& rest = {});

 private:
  std::uint8_t random_ = 0;
};

}  // namespace quire::testing
