#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <quire/file_system.h>

#include "base/ids.h"
#include "pager/header_format.h"

namespace quire::pager {

/// What a header slot says, but for its own number.
struct Header {
  Uuid uuid{};
  std::uint64_t generation = 0;  // of the header; raised whenever the content changes
  bool clean = true;
  Uuid log_id{};           // of the live log; of the last one if clean
  Seq checkpoint_seq = 0;  // T
  std::uint64_t first_generation = 0;
  std::uint64_t first_segment = 0;
  Pid page_count = 0;
  Pid catalog_root = 3;
  std::uint64_t compat = 0;
  std::uint64_t ro_compat = 0;
  // Kept as they are found, so that a slot written again "unchanged" has the same bytes.
  std::uint16_t minor = kHeaderMinor;
  std::uint64_t software_version = kSoftwareVersion;

  friend bool operator==(const Header&, const Header&) = default;
};

/// XXH3-64 of the uuid: the part of every page's seed that tells one file from another.
std::uint64_t hash_uuid(const Uuid& uuid) noexcept;

/// Pages 0 and 1 of a database file. Used by one thread at a time.
class HeaderSlots {
 public:
  explicit HeaderSlots(File& file) noexcept : file_(&file) {}

  /// Reads both slots and chooses the intact one of the greater generation. FormatError if the file
  /// is not a Quire database or needs a newer version; CorruptionError if it is one and both slots
  /// are damaged.
  void read(bool for_writing);

  /// What slot `number` says; nothing if it is damaged. Throws as read() does if it is not.
  std::optional<Header> read_one(int number) { return parse(number, false); }

  const Header& header() const noexcept { return header_; }
  /// 0 or 1: the slot that header() was read from.
  int chosen() const noexcept { return chosen_; }
  int other() const noexcept { return 1 - chosen_; }
  /// Both slots are intact and say the same.
  bool equal() const noexcept { return equal_; }

  /// Writes slot `number`; does not sync. The caller keeps rule F3's order.
  void write(int number, const Header& header);

 private:
  std::optional<Header> parse(int number, bool for_writing);

  File* file_;
  Header header_;
  int chosen_ = 0;
  bool equal_ = false;
};

}  // namespace quire::pager
