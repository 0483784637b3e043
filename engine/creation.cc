#include "engine/creation.h"

#include <quire/error.h>

#include <array>

#include "base/hex.h"
#include "base/sabotage.h"
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
constexpr std::string_view kTemporaryInfix = "-new.";
using TemporaryName = std::array<unsigned char, 8>;

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
  if (!is_sabotaged(Sabotage::new_file_sync)) file.sync_all();
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
  if (slash == 0) return "/";
  return path.substr(0, slash);
}

void create_file(FileSystem& file_system, const std::string& path) {
  const std::string temporary =
      path + std::string(kTemporaryInfix) + to_hex(random<TemporaryName>(file_system));
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
  if (is_sabotaged(Sabotage::new_file_name_sync)) return;
  file_system.sync_directory(directory_of(path));
}

void remove_unfinished_creations(FileSystem& file_system, const std::string& path) {
  const std::string directory = directory_of(path);
  const std::string prefix = path.substr(path.rfind('/') + 1) + std::string(kTemporaryInfix);
  for (const std::string& name : file_system.list(directory)) {
    // Only names that create_file() makes: a user's file may begin alike.
    if (!name.starts_with(prefix)) continue;
    if (!is_hex(std::string_view(name).substr(prefix.size()), sizeof(TemporaryName))) continue;
    std::string unfinished = directory;
    if (unfinished != "/") unfinished += '/';
    remove_quietly(file_system, unfinished + name);
  }
}

}  // namespace quire::engine
