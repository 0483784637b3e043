#include "tests/sabotage/disks.h"

#include "tests/sabotage/detectors.h"
#include "torture/content.h"
#include "torture/operation.h"

namespace quire::sabotage {

using torture::stamped_bytes;

Options options_on(FileSystem& files, std::size_t frames) {
  Options options;
  options.file_system = &files;
  options.cache_size = frames * 4096;
  options.wal_segment_size = std::size_t{64} << 10;
  return options;
}

void commit_number(Database& database, int number, Durability durability) {
  Transaction txn = database.begin();
  const auto stamp = static_cast<std::uint64_t>(number) * 1000;
  auto table = txn.open<Hash>("table");
  for (int key = 0; key < 8; ++key) {
    table.put("key " + std::to_string(key), stamped_bytes(700, stamp + key));
  }
  table.put("newest", std::to_string(number));
  auto list = txn.open<List>("list");
  list.push_back(stamped_bytes(900, stamp + 10));
  list.push_back(stamped_bytes(900, stamp + 11));
  txn.open<Blob>("blob").write(0, stamped_bytes(9000, stamp + 20));
  txn.commit(durability);
}

Disk disk_with_live_log(int commits) {
  Disk disk = clean_disk(0);
  auto database = Database::open(kPath, options_on(*disk));
  for (int number = 1; number <= commits; ++number) commit_number(database, number);
  return disk->crash(CrashPolicy::process_death());
}

Disk clean_disk(int commits) {
  auto disk = std::make_unique<SimulatedFileSystem>();
  auto database = Database::open(kPath, options_on(*disk));
  for (int number = 0; number <= commits; ++number) commit_number(database, number);
  database.close();
  return disk;
}

Disk copy_of(const SimulatedFileSystem& files) { return files.crash(CrashPolicy::keep_all()); }

std::string content_on(FileSystem& files, bool read_only) {
  Options options = options_on(files);
  options.read_only = read_only;
  const auto database = Database::open(kPath, options);
  return torture::content_of(database);
}

pager::Header header_on(FileSystem& files) {
  const auto base = files.open(kPath, OpenMode::read_only);
  pager::HeaderSlots slots(*base);
  slots.read(false);
  return slots.header();
}

wal::LogStart log_start_on(FileSystem& files) {
  const pager::Header header = header_on(files);
  return {{header.uuid, header.log_id},
          header.first_segment,
          header.first_generation,
          header.checkpoint_seq,
          header.page_count};
}

std::string segment_path(int number) {
  return std::string(kPath) + "-wal.00000" + std::to_string(number);
}

std::uint64_t first_call(const SimulatedFileSystem& files, const std::string& operation,
                         std::uint64_t from) {
  for (std::uint64_t call = from; call < files.crash_points(); ++call) {
    if ((files.operation_name(call) + " ").starts_with(operation + " ")) return call;
  }
  throw std::runtime_error("there is no call '" + operation + "'");
}

Disk disk_with_a_failed_checkpoint(void (*program)(Database&), const std::string& operation,
                                   FaultKind kind, std::uint64_t count) {
  const auto run = [program](SimulatedFileSystem& files) {
    auto database = Database::open(kPath, options_on(files));
    program(database);
    const std::uint64_t before = files.crash_points();
    try {
      database.checkpoint();
    } catch (const IoError&) {
    }
    return before;
  };
  const Disk whole = clean_disk(2);
  const std::uint64_t call = first_call(*whole, operation, run(*whole));
  Disk disk = clean_disk(2);
  disk->set_faults({{{kind, call, count}}});
  run(*disk);
  return disk;
}

void flip(FileSystem& files, const std::string& path, std::uint64_t offset) {
  const auto file = files.open(path, OpenMode::read_write);
  std::byte byte{};
  file->read_at(offset, {&byte, 1});
  byte ^= std::byte{0x40};
  file->write_at(offset, ByteView(&byte, 1));
}

void require_refused(FileSystem& files, const std::string& what) {
  try {
    Database::open(kPath, options_on(files));
  } catch (const Error&) {
    return;
  }
  throw std::runtime_error("opened all the same: " + what);
}

}  // namespace quire::sabotage
