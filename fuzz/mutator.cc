#include "fuzz/mutator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "fuzz/seals.h"
#include "pager/header_format.h"
#include "pager/page_format.h"
#include "pager/space_map_format.h"
#include "wal/log_format.h"

namespace quire::fuzz {
namespace {

constexpr std::uint64_t kMostChanges = 4;
constexpr std::uint64_t kUnsealedOneIn = 10;
constexpr std::uint64_t kUnchainedOneIn = 8;
constexpr int kTriesForAPage = 8;
constexpr std::size_t kMostGrowth = 16;  // pages

std::uint64_t load(std::span<const std::byte> number) {
  std::uint64_t value = 0;
  std::memcpy(&value, number.data(), number.size());
  return value;
}

void store(std::uint64_t value, std::span<std::byte> number) {
  std::memcpy(number.data(), &value, number.size());
}

}  // namespace

void Mutator::mutate(Image& image) {
  const Seals seals(image);
  pages_ = image.database.size() / kPageSize;
  // Mostly one: of several, the first that is noticed hides the others.
  std::uint64_t changes = random_.one_in(3) ? 1 + random_.below(kMostChanges) : 1;
  for (; changes > 0; --changes) change(image);
  seal(seals, image);
}

void Mutator::splice(Image& image, const Image& other) {
  const Seals seals(image);
  pages_ = image.database.size() / kPageSize;
  if (!other.segments.empty() && random_.one_in(3)) image.segments = other.segments;
  const std::uint64_t other_pages = other.database.size() / kPageSize;
  for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) {
    const std::uint64_t from = random_.below(other_pages);
    const Page to = page_of(image.database, random_.one_in(2) ? from : random_.below(pages_));
    if (to.empty() || from < kFirstMapPage || other_pages == 0) continue;
    std::copy_n(&other.database[from * kPageSize], kPageSize, to.begin());
  }
  seal(seals, image);
}

void Mutator::seal(const Seals& seals, Image& image) {
  if (random_.one_in(kUnsealedOneIn)) return;
  seals.restore(image,
                random_.one_in(kUnchainedOneIn) ? Seals::Log::sums : Seals::Log::sums_and_chain);
}

void Mutator::change(Image& image) {
  const bool has_log = !image.segments.empty();
  if (has_log && random_.one_in(2)) return change_log(image);
  if (pages_ > 0) change_database(image);
}

void Mutator::change_database(Image& image) {
  switch (random_.below(32)) {
    case 0:
      return edit_header(image.database);
    case 1:
      return edit_map(image.database);
    case 2:
      return resize(image.database);
    case 3:
    case 4:
      return move_page(image.database);
    case 5:
      return flip_bits(some_structure_page(image.database));
    case 6:
      return flip_bits(some_page(image.database));
    case 7:
      return lose_page(image.database);
    default:
      return edit_page(image.database);
  }
}

void Mutator::change_log(Image& image) {
  auto segment = image.segments.begin();
  std::advance(segment, static_cast<std::ptrdiff_t>(random_.below(image.segments.size())));
  switch (random_.below(12)) {
    case 0:
      return edit_segment_header(image);
    case 1:
      return cut_log(image);
    case 2:
      return move_chunk(segment->second);
    case 3:
      return flip_bits(segment->second);
    case 4:
    case 5:
    case 6:
      return edit_logged_page(segment->second, image.database);
    default:
      return edit_chunk(segment->second);
  }
}

// ---- the database

/// Both slots alike, or one of them; the newer one counts.
void Mutator::edit_header(Bytes& database) {
  const Table table = header_slot_table();
  const Page first = page_of(database, 0);
  const Page second = page_of(database, 1);
  const std::uint64_t which = random_.below(3);
  if (which != 1 && !first.empty()) edit_field(first, std::span(&table, 1));
  if (which == 1 && !second.empty()) edit_field(second, std::span(&table, 1));
  if (which == 2 && !second.empty()) std::copy(first.begin(), first.end(), second.begin());
}

void Mutator::edit_page(Bytes& database) {
  const Page page = some_structure_page(database);
  if (!page.empty()) edit_page_field(page);
}

/// Half of the time in the page's own headers: a full page has hundreds of tables of records.
void Mutator::edit_page_field(Page page) {
  constexpr std::size_t kHeaders = 3;
  const std::vector<Table> tables = tables_of_page(page);
  const bool only_headers = tables.size() > kHeaders && random_.one_in(2);
  edit_field(page, std::span(tables).first(only_headers ? kHeaders : tables.size()));
}

/// A page takes another's place, or both change places; mostly they say the number of their new
/// place.
void Mutator::move_page(Bytes& database) {
  const Page from = some_page(database);
  const Page to = some_page(database);
  if (from.empty() || to.empty()) return;
  if (random_.one_in(2)) {
    std::swap_ranges(from.begin(), from.end(), to.begin());
  } else if (from.data() != to.data()) {
    std::copy(from.begin(), from.end(), to.begin());
  }
  for (const Page page : {from, to}) {
    if (!looks_like_structure(page.data()) || random_.one_in(8)) continue;
    const auto pid = static_cast<std::size_t>(page.data() - database.data()) / kPageSize;
    reinterpret_cast<StructurePageHeader*>(page.data())->pid = static_cast<Pid>(pid);
  }
}

/// Zeros in its place; now and then both header slots go, or only what they are known by.
void Mutator::lose_page(Bytes& database) {
  const auto wipe = [](Page bytes) { std::fill(bytes.begin(), bytes.end(), std::byte{0}); };
  if (!random_.one_in(8)) return wipe(some_page(database));
  const std::size_t bytes = random_.one_in(2) ? kPageSize : sizeof(HeaderSlot::magic);
  for (const std::uint64_t slot : {0, 1}) {
    const Page page = page_of(database, slot);
    wipe(page.first(std::min(page.size(), bytes)));
  }
}

/// The state of a page of the file, with the counts that follow from it or without.
void Mutator::edit_map(Bytes& database) {
  const Page page = page_of(database, kFirstMapPage);
  if (page.empty()) return;
  auto& map = *reinterpret_cast<MapPage*>(page.data());
  const auto pid = static_cast<Pid>(random_.below(pages_ + 2));
  const PageState before = get_state(map, pid);
  const auto after = static_cast<PageState>(random_.below(4));
  set_state(map, pid, after);
  if (random_.one_in(3)) return;
  if (before == PageState::free && after != before) map.free_count = map.free_count - 1;
  if (after == PageState::free && after != before) map.free_count = map.free_count + 1;
}

void Mutator::resize(Bytes& database) {
  std::size_t bytes = random_.below(database.size() + 1);
  if (random_.one_in(2)) bytes = bytes / kPageSize * kPageSize;
  if (random_.one_in(2)) bytes = database.size() + kPageSize * (1 + random_.below(kMostGrowth));
  database.resize(std::min(bytes, Image::kMostDatabaseBytes));
  pages_ = database.size() / kPageSize;
}

// ---- the log

void Mutator::edit_chunk(Bytes& segment) {
  const auto chunks = chunk_offsets(segment);
  if (chunks.empty()) return;
  edit_field(segment, tables_of_chunk(segment, chunks[random_.below(chunks.size())]));
}

/// A field of a page whose image is in the log; or the image becomes that of a page of the file.
void Mutator::edit_logged_page(Bytes& segment, const Bytes& database) {
  const auto chunks = chunk_offsets(segment);
  if (chunks.empty()) return;
  std::vector<std::size_t> images;
  for (const Table& table : tables_of_chunk(segment, chunks[random_.below(chunks.size())])) {
    if (table.fields.data() != wal::kPageRecordHeaderFields.data()) continue;
    const auto& record = *reinterpret_cast<const wal::PageRecordHeader*>(&segment[table.offset]);
    const std::size_t payload = table.offset + sizeof record;
    const bool is_image = record.kind == static_cast<std::uint8_t>(wal::PageRecordKind::image);
    if (is_image && record.page_type != wal::kDataPage &&
        payload + kPagePayload <= segment.size()) {
      images.push_back(table.offset);
    }
  }
  if (images.empty()) return edit_chunk(segment);
  const std::size_t at = images[random_.below(images.size())];
  const auto& record = *reinterpret_cast<const wal::PageRecordHeader*>(&segment[at]);
  std::array<std::byte, kPageSize> page{};
  const std::span payload(&segment[at + sizeof record], kPagePayload);
  std::copy(payload.begin(), payload.end(), page.begin() + kPageHeaderSize);
  reinterpret_cast<StructurePageHeader*>(page.data())->type = record.page_type;
  if (pages_ > 0 && random_.one_in(8)) {
    std::copy_n(&database[random_.below(pages_) * kPageSize], kPageSize, page.begin());
  } else {
    edit_page_field(page);
  }
  std::copy(page.begin() + kPageHeaderSize, page.end(), payload.begin());
}

/// One chunk over another, cut to the room that there is.
void Mutator::move_chunk(Bytes& segment) {
  const auto chunks = chunk_offsets(segment);
  if (chunks.size() < 2) return;
  const std::size_t from = chunks[random_.below(chunks.size())];
  const std::size_t to = chunks[random_.below(chunks.size())];
  const auto& chunk = *reinterpret_cast<const wal::ChunkHeader*>(&segment[from]);
  const std::size_t bytes =
      std::min<std::size_t>(sizeof chunk + chunk.body_length, segment.size() - std::max(from, to));
  std::memmove(&segment[to], &segment[from], bytes);
}

void Mutator::edit_segment_header(Image& image) {
  auto segment = image.segments.begin();
  std::advance(segment, static_cast<std::ptrdiff_t>(random_.below(image.segments.size())));
  if (segment->second.size() < kPageSize) return;
  const Table table = segment_header_table();
  edit_field(segment->second, std::span(&table, 1));
}

/// A segment goes, comes a second time under another number, or loses its end.
void Mutator::cut_log(Image& image) {
  auto segment = image.segments.begin();
  std::advance(segment, static_cast<std::ptrdiff_t>(random_.below(image.segments.size())));
  Bytes& bytes = segment->second;
  switch (random_.below(4)) {
    case 0:
      image.segments.erase(segment);
      break;
    case 1:
      if (image.segments.size() < Image::kMostSegments) {
        image.segments.emplace(segment->first + 1 + random_.below(2), bytes);
      }
      break;
    case 2:
      bytes.resize(random_.below(bytes.size() + 1));
      break;
    default:
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(random_.below(bytes.size() + 1)),
                bytes.end(), std::byte{0});
  }
}

// ---- any bytes

void Mutator::edit_field(std::span<std::byte> bytes, std::span<const Table> tables) {
  if (tables.empty()) return;
  const Table& table = tables[random_.below(tables.size())];
  const Field& field = table.fields[random_.below(table.fields.size())];
  const std::size_t at = table.offset + random_.below(table.count) * table.stride + field.offset;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (at + field.size > bytes.size()) return;
  if (field.size <= kWord) return edit_number(bytes.subspan(at, field.size));
  const std::size_t width = std::size_t{1} << random_.below(4);
  const std::size_t index = random_.below(field.size / width);
  edit_number(bytes.subspan(at + index * width, width));
}

void Mutator::edit_number(std::span<std::byte> number) { store(interesting(load(number)), number); }

std::uint64_t Mutator::interesting(std::uint64_t old) {
  switch (random_.below(12)) {
    case 0:
      return old + 1;
    case 1:
      return old - 1;
    case 2:
      return old + random_.below(64) - 32;
    case 3:
      return old ^ std::uint64_t{1} << random_.below(64);
    case 4:
      return std::uint64_t{1} << random_.below(64);
    case 5:
      return (std::uint64_t{1} << random_.below(64)) - 1;
    case 6:
      return 0;
    case 7:
      return UINT64_MAX - random_.below(16);
    case 8:
      return pages_ + random_.below(3) - 1;
    case 9:
      return random_.next();
    case 10:
      return random_.below(kPageSize + 1);
    default:
      return random_.below(pages_);
  }
}

void Mutator::flip_bits(std::span<std::byte> bytes) {
  if (bytes.empty()) return;
  for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) {
    std::size_t at = random_.below(bytes.size());
    // Not in a hole, if that can be: what lies there is seldom looked at.
    for (int tries = 0; tries < 8 && bytes[at] == std::byte{0}; ++tries) {
      at = random_.below(bytes.size());
    }
    bytes[at] ^= static_cast<std::byte>(1u << random_.below(8));
  }
}

Mutator::Page Mutator::page_of(Bytes& database, std::uint64_t pid) {
  if (pid >= pages_) return {};
  return Page(database).subspan(pid * kPageSize, kPageSize);
}

/// Mostly one that the space map says is in use.
Mutator::Page Mutator::some_page(Bytes& database) {
  if (pages_ <= kFirstMapPage) return {};
  const auto& map = *reinterpret_cast<const MapPage*>(&database[kFirstMapPage * kPageSize]);
  std::uint64_t pid = 0;
  for (int tries = 0; tries < kTriesForAPage; ++tries) {
    pid = kFirstMapPage + random_.below(pages_ - kFirstMapPage);
    if (get_state(map, static_cast<Pid>(pid)) != PageState::free) break;
  }
  return page_of(database, pid);
}

/// Empty if there seems to be none.
Mutator::Page Mutator::some_structure_page(Bytes& database) {
  for (int tries = 0; tries < kTriesForAPage; ++tries) {
    const Page page = some_page(database);
    if (!page.empty() && looks_like_structure(page.data())) return page;
  }
  return {};
}

}  // namespace quire::fuzz
