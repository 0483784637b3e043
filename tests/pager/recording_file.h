#pragma once

#include <quire/error.h>
#include <quire/file_system.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace quire::testing {

/// A file in memory that remembers where it was written and fails when told to. Its bytes are open
/// to the test.
class RecordingFile final : public File {
 public:
  struct Write {
    std::uint64_t offset;
    std::size_t size;
    friend bool operator==(const Write&, const Write&) = default;
  };

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    if (before_read) std::exchange(before_read, {})();
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(buffer.size(), bytes.size() - offset);
    std::copy_n(bytes.data() + offset, count, buffer.data());
    return count;
  }
  void write_at(std::uint64_t offset, ByteView part) override {
    if (writes.size() == fail_write) throw IoError("pwrite", path_, EIO);
    writes.push_back({offset, part.size()});
    bytes.resize(std::max<std::size_t>(bytes.size(), offset + part.size()));
    std::copy(part.begin(), part.end(), bytes.data() + offset);
  }
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    for (const ByteView part : parts) write_at(std::exchange(offset, offset + part.size()), part);
  }
  void sync_data() override {}
  void sync_all() override {}
  void allocate(std::uint64_t offset, std::uint64_t length) override {
    bytes.resize(std::max<std::size_t>(bytes.size(), offset + length));
  }
  void truncate(std::uint64_t size) override { bytes.resize(size); }
  FileStatus status() override {
    FileStatus status;
    status.kind = FileKind::regular;
    status.size = bytes.size();
    return status;
  }
  bool try_lock(LockKind) override { return true; }
  const std::string& path() const noexcept override { return path_; }

  std::vector<std::byte> bytes;
  std::vector<Write> writes;
  std::size_t fail_write = SIZE_MAX;  // index of the write that fails, and all after it
  std::function<void()> before_read;  // happens once, as the next read begins; it may throw

 private:
  std::string path_ = "recorded";
};

/// Calls `fn`, which must throw a CorruptionError; returns "page N: field".
template <class Fn>
std::string corruption_found_by(Fn&& fn) {
  try {
    fn();
  } catch (const CorruptionError& error) {
    return "page " + std::to_string(error.page()) + ": " + error.field();
  }
  return "no CorruptionError";
}

}  // namespace quire::testing
