#include "engine/salvage_source.h"

#include <quire/error.h>

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "pager/header_slots.h"

namespace quire::engine {
namespace {

constexpr std::size_t kMostUnreadable = 1000;
constexpr std::uint64_t kLoadsPerProgress = 256;

std::unique_ptr<File> open_locked(FileSystem& files, const std::string& path) {
  if (!files.status(path)) {
    throw NotFound("there is no such file; check the path of the database to salvage");
  }
  auto file = files.open(path, OpenMode::read_only);
  if (!file->try_lock(LockKind::shared)) {
    throw LockedError(
        "the database is open elsewhere, in another process or in this one; close it there");
  }
  return file;
}

[[noreturn]] void wrong_page(Pid pid, const char* field, const std::string& expected,
                             std::uint64_t found) {
  throw CorruptionError(pid, field, expected, std::to_string(found));
}

}  // namespace

SalvageSource::SalvageSource(FileSystem& files, const std::string& path,
                             const SalvageOptions& options, const ProgressFunction& progress,
                             SalvageReport& report)
    : progress_(progress), report_(report), file_(open_locked(files, path)) {
  const std::uint64_t pages = file_->status().size / kPageSize;
  file_pages_ = static_cast<Pid>(std::min<std::uint64_t>(pages, UINT32_MAX));
  const wal::SegmentSet segments(files, path, file_->status().mode);
  const SalvageHeader found = find_salvage_header(*file_, segments, options.uuid);
  if (found.uuid) uuid_hash_ = pager::hash_uuid(*found.uuid);
  page_count_ = found.page_count;
  seq_ = found.seq;
  if (found.log) {
    log_ = std::make_unique<wal::LogReader>(segments, *found.log, wal::OnDamage::stop);
    const wal::LogScan& scan = log_->scan();
    seq_ = scan.newest_seq();
    page_count_ = scan.page_count();
    may_mix_ = !scan.damage().empty();
    report_.log_damage = scan.damage();
  }
  // Pages that a cut-off checkpoint has written may refer to others behind the page count.
  if (may_mix_) page_count_ = std::max(page_count_, file_pages_);
  report_.header_lost = found.is_lost;
  report_.header_foreign = found.is_foreign;
  report_.uuid_rejected = found.hint_is_wrong;
  report_.is_certain = !found.is_uncertain && found.uuid.has_value();
  report_.sums_compared = found.uuid.has_value();
  report_.pages = page_count_;
  report_.missing_pages = missing_before(std::min(found.page_count, page_count_));
  if (found.log || !found.is_lost) report_.seq = seq_;
}

bool SalvageSource::exists(Pid pid) const noexcept {
  if (pid < kFirstMapPage || pid >= page_count_) return false;
  return pid < file_pages_ || (log_ && log_->scan().index().pages().contains(pid));
}

/// Pages below `end` that are neither in the file nor in the log.
Pid SalvageSource::missing_before(Pid end) const {
  if (file_pages_ >= end) return 0;
  Pid missing = end - file_pages_;
  if (!log_) return missing;
  const auto& logged = log_->scan().index().pages();
  return missing -
         static_cast<Pid>(std::distance(logged.lower_bound(file_pages_), logged.lower_bound(end)));
}

void SalvageSource::for_each_page(const std::function<void(Pid)>& fn) const {
  const Pid in_file = std::min(file_pages_, page_count_);
  for (Pid pid = kFixedPages; pid < in_file; ++pid) fn(pid);
  if (!log_) return;
  const auto& logged = log_->scan().index().pages();
  for (auto page = logged.lower_bound(in_file); page != logged.end(); ++page) {
    if (page->first < page_count_) fn(page->first);
  }
}

void SalvageSource::count_load() {
  if (++loads_ % kLoadsPerProgress != 0 || !progress_) return;
  progress_(std::min<std::uint64_t>(loads_, page_count_), page_count_);
}

SalvageSource::Loaded SalvageSource::load(Pid pid) {
  count_load();
  if (!exists(pid)) {
    if (pid >= file_pages_ && pid < page_count_) {
      wrong_page(pid, "length of the file", std::to_string(pid + 1ULL) + " pages or more",
                 file_pages_);
    }
    wrong_page(pid, "pointer to a page", "2.." + std::to_string(page_count_ - 1) + " of the file",
               pid);
  }
  try {
    if (log_ && log_->scan().index().pages().contains(pid)) return load_logged(pid);
    Loaded loaded{std::make_shared<pager::Frame>()};
    const auto offset = std::uint64_t{pid} * kPageSize;
    const std::size_t count = file_->read_at(offset, loaded.frame->bytes);
    if (count != kPageSize) wrong_page(pid, "length", "4096", count);
    return loaded;
  } catch (const IoError& error) {
    throw CorruptionError(pid, "page", "one that can be read", error.what());
  }
}

SalvageSource::Loaded SalvageSource::load_logged(Pid pid) {
  Loaded loaded{std::make_shared<pager::Frame>()};
  const wal::ReplayedPage page = log_->read_page(pid, loaded.frame->bytes);
  if (page.type == wal::kDataPage) return loaded;
  loaded.is_logged_structure = true;
  StructurePageHeader& header = loaded.frame->header();
  header.seq = page.seq;
  header.pid = pid;
  header.owner = page.owner;
  header.type = page.type;
  return loaded;
}

void SalvageSource::require_intact(Pid pid, const Loaded& loaded) const {
  if (!loaded.is_logged_structure) {
    // Reserved bytes mean nothing where a sum says that they are as they were written.
    const bool is_structure = uuid_hash_ ? claims_to_be_structure(pid, loaded.frame->bytes)
                                         : looks_like_structure(pid, loaded.frame->bytes);
    if (!is_structure) {
      wrong_page(pid, "header", "that of this structure page", loaded.frame->header().pid);
    }
    if (uuid_hash_ && !has_structure_sum(pid, loaded.frame->bytes, *uuid_hash_)) {
      wrong_page(pid, "checksum", "that of the bytes", loaded.frame->header().sum);
    }
  }
  if (!may_mix_ && is_newer(loaded.frame->header().seq)) {
    wrong_page(pid, "seq", "at most " + std::to_string(seq_), loaded.frame->header().seq);
  }
}

template <class Fn>
pager::FramePtr SalvageSource::counted(Pid pid, Fn&& fn) {
  try {
    return fn();
  } catch (const CorruptionError& error) {
    note_unreadable(pid, error.finding());
    throw;
  }
}

void SalvageSource::note_unreadable(Pid pid, const std::string& what) {
  if (unreadable_.contains(pid)) return;
  // Wild pointers are not remembered: a hostile file could have billions of them.
  if (exists(pid)) unreadable_.insert(pid);
  ++report_.unreadable_page_count;
  if (report_.unreadable_pages.size() < kMostUnreadable)
    report_.unreadable_pages.push_back({pid, what});
}

pager::FramePtr SalvageSource::structure(Pid pid, PageType type, CollectionId owner) {
  return counted(pid, [&] {
    const Loaded loaded = load(pid);
    require_intact(pid, loaded);
    const StructurePageHeader& header = loaded.frame->header();
    if (header.type != static_cast<std::uint8_t>(type)) {
      wrong_page(pid, "type", std::to_string(static_cast<unsigned>(type)), header.type);
    }
    if (header.owner != owner) wrong_page(pid, "owner", std::to_string(owner), header.owner);
    return loaded.frame;
  });
}

pager::FramePtr SalvageSource::data(Pid pid, Sum32 sum) {
  return counted(pid, [&] {
    Loaded loaded = load(pid);
    const auto found =
        uuid_hash_
            ? static_cast<Sum32>(checksum64(loaded.frame->bytes, page_seed(*uuid_hash_, pid)))
            : sum;
    if (loaded.is_logged_structure || found != sum) {
      wrong_page(pid, "checksum of a data page", std::to_string(sum), found);
    }
    return loaded.frame;
  });
}

pager::FramePtr SalvageSource::recognise(Pid pid) {
  try {
    const Loaded loaded = load(pid);
    require_intact(pid, loaded);
    return loaded.frame;
  } catch (const CorruptionError&) {
    return nullptr;
  }
}

std::optional<PageState> SalvageSource::state(Pid pid) {
  const Pid map_pid = map_page_of(pid);
  if (map_pid != map_pid_) {
    map_pid_ = map_pid;
    map_ = recognise(map_pid);
    const bool is_map = map_ && map_->header().owner == kEngineOwner &&
                        map_->header().type == static_cast<std::uint8_t>(PageType::map);
    if (!is_map) {
      map_ = nullptr;
      note_unreadable(map_pid, "this page of the space map cannot be read");
    }
  }
  if (!map_) return std::nullopt;
  return get_state(*reinterpret_cast<const MapPage*>(map_->bytes.data()), pid);
}

bool SalvageSource::claim(Pid first, std::uint32_t count) {
  const std::uint64_t end = std::uint64_t{first} + count;
  for (std::uint64_t pid = first; pid < end; ++pid) {
    const auto page = static_cast<Pid>(pid);
    if (pid >= page_count_ || !exists(page) || claimed_.contains(page)) return false;
  }
  for (std::uint64_t pid = first; pid < end; ++pid) claimed_.insert(static_cast<Pid>(pid));
  return true;
}

}  // namespace quire::engine
