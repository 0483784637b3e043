#include "pager/header_slots.h"

#include <quire/error.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "base/checksum.h"
#include "base/sabotage.h"
#include "pager/header_format.h"
#include "pager/space_map_format.h"

namespace quire::pager {
namespace {

constexpr std::size_t kSummedFrom = 16;
constexpr std::uint64_t kFewestTooMany = std::uint64_t{1} << 63;
constexpr std::uint64_t kRoomToCount = std::uint64_t{1} << 32;

std::uint64_t slot_sum(const HeaderSlot& slot) noexcept {
  std::uint64_t seed = 0;
  std::memcpy(&seed, kHeaderMagic.data(), sizeof seed);
  const auto* bytes = reinterpret_cast<const std::byte*>(&slot);
  return checksum64(ByteView(bytes + kSummedFrom, kPageSize - kSummedFrom), seed);
}

bool has_magic(const HeaderSlot& slot) noexcept {
  return std::memcmp(slot.magic.data(), kHeaderMagic.data(), kHeaderMagic.size()) == 0;
}

[[noreturn]] void too_new(const std::string& what) {
  throw FormatError(FormatError::Reason::newer, what + "; open it with a newer version of Quire");
}

void require_known_features(const HeaderSlot& slot, bool for_writing) {
  if (slot.major > kHeaderMajor) {
    too_new("the file has format " + std::to_string(slot.major) + "." + std::to_string(slot.minor) +
            ", and this library reads up to " + std::to_string(kHeaderMajor) + ".x");
  }
  if (slot.incompat != 0) too_new("the file uses features unknown to this library");
  if (for_writing && slot.ro_compat != 0) {
    too_new(
        "the file uses features that this library may read but not write; open it read-only, or");
  }
}

void require_sane_fields(const HeaderSlot& slot, bool for_writing) {
  const auto require = [](bool holds, const char* field, const std::string& expected,
                          std::uint64_t found, Pid page) {
    if (!holds) throw CorruptionError(page, field, expected, std::to_string(found));
  };
  const Pid page = slot.slot_number;
  require(slot.page_size == kPageSize, "page size", "4096", slot.page_size, page);
  require(slot.group_size == kGroupSize, "group size", std::to_string(kGroupSize), slot.group_size,
          page);
  require(slot.page_count > kCatalogRoot, "page count", "at least 4", slot.page_count, page);
  require(slot.catalog_root == kCatalogRoot, "catalog root", "3", slot.catalog_root, page);
  // They are only counted up from here, and must not begin anew at 0. Whoever writes counts them up,
  // and must not leave a file behind that is refused the next time.
  const auto require_countable = [&](std::uint64_t found, const char* field) {
    require(found < kFewestTooMany, field, "less than 2^63", found, page);
    require(!for_writing || found < kFewestTooMany - kRoomToCount, field,
            "less than 2^63 - 2^32 to be opened for writing", found, page);
  };
  require_countable(slot.header_generation, "header generation");
  require_countable(slot.checkpoint_seq, "checkpoint seq");
  require_countable(slot.first_generation, "first generation");
}

}  // namespace

std::uint64_t hash_uuid(const Uuid& uuid) noexcept { return checksum64(uuid, 0); }

std::optional<Header> HeaderSlots::parse(int number, bool for_writing) {
  HeaderSlot slot;
  const auto buffer = std::as_writable_bytes(std::span(&slot, 1));
  if (file_->read_at(static_cast<std::uint64_t>(number) * kPageSize, buffer) != kPageSize)
    return {};
  if (!has_magic(slot) || slot.sum != slot_sum(slot)) return {};
  if (slot.slot_number != static_cast<std::uint32_t>(number)) return {};
  require_known_features(slot, for_writing);
  require_sane_fields(slot, for_writing);
  Header header;
  header.uuid = slot.uuid;
  header.generation = slot.header_generation;
  header.clean = (slot.flags & kHeaderFlagClean) != 0;
  header.log_id = slot.log_id;
  header.checkpoint_seq = slot.checkpoint_seq;
  header.first_generation = slot.first_generation;
  header.first_segment = slot.first_segment;
  header.page_count = slot.page_count;
  header.catalog_root = slot.catalog_root;
  header.compat = slot.compat;
  header.ro_compat = slot.ro_compat;
  header.minor = slot.minor;
  header.software_version = slot.software_version;
  return header;
}

void HeaderSlots::read(bool for_writing) {
  const std::optional<Header> slots[] = {parse(0, for_writing), parse(1, for_writing)};
  if (!slots[0] && !slots[1]) {
    // A magic number that is left says that this was a Quire database; without one it never was.
    std::array<char, 8> magic{};
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{kPageSize}}) {
      file_->read_at(offset, std::as_writable_bytes(std::span(magic)));
      if (std::string_view(magic.data(), magic.size()) == kHeaderMagic) {
        throw CorruptionError(0, "header slots", "one intact slot of two", "both damaged");
      }
    }
    throw FormatError(FormatError::Reason::not_quire,
                      "this is not a Quire database, or one that has lost its header; give another "
                      "path. If it was one, `quire salvage` brings back what is left");
  }
  const bool is_newer = slots[0] && slots[1] && slots[1]->generation > slots[0]->generation;
  const bool second = !slots[0] || (is_newer && !is_sabotaged(Sabotage::newer_header));
  chosen_ = second ? 1 : 0;
  header_ = *slots[chosen_];
  equal_ = slots[0] && slots[1] && *slots[0] == *slots[1];
}

void HeaderSlots::write(int number, const Header& header) {
  HeaderSlot slot{};
  std::copy(kHeaderMagic.begin(), kHeaderMagic.end(), slot.magic.begin());
  slot.major = kHeaderMajor;
  slot.minor = header.minor;
  slot.page_size = kPageSize;
  slot.compat = header.compat;
  slot.ro_compat = header.ro_compat;
  slot.uuid = header.uuid;
  slot.header_generation = header.generation;
  slot.slot_number = static_cast<std::uint32_t>(number);
  slot.flags = header.clean ? kHeaderFlagClean : 0;
  slot.log_id = header.log_id;
  slot.checkpoint_seq = header.checkpoint_seq;
  slot.first_generation = header.first_generation;
  slot.first_segment = header.first_segment;
  slot.page_count = header.page_count;
  slot.catalog_root = header.catalog_root;
  slot.group_size = kGroupSize;
  slot.software_version = header.software_version;
  slot.sum = slot_sum(slot);
  file_->write_at(static_cast<std::uint64_t>(number) * kPageSize,
                  ByteView(reinterpret_cast<const std::byte*>(&slot), sizeof slot));
}

}  // namespace quire::pager
