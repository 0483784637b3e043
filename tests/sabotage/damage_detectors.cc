#include <quire/quire.h>

#include <algorithm>
#include <array>
#include <optional>

#include "pager/page_pool.h"
#include "tests/sabotage/detectors.h"
#include "tests/sabotage/disks.h"
#include "torture/content.h"

namespace quire::sabotage {
namespace {

/// Throws if reading everything gives anything but `content` or a quire::Error.
void require_right_or_refused(FileSystem& files, const std::string& content,
                              const std::string& damage) {
  std::string found;
  try {
    found = content_on(files, true);
  } catch (const Error&) {
    return;
  }
  require(found == content, "wrong content, and no error: " + damage);
}

std::vector<Pid> pages_of_type(File& base, Pid page_count, PageType type) {
  std::vector<Pid> pids;
  for (Pid pid = 2; pid < page_count; ++pid) {
    StructurePageHeader header;
    base.read_at(pid * kPage, std::as_writable_bytes(std::span(&header, 1)));
    if (header.pid == pid && header.type == static_cast<std::uint8_t>(type)) pids.push_back(pid);
  }
  return pids;
}

/// Changes the header of a page that a list has, and gives it a sum that holds.
void reseal_list_node(FileSystem& files, void (*change)(StructurePageHeader&)) {
  const pager::Header header = header_on(files);
  const auto base = files.open(kPath, OpenMode::read_write);
  const std::vector<Pid> nodes = pages_of_type(*base, header.page_count, PageType::list_node);
  require(!nodes.empty(), "there is no list");
  std::array<std::byte, kPageSize> page;
  base->read_at(nodes.back() * kPage, page);
  change(*reinterpret_cast<StructurePageHeader*>(page.data()));
  pager::PagePool(*base, pager::hash_uuid(header.uuid), 16).write_base(nodes.back(), true, page);
}

/// A new database with one commit, of a machine of its own.
Disk new_disk_with_live_log(std::uint64_t seed) {
  SimulatedFileSystem files(seed);
  auto database = Database::open(kPath, options_on(files));
  commit_number(database, static_cast<int>(seed));
  return files.crash(CrashPolicy::process_death());
}

/// Puts the bytes of one file in the place of another's.
void overwrite(FileSystem& from, const std::string& source, FileSystem& to) {
  const auto file = from.open(source, OpenMode::read_only);
  std::vector<std::byte> bytes(file->status().size);
  file->read_at(0, bytes);
  const auto copy = to.open(source, to.status(source) ? OpenMode::read_write : OpenMode::create);
  copy->write_at(0, ByteView(bytes));
  copy->truncate(bytes.size());
}

/// Whether a segment is there, in its place or set aside.
bool has_log_file(FileSystem& files) {
  const auto names = files.list("/");
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("-wal") != name.npos && name.find("-wal-new") == name.npos;
  });
}

}  // namespace

void damaged_pages() {
  const Disk disk = clean_disk(2);
  const std::string content = content_on(*disk, true);
  const std::uint64_t bytes = disk->status(kPath)->size;
  for (std::uint64_t offset = 2 * kPage; offset < bytes; offset += 501) {
    flip(*disk, kPath, offset);
    require_right_or_refused(*disk, content, "byte " + std::to_string(offset) + " flipped");
    flip(*disk, kPath, offset);
  }
}

void hostile_page_headers() {
  using Change = void (*)(StructurePageHeader&);
  for (const Change change : {
           Change{[](StructurePageHeader& header) { header.pid = header.pid + 1; }},
           Change{[](StructurePageHeader& header) { header.owner = header.owner + 1; }},
           Change{[](StructurePageHeader& header) { header.seq = 1'000'000; }},
           Change{[](StructurePageHeader& header) {
             header.type = static_cast<std::uint8_t>(PageType::value);
           }},
       }) {
    const Disk disk = clean_disk(2);
    reseal_list_node(*disk, change);
    const auto database = Database::open(kPath, options_on(*disk));
    require(!database.check().ok(), "check() takes a page for what its header denies");
    bool is_refused = false;
    try {
      torture::content_of(database);
    } catch (const CorruptionError&) {
      is_refused = true;
    }
    require(is_refused, "a page was taken for what its header denies");
  }
}

void damaged_log() {
  const Disk left = disk_with_live_log(6);  // of several segments
  require(left->status(segment_path(2)).has_value(), "the log is too short");
  Disk disk = copy_of(*left);
  flip(*disk, segment_path(1), 4096 + 100);
  require_refused(*disk, "a commit is damaged that others were synced behind");

  disk = copy_of(*left);
  for (int number = 2; disk->status(segment_path(number)); ++number) {
    disk->remove(segment_path(number));
  }
  require_refused(*disk, "the segment that the END leads to is missing");
}

void shortened_log() {
  const Disk disk = disk_with_live_log(1);
  disk->open(segment_path(1), OpenMode::read_write)->truncate(64 * 1024 - kPage);
  require_refused(*disk, "a segment has lost its end");
}

void damage_while_pages_are_saved() {
  const Disk disk = disk_with_a_failed_checkpoint(
      [](Database& database) {
        commit_number(database, 3, Durability::relaxed);  // so that nothing but the mark proves it
      },
      "write " + std::string(kPath), FaultKind::partial_write, Fault::kForever);
  const Disk left = disk->crash(CrashPolicy::keep_all());
  flip(*left, segment_path(1), 4096 + 100);
  require_refused(*left, "pages of the commit are in the file, and its record is damaged");
}

void foreign_log() {
  // Parts of a copy of another database that were put back in the wrong place.
  const Disk foreign = new_disk_with_live_log(7);
  const Disk dirty = new_disk_with_live_log(8);
  overwrite(*foreign, segment_path(1), *dirty);
  require_refused(*dirty, "the log is another database's");
}

void foreign_left_over() {
  const Disk foreign = new_disk_with_live_log(7);
  const Disk clean = clean_disk(1);
  overwrite(*foreign, segment_path(1), *clean);
  const auto opened = Database::open(kPath, options_on(*clean));
  require(has_log_file(*clean), "a segment of another database was deleted");
}

void crash_before_a_foreign_left_over() {
  const Disk foreign = new_disk_with_live_log(7);
  CrashOptions options;
  options.path = kPath;
  const CrashReport report = explore_program_crashes(
      [&](CrashRun& run) {
        run.open().close();
        overwrite(*foreign, segment_path(1), run.files());
        run.files().open(segment_path(1), OpenMode::read_write)->sync_all();
        run.files().sync_directory("/");
        run.start_trying();
        run.open().close();
      },
      [](CrashRun& run) {
        require(has_log_file(run.files()), "a segment of another database is lost");
        run.open().close();
        require(has_log_file(run.files()), "a segment of another database was deleted");
      },
      options);
  require(report.ok(), message_of(report));
}

void stale_header() {
  const Disk disk = clean_disk(1);
  pager::Header header = header_on(*disk);
  header.generation += 1;
  header.compat ^= 1;
  pager::HeaderSlots(*disk->open(kPath, OpenMode::read_write)).write(1, header);
  require(header_on(*disk) == header, "the older one of two header slots was chosen");
}

/// Each of the two opens the file, whatever of the close has not reached the disk.
void lost_header_slot() {
  const Disk closed = clean_disk(1);
  const std::string content = content_on(*copy_of(*closed));
  for (std::size_t lost = 0; lost < closed->pending().size(); ++lost) {
    for (const std::uint64_t slot : {0, 1}) {
      const Disk disk = closed->crash(CrashPolicy::drop_one(lost));
      flip(*disk, kPath, slot * kPage + 100);
      require(content_on(*disk) == content, "one header slot alone does not open the file");
    }
  }
}

/// What one open finds damaged it repairs, before the next damage.
void header_slots_lost_one_by_one() {
  const Disk disk = clean_disk(1);
  const std::string content = content_on(*copy_of(*disk));
  for (const std::uint64_t slot : {0, 1, 0}) {
    flip(*disk, kPath, slot * kPage + 100);
    require(content_on(*disk) == content, "a damaged header slot was not repaired");
  }
}

void log_of_another_checkpoint() {
  const Disk disk = disk_with_live_log(2);
  pager::Header header = header_on(*disk);
  header.generation += 1;
  header.first_generation += 1;
  pager::HeaderSlots(*disk->open(kPath, OpenMode::read_write)).write(0, header);
  require_refused(*disk, "the log begins with another generation than the header says");
}

void reader_of_a_live_log() {
  const Disk disk = disk_with_live_log(2);
  const std::string seen = content_on(*disk, true);
  require(content_on(*disk) == seen, "a reader does not see what the log holds");
}

void second_opener() {
  const Disk disk = clean_disk(1);
  const auto first = Database::open(kPath, options_on(*disk));
  bool is_refused = false;
  try {
    Database::open(kPath, options_on(*disk));
  } catch (const LockedError&) {
    is_refused = true;
  }
  require(is_refused, "two have the file open for writing");
}

}  // namespace quire::sabotage
