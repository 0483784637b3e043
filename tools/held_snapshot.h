#pragma once

#include <cstdint>

#include <quire/database.h>

namespace quire::tools {

/// A snapshot of the demo's database that is read as a whole when it is taken, and again when
/// others have changed the database.
class HeldSnapshot {
 public:
  /// Everything that the snapshot shows.
  struct Content {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  // in blobs
    std::uint64_t sum = 0;    // of every path, record, byte, block and word, in their order

    friend bool operator==(const Content&, const Content&) = default;
  };

  /// Takes and reads it; costs as much as reading the whole database.
  explicit HeldSnapshot(const Database& database);

  std::uint64_t seq() const noexcept { return snapshot_.seq(); }
  const Content& content() const noexcept { return content_; }

  /// Reads all of it again; whether that is the same. Costs the same.
  bool reads_the_same() const;

 private:
  Content read() const;

  Snapshot snapshot_;
  Content content_;
};

}  // namespace quire::tools
