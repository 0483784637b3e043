#include "engine/creation.h"

#include <quire/error.h>

#include <array>

#include "engine/collection_pages.h"
#include "pager/header_slots.h"
#include "pager/page_pool.h"
#include "pager/private_pages.h"
#include "pager/space_map.h"
#include "structures/hash.h"

namespace quire::engine {
namespace {

constexpr std::uint32_t kMode = 0600;  // nobody else's, unless the user says so
constexpr std::size_t kFrames = 64;

template <class T>
T random(FileSystem& file_system) {
  T value{};
  file_system.fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void set_fixed_states(pager::PrivatePages& pages) {
  auto& map =
      *reinterpret_cast<MapPage*>(pages.renew(kFirstMapPage, PageType::map, kEngineOwner).data());
  for (Pid pid = 0; pid < kFixedPages; ++pid) {
    set_state(map, pid, pid < kFirstMapPage ? PageState::owned : PageState::structure);
  }
}

/// Header slots, a map page, and a catalog without entries, all of commit 0.
void write_empty_database(FileSystem& file_system, File& file) {
  pager::Header header;
  header.uuid = random<Uuid>(file_system);
  header.generation = 1;

  pager::PagePool pool(file, pager::hash_uuid(header.uuid), kFrames);
  pager::SpaceMap space(kFixedPages);
  pager::PrivatePages pages(pool, space, 0);
  set_fixed_states(pages);
  TransactionPages catalog(pages, kEngineOwner);
  structures::Hash::create_at(catalog, kCatalogRoot, random<std::uint64_t>(file_system));
  pages.seal(0);

  header.page_count = space.page_count();
  file.truncate(std::uint64_t{header.page_count} * kPageSize);
  for (const auto& [pid, owner, frame] : pages.sealed()) {
    pool.write_base(pid, true, frame->bytes);
  }
  pager::HeaderSlots slots(file);
  slots.write(0, header);
  slots.write(1, header);
  file.sync_all();
}

std::string to_hex(std::uint64_t number) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[number >> shift & 15];
  return text;
}

void remove_quietly(FileSystem& file_system, const std::string& path) noexcept {
  try {
    file_system.remove(path);
  } catch (...) {
    // A left-over under a temporary name harms nothing; the next open removes it.
  }
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_prefix(const std::string& path) { return path + "-new."; }

void create_file(FileSystem& file_system, const std::string& path) {
  const std::string temporary = temporary_prefix(path) + to_hex(random<std::uint64_t>(file_system));
  auto file = file_system.open(temporary, OpenMode::create, kMode);
  try {
    write_empty_database(file_system, *file);
    file_system.link_without_replace(temporary, path);
  } catch (const IoError&) {
    remove_quietly(file_system, temporary);
    if (file_system.status(path)) return;  // somebody else was faster
    throw;
  }
  remove_quietly(file_system, temporary);
  file_system.sync_directory(directory_of(path));
}

}  // namespace quire::engine
