#include "engine/salvage_target.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/hex.h"
#include "engine/creation.h"
#include "engine/recovery.h"

namespace quire::engine {
namespace {

constexpr std::string_view kTemporaryInfix = "-salvage.";

std::string temporary_name(FileSystem& files, const std::string& path) {
  std::array<unsigned char, 8> random{};
  files.fill_random(std::as_writable_bytes(std::span(random)));
  return path + std::string(kTemporaryInfix) + to_hex(random);
}

[[noreturn]] void refuse_taken(const std::string& path) {
  InvalidArgument taken(
      "the path of the new database exists already, and a salvage overwrites nothing; give the "
      "path of a file that is not there");
  taken.add_file(path);
  throw taken;
}

}  // namespace

SalvageTarget::SalvageTarget(FileSystem& files, const std::string& path,
                             const SalvageOptions& options)
    : files_(files), path_(files.canonical(path)), temporary_(temporary_name(files, path_)) {
  if (files_.status(path_)) refuse_taken(path_);
  Options how;
  how.file_system = &files_;
  how.cache_size = options.cache_size;
  // Zeros that are written ahead: no more of them than of cache.
  how.wal_segment_size = std::min(how.wal_segment_size, options.cache_size / kPageSize * kPageSize);
  try {
    core_ = Core::start(open_file(temporary_, how), how);
  } catch (...) {
    remove_files();
    throw;
  }
}

SalvageTarget::~SalvageTarget() {
  if (!core_) return;
  core_.reset();
  remove_files();
}

void SalvageTarget::finish() {
  core_->close();
  try {
    files_.link_without_replace(temporary_, path_);
  } catch (const IoError& error) {
    if (error.error_number() == EEXIST) refuse_taken(path_);
    throw;
  }
  core_.reset();
  remove_files();
  files_.sync_directory(directory_of(path_));
}

/// The temporary database and its log.
void SalvageTarget::remove_files() noexcept {
  try {
    const std::string directory = directory_of(temporary_);
    const std::string prefix = temporary_.substr(temporary_.rfind('/') + 1);
    for (const std::string& name : files_.list(directory)) {
      if (name.starts_with(prefix)) {
        files_.remove(directory == "/" ? "/" + name : directory + "/" + name);
      }
    }
  } catch (...) {
    // Left-overs under temporary names harm nothing.
  }
}

CollectionPtr create_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& parent,
                        std::string_view name, std::string_view kind, ByteView options) {
  const CallPass pass(session->core());
  return changing(*session, [&] {
    CollectionPtr made =
        parent ? session->create_child(parent, name, kind) : session->create(name, kind);
    if (!options.empty()) session->set_options(made, options);
    return made;
  });
}

CollectionPtr find_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& parent,
                      std::string_view name, std::string_view kind) {
  const CallPass pass(session->core());
  return parent ? session->find_child(parent, name, kind) : session->find(name, kind);
}

bool is_taken(const SalvageTarget::SessionPtr& session, std::string_view name) {
  const CallPass pass(session->core());
  return session->kind_of(name).has_value();
}

void rename_in(const SalvageTarget::SessionPtr& session, std::string_view from,
               std::string_view to) {
  const CallPass pass(session->core());
  changing(*session, [&] { session->rename(from, to); });
}

void detach_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& child,
               std::string_view name) {
  const CallPass pass(session->core());
  changing(*session, [&] {
    TransactionPages pages(session->pages(), kEngineOwner);
    Catalog catalog(pages);
    CatalogEntry entry = child->entry;
    entry.parent = 0;
    catalog.erase(catalog_key(*child));
    catalog.put(name, entry);
  });
}

void forget_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& composite) {
  const CallPass pass(session->core());
  changing(*session, [&] {
    TransactionPages pages(session->pages(), kEngineOwner);
    Catalog(pages).erase(catalog_key(*composite));
  });
}

}  // namespace quire::engine
