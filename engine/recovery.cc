#include "engine/recovery.h"

// From a path to an open database (rules L5 to L7, F2 to F4).
//
//     lock       the inode, then compare it with the path: a file that was replaced meanwhile is
//                opened anew
//     header     the intact slot of the greater generation
//     clean      slots that differ, or segments beside the file: both slots are written again, each
//                synced, then the segments of the own log go. Otherwise nothing is written.
//     dirty      1. pass 1 reads the whole log and writes nothing;
//                2. what nothing proves to be on the disk is written again in place and synced, and
//                   a MARK behind it;
//                3. pass 2 writes the newest content of each page to its place;
//                4. the space map is read: a page count that it does not agree with is never
//                   written to a header, and the log stays for whoever has to look at it;
//                5. the chosen slot is written again, unchanged, and the base synced;
//                6. the other slot clean, synced; the chosen one clean, synced;
//                7. only then the segments go.
//
// Recovery believes nothing that it has not synced itself: what it reads may be in the cache only,
// since the process that wrote it may have died before its sync. A crash at any line starts over:
// until the first clean slot is durable the old header and its log are whole, and replay ends in
// the same bytes. Segments of another log are never replayed and never deleted: they are set aside
// under another name and reported.

#include <cerrno>

#include "base/sabotage.h"
#include "engine/creation.h"
#include "os/memory_file_system.h"
#include "os/posix_file_system.h"
#include "pager/space_map_format.h"
#include "wal/log_reader.h"
#include "wal/segment_disposal.h"

namespace quire::engine {
namespace {

constexpr std::size_t kLeastCacheBytes = std::size_t{64} << 10;
constexpr std::size_t kLeastSegmentBytes = std::size_t{64} << 10;
constexpr int kOpenAttempts = 8;

static_assert(wal::kFewestPages == kFixedPages);

void require_valid(const Options& options) {
  const auto refuse = [](const std::string& option, const std::string& rule, std::size_t found) {
    throw InvalidArgument("Options::" + option + " is " + std::to_string(found) + "; it must be " +
                          rule);
  };
  if (options.cache_size < kLeastCacheBytes)
    refuse("cache_size", "at least 64 KiB", options.cache_size);
  const std::size_t segment = options.wal_segment_size;
  if (segment < kLeastSegmentBytes || segment % wal::kBlockSize != 0 ||
      segment >= wal::kMaxSegmentBytes) {
    refuse("wal_segment_size", "a multiple of 4096 from 64 KiB to below 4 GiB", segment);
  }
}

/// Opening one file, step by step; each step needs those before it.
class Opening {
 public:
  Opening(const std::string& path, const Options& options) : options_(options) {
    opened_.file_system = options.file_system ? options.file_system : &os::posix_file_system();
    opened_.path = files().canonical(path);
  }

  Core::Opened run() {
    open_and_lock();
    read_header();
    wal::SegmentSet segments(files(), opened_.path, opened_.base->status().mode);
    if (!opened_.header.clean) {
      recover(segments);
    } else {
      load_space_map(opened_.header.page_count);
      if (!options_.read_only) repair_clean_file(segments);
    }
    if (!options_.read_only) {
      tidy_segments(segments);
      remove_unfinished_creations(files(), opened_.path);
    }
    return std::move(opened_);
  }

 private:
  FileSystem& files() { return *opened_.file_system; }
  File& base() { return *opened_.base; }

  void open_and_lock();
  bool is_still_the_file();
  void read_header();
  void require_length(std::uint64_t pages);
  void recover(const wal::SegmentSet& segments);
  void replay_to_base(wal::LogReader& log);
  void finish_recovery(const wal::LogScan& scan);
  void replay_to_memory(wal::LogReader& log);
  void make_length_durable(Pid page_count);
  void write_clean_header(const pager::Header& header);
  void repair_clean_file(const wal::SegmentSet& segments);
  void tidy_segments(const wal::SegmentSet& segments);
  void load_space_map(Pid page_count);
  void report(Event::Kind kind, std::string message);

  const Options& options_;
  Core::Opened opened_;
  int chosen_slot_ = 0;
  bool slots_equal_ = false;
};

void Opening::open_and_lock() {
  const bool may_create = options_.create && !options_.read_only;
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    if (!files().status(opened_.path)) {
      if (!may_create) {
        throw NotFound(
            "there is no such file; check the path, or open it with Options::create to make it");
      }
      create_file(files(), opened_.path);
    }
    try {
      opened_.base = files().open(opened_.path,
                                  options_.read_only ? OpenMode::read_only : OpenMode::read_write);
    } catch (const IoError& error) {
      if (error.error_number() == ENOENT) continue;  // removed between the two looks
      throw;
    }
    const LockKind kind = options_.read_only ? LockKind::shared : LockKind::exclusive;
    if (!base().try_lock(kind) && !is_sabotaged(Sabotage::lock_of_the_file)) {
      throw LockedError(
          "the database is open elsewhere, in another process or in this one; close it there, or "
          "share that Database object");
    }
    if (is_still_the_file()) return;
  }
  throw LockedError(
      "the file is replaced again and again while it is being opened; try again later");
}

bool Opening::is_still_the_file() {
  const auto now = files().status(opened_.path);
  return now && now->identity == base().status().identity;
}

void Opening::read_header() {
  if (base().status().size == 0) {
    throw FormatError(FormatError::Reason::not_quire,
                      std::string("the file is empty, not a Quire database; ") +
                          (options_.create ? "remove it to have one made, or " : "") +
                          "give another path");
  }
  pager::HeaderSlots slots(base());
  slots.read(!options_.read_only);
  opened_.header = slots.header();
  chosen_slot_ = slots.chosen();
  slots_equal_ = slots.equal();
  opened_.visible = slots.header().checkpoint_seq;
  require_length(slots.header().page_count);
  opened_.pool = std::make_unique<pager::PagePool>(base(), pager::hash_uuid(slots.header().uuid),
                                                   options_.cache_size / kPageSize);
}

void Opening::require_length(std::uint64_t pages) {
  const std::uint64_t size = base().status().size;
  if (size < pages * kPageSize) {
    throw CorruptionError(0, "file size",
                          "at least " + std::to_string(pages * kPageSize) + " bytes",
                          std::to_string(size) + " bytes (the file was cut)");
  }
}

/// A file grows over a group of the space map only in a commit that logs the group's map page.
/// Without this a wild page count would have the file grow to terabytes.
void require_map_pages(const wal::LogScan& scan, Pid page_count_before) {
  const auto& pages = scan.index().pages();
  for (std::uint64_t pid = page_count_before; pid < scan.page_count();
       pid = std::uint64_t{group_begin(static_cast<Pid>(pid))} + kGroupSize) {
    const Pid map_pid = map_page_of(static_cast<Pid>(pid));
    if (map_pid >= page_count_before && !pages.contains(map_pid)) {
      throw CorruptionError(
          "log", "page count",
          "a map page for each group of pages, such as " + std::to_string(map_pid),
          std::to_string(scan.page_count()) + " pages without it");
    }
  }
}

void Opening::recover(const wal::SegmentSet& segments) {
  const auto began = files().monotonic_now();
  wal::LogStart start;
  start.identity = {opened_.header.uuid, opened_.header.log_id};
  start.first_segment = opened_.header.first_segment;
  start.first_generation = opened_.header.first_generation;
  start.complete_seq = opened_.header.checkpoint_seq;
  start.page_count = opened_.header.page_count;
  wal::LogReader log(segments, start);
  require_map_pages(log.scan(), start.page_count);
  opened_.recovery.recovered = true;
  opened_.recovery.commits = log.scan().commits();
  opened_.recovery.pages = log.scan().index().pages().size();
  opened_.visible = log.scan().newest_seq();
  if (options_.read_only) {
    replay_to_memory(log);
  } else {
    replay_to_base(log);
  }
  load_space_map(log.scan().page_count());
  if (!options_.read_only) finish_recovery(log.scan());
  opened_.recovery.duration = files().monotonic_now() - began;
  report(Event::Kind::recovery, "recovered " + std::to_string(opened_.recovery.commits) +
                                    " commits, " + std::to_string(opened_.recovery.pages) +
                                    " pages, up to commit " + std::to_string(opened_.visible));
}

/// Reads one page of the log; true if it is a structure page, whose header is then complete but for
/// the sum.
bool read_replayed(wal::LogReader& log, Pid pid, pager::MutablePageBytes bytes) {
  const wal::ReplayedPage page = log.read_page(pid, bytes);
  if (page.type == wal::kDataPage) return false;
  auto& header = *reinterpret_cast<StructurePageHeader*>(bytes.data());
  header.seq = page.seq;
  header.pid = pid;
  header.owner = page.owner;
  header.type = page.type;
  return true;
}

void Opening::replay_to_base(wal::LogReader& log) {
  const Pid page_count = log.scan().page_count();
  log.rewrite_tail();
  pager::Frame frame;
  for (const auto& [pid, history] : log.scan().index().pages()) {
    if (pid >= page_count) break;  // beyond the end: means nothing
    const bool is_structure = read_replayed(log, pid, frame.bytes);
    opened_.pool->write_base(pid, is_structure, frame.bytes);
  }
}

/// The base holds all pages.
void Opening::finish_recovery(const wal::LogScan& scan) {
  make_length_durable(scan.page_count());
  if (!is_sabotaged(Sabotage::chosen_header_slot))
    pager::HeaderSlots(base()).write(chosen_slot_, opened_.header);
  if (!is_sabotaged(Sabotage::recovered_page_sync)) base().sync_all();
  pager::Header clean = opened_.header;
  clean.generation += 1;
  clean.clean = true;
  clean.checkpoint_seq = scan.newest_seq();
  clean.page_count = scan.page_count();
  clean.first_generation = 0;
  clean.first_segment = 0;
  write_clean_header(clean);
}

/// The next sync covers the length too. That the file seems long enough proves nothing: a sync that
/// failed in the process before may have lost what the cache still shows. So the length changes, and
/// changes back; to write the last page again would keep whatever one bad read of it has returned.
/// A crash in between leaves a longer file.
void Opening::make_length_durable(Pid page_count) {
  const std::uint64_t needed = std::uint64_t{page_count} * kPageSize;
  std::uint64_t size = base().status().size;
  if (size < needed) {
    base().allocate(size, needed - size);
    size = needed;
  }
  if (is_sabotaged(Sabotage::recovered_length)) return;
  base().truncate(size + kPageSize);
  base().truncate(size);
}

void Opening::write_clean_header(const pager::Header& header) {
  pager::HeaderSlots slots(base());
  for (const int slot : {1 - chosen_slot_, chosen_slot_}) {
    slots.write(slot, header);
    if (!is_sabotaged(Sabotage::recovered_header_syncs)) base().sync_data();
  }
  opened_.header = header;
}

void Opening::replay_to_memory(wal::LogReader& log) {
  const auto& pages = log.scan().index().pages();
  if (pages.size() * kPageSize > options_.cache_size) {
    throw InvalidArgument(
        "the log holds " + std::to_string(pages.size() * kPageSize) +
        " bytes of pages, more than Options::cache_size; open the database for writing once, "
        "or give a larger cache");
  }
  opened_.header.page_count = log.scan().page_count();
  for (const auto& [pid, history] : pages) {
    if (pid >= opened_.header.page_count || is_sabotaged(Sabotage::log_for_readers)) break;
    pager::FramePtr frame = opened_.pool->new_frame();
    const bool is_structure = read_replayed(log, pid, frame->bytes);
    frame->verified = is_structure ? pager::Frame::Verified::structure : pager::Frame::Verified::no;
    opened_.pool->versions().install_replayed(pid, history.seq, std::move(frame));
  }
}

/// F3: a torn or stale slot may hide behind the intact one, and only a slot that this process has
/// synced may be relied on when the other is overwritten or a segment deleted.
void Opening::repair_clean_file(const wal::SegmentSet& segments) {
  if (slots_equal_ && segments.numbers().empty()) return;
  if (is_sabotaged(Sabotage::repair_of_a_clean_file)) return;
  pager::HeaderSlots slots(base());
  for (const int slot : {chosen_slot_, 1 - chosen_slot_}) {
    slots.write(slot, opened_.header);
    base().sync_data();
  }
}

void Opening::tidy_segments(const wal::SegmentSet& segments) {
  const wal::LogIdentity own{opened_.header.uuid, opened_.header.log_id};
  for (const std::string& aside : wal::dispose_of_segments(segments, own)) {
    report(Event::Kind::set_aside,
           "a log segment that belongs to another database or another copy of this one was set "
           "aside as '" +
               aside + "'; look at it before you delete it");
  }
}

void Opening::load_space_map(Pid page_count) {
  opened_.space = std::make_unique<pager::SpaceMap>(page_count);
  for (std::uint64_t pid = 0; pid < page_count; pid += kGroupSize) {
    const Pid map_pid = map_page_of(static_cast<Pid>(pid));
    const auto frame =
        opened_.pool->structure(map_pid, PageType::map, kEngineOwner, opened_.visible);
    opened_.space->load(map_pid, *reinterpret_cast<const MapPage*>(frame->bytes.data()));
  }
}

void Opening::report(Event::Kind kind, std::string message) {
  Event event;
  event.kind = kind;
  event.message = std::move(message);
  if (kind == Event::Kind::recovery) {
    event.commits = opened_.recovery.commits;
    event.pages = opened_.recovery.pages;
    event.duration = opened_.recovery.duration;
  }
  opened_.events.push_back(std::move(event));
}

}  // namespace

Core::Opened open_file(const std::string& path, const Options& options) {
  if (path.empty()) {
    throw InvalidArgument("the path of the database is empty; give the path of a file");
  }
  try {
    require_valid(options);
    return Opening(path, options).run();
  } catch (Error& error) {
    error.add_file(path);
    throw;
  }
}

Core::Opened create_in_memory(const Options& options) {
  auto memory = std::make_unique<os::MemoryFileSystem>();
  Options own = options;
  own.file_system = memory.get();
  own.read_only = false;
  own.create = true;
  Core::Opened opened = open_file("/database", own);
  opened.owned_file_system = std::move(memory);
  opened.logged = false;
  return opened;
}

}  // namespace quire::engine
