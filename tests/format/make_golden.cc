// Makes the golden files of tests/format/golden:
//
//     clean      a database that was closed, with every kind of collection
//     wide       a hash with directory pages, and a list of three levels
//     crashed    its process died; a live log with every form of record and an unfinished commit at
//                its end
//     dropping   its process died while a dropped collection was being freed
//     imported   its process died behind a transaction larger than its memory; a live log of what was
//                there before, and of runs of early pages in its place
//
//     make_golden DIRECTORY       writes clean.quire and so on, logs, and what they hold: clean.json
//
// It ran once for format 1.0, and the files in git are opened for ever. What is new is added to those
// that are there:
//
//     make_golden DIR; cd DIR; cmake -E tar cJf format-1.0.tar.xz *.quire*
//
// Each test run makes new ones and reads them with reader.py too.

#include <quire/quire.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

#include "os/memory_file_system.h"
#include "pager/header_slots.h"
#include "pager/page_pool.h"
#include "pager/space_map_format.h"
#include "structures/hash_format.h"
#include "tests/format/content_summary.h"
#include "tests/format/golden_types.h"
#include "tests/format/log_rewriter.h"
#include "wal/segment_reader.h"

namespace quire::testing {
namespace {

constexpr const char* kDirectory = "/golden";
constexpr const char* kClean = "/golden/clean.quire";
constexpr const char* kWide = "/golden/wide.quire";
constexpr const char* kCrashed = "/golden/crashed.quire";
constexpr const char* kDropping = "/golden/dropping.quire";
constexpr const char* kImported = "/golden/imported.quire";
/// The least that Options allow, so that a short log has several segments, and commits of several
/// chunks.
constexpr std::uint64_t kSegmentBytes = 64 << 10;

/// `size` bytes that differ for each number and pack well.
std::string text(unsigned number, std::size_t size) {
  const std::string line = "line of text " + std::to_string(number) + "\n";
  std::string all;
  while (all.size() < size) all += line;
  all.resize(size);
  return all;
}

std::string key(unsigned number) { return "key " + std::to_string(number); }

// ---- content

void put_lengths_at_every_limit(Hash table) {
  for (const unsigned length : {0u, 1u, 1000u, 1001u, 4056u, 4057u, 30'000u, 65'536u, 65'537u}) {
    table.put("value of " + std::to_string(length), text(length, length));
  }
  for (const unsigned length : {1000u, 1001u, 9000u, 66'000u}) {
    table.put(text(length, length), "key of " + std::to_string(length));
  }
  table.put("", "the empty key");
  table.put(text(7, 1500), text(8, 2500));
  // Appends double the run, so this one has pages to spare.
  for (int i = 0; i < 3; ++i) table.append("grown", text(9, 3000));
}

void fill_blobs(Transaction& txn) {
  txn.create<Blob>("empty");
  txn.create<Blob>("short").append(text(1, 4032));
  Blob middle = txn.create<Blob>("middle, with a hole");
  middle.write(0, text(2, 10'000));
  middle.write(30'000, text(3, 5000));
  Blob sparse = txn.create<Blob>("sparse, größer als 2 MB");
  sparse.resize(5'000'000);
  sparse.write(0, text(4, 5000));
  sparse.write(3'000'000, text(5, 100));
  sparse.write(4'999'990, text(6, 10));
}

void fill_lists(Transaction& txn) {
  txn.create<List>("empty list");
  List list = txn.create<List>("list");
  for (unsigned i = 0; i < 300; ++i) list.push_back(text(i, i % 60));
  for (const unsigned length : {0u, 1u, 1000u, 1001u, 4057u, 65'536u, 65'537u}) {
    list.insert(list.size() / 2, text(length, length));
  }
  list.push_front("the first");
}

void fill_composites(Transaction& txn) {
  Shelf shelf = txn.create<Shelf>("shelf", {.label = std::string("\x01\0\xff", 3)});
  shelf.box().content().append(text(12, 6000));
  for (unsigned i = 0; i < 20; ++i) {
    shelf.index().put(key(i), text(i, 100));
    shelf.items().push_back(key(i));
  }
  txn.create<Shelf>("empty shelf");
  txn.create<Shelf>("dropped shelf").items().push_back(text(13, 2000));
}

void make_clean(FileSystem& files) {
  Options options;
  options.file_system = &files;
  Database database = Database::open(kClean, options);
  database.transact([](Transaction& txn) {
    put_lengths_at_every_limit(txn.create<Hash>("limits"));
    Hash table = txn.create<Hash>("table");
    for (unsigned i = 0; i < 60; ++i) table.put(key(i), text(i, 700 + 5 * i));
    txn.create<Hash>("dropped").put("k", text(10, 20'000));
    txn.create<Blob>("dropped too").append(text(11, 20'000));
  });
  database.transact(fill_blobs);
  database.transact(fill_lists);
  database.transact(fill_composites);
  database.transact([](Transaction& txn) {
    for (const char* name : {"dropped", "dropped too", "dropped shelf"}) txn.drop(name);
    txn.rename("shelf", "shelf, renamed");
    txn.open<List>("list").erase(10, 100);
    Hash table = txn.open<Hash>("table");
    for (unsigned i = 0; i < 60; i += 7) table.erase(key(i));
    for (unsigned i = 1; i < 60; i += 7) table.put(key(i), text(i, 10));
    txn.open<Blob>("middle, with a hole").punch(4096, 4096);
    txn.create<Hash>("empty table");
  });
  database.close();
}

/// A table's page of a closed file, changed by hand, with sums that hold.
void change_root(FileSystem& files, const std::string& path,
                 const std::function<void(structures::HashRootPage&)>& change) {
  const auto file = files.open(path, OpenMode::read_write);
  pager::HeaderSlots slots(*file);
  slots.read(true);
  pager::PagePool pool(*file, pager::hash_uuid(slots.header().uuid), 16);
  for (Pid pid = kFixedPages; pid < slots.header().page_count; ++pid) {
    pager::Frame frame;
    file->read_at(std::uint64_t{pid} * kPageSize, frame.bytes);
    if (frame.header().type != static_cast<std::uint8_t>(PageType::hash_root)) continue;
    change(*reinterpret_cast<structures::HashRootPage*>(frame.bytes.data()));
    pool.write_base(pid, true, frame.bytes);
  }
}

/// Segments of one page each: a small table then needs a directory, like one of two gigabytes. A
/// node has 252 children, so the list has more leaves than that.
void make_wide(FileSystem& files) {
  Options options;
  options.file_system = &files;
  Database::open(kWide, options).transact([](Transaction& txn) { txn.create<Hash>("table"); });
  change_root(files, kWide, [](structures::HashRootPage& root) { root.cap_log2 = 0; });
  Database database = Database::open(kWide, options);
  database.transact([](Transaction& txn) {
    Hash table = txn.open<Hash>("table");
    for (unsigned i = 0; i < 1700; ++i) table.put(key(i), text(i, 900));
    List list = txn.create<List>("deep list");
    for (unsigned i = 0; i < 1300; ++i) list.push_back(text(i, 900));
  });
  database.close();
}

/// Commits of every kind; what they leave is the base of the crashed file or of its log.
void change(Database& database, unsigned round) {
  database.transact([&](Transaction& txn) {
    Hash table = txn.open<Hash>("table");
    for (unsigned i = 0; i < 12; ++i) table.put(key(i * round), text(round, 100 + 70 * i));
  });
  database.transact([&](Transaction& txn) {
    txn.open<Hash>("table").put("long", text(round, 15'000 * round));
    txn.open<Blob>("grows").append(text(round, 11'000));
    List list = txn.open<List>("list");
    for (unsigned i = 0; i < 30; ++i) list.insert(list.size() / 3, text(i * round, 10 * i));
  });
  database.transact([&](Transaction& txn) {
    txn.open<Blob>("dropped " + std::to_string(round)).append(text(round, 9000));
    if (round > 1) txn.drop("dropped " + std::to_string(round - 1));
    txn.open<Hash>("table").erase(key(round));
    txn.open<Blob>("grows").write(100, text(round, 50));
    txn.open<List>("list").erase(2 * round, 5);
    Shelf shelf = txn.open<Shelf>("shelf " + std::to_string(round / 2));
    shelf.items().push_back(text(round, 100));
    shelf.index().put(key(round), text(round, 1200));
  });
}

// ---- the crashed file

void copy(FileSystem& from, FileSystem& to, const std::string& path) {
  const auto source = from.open(path, OpenMode::read_only);
  std::vector<std::byte> bytes(source->status().size);
  source->read_at(0, bytes);
  to.open(path, OpenMode::create)->write_at(0, ByteView(bytes));
}

/// Takes the end off the last chunk, which is a COMMIT.
void tear_tail(const wal::SegmentSet& segments, std::uint32_t number) {
  auto segment = wal::SegmentReader::open_any(segments, number);
  std::uint64_t offset = wal::kBlockSize;
  std::uint64_t last = 0;
  std::size_t body_bytes = 0;
  while (const auto chunk = segment->chunk(offset)) {
    last = offset;
    body_bytes = chunk->body.size();
    offset = wal::round_up(offset + wal::kChunkHeaderSize + body_bytes, wal::kChunkAlignment);
    if (chunk->header.flags & wal::kGroupEndsFlag) {
      offset = wal::round_up(offset, wal::kBlockSize);
    }
  }
  const std::vector<std::byte> zeros(body_bytes / 2);
  const std::uint64_t end = last + wal::kChunkHeaderSize + body_bytes;
  segments.open(number, OpenMode::read_write)->write_at(end - zeros.size(), ByteView(zeros));
}

/// The log of `from` as the log of `to`, where the database file lies already.
void rewrite_log(FileSystem& from, FileSystem& to) {
  const auto base = to.open(kCrashed, OpenMode::read_write);
  pager::HeaderSlots slots(*base);
  slots.read(true);
  const pager::Header& header = slots.header();
  const std::vector<LoggedCommit> commits = read_commits(wal::SegmentSet(from, kCrashed, 0600));

  const wal::SegmentSet segments(to, kCrashed, 0600);
  wal::LogWriter log(segments, {header.uuid, header.log_id}, {kSegmentBytes, kSegmentBytes});
  log.start(header.checkpoint_seq);
  LogRewriter rewriter(log, *base, header.page_count);
  for (std::size_t i = 0; i + 1 < commits.size(); ++i) {
    if (i == commits.size() / 2) rewriter.next_generation();
    rewriter.append(commits[i]);
    log.sync();
    if (i % 3 == 2) log.mark();
  }
  rewriter.append(commits.back());
  tear_tail(segments, log.current_segment());
}

/// Returns what the crashed file holds once it is recovered.
std::string make_crashed(FileSystem& files) {
  os::MemoryFileSystem living;
  Options options;
  options.file_system = &living;
  {
    Database database = Database::open(kCrashed, options);
    change(database, 1);
    database.close();
  }
  Database database = Database::open(kCrashed, options);
  for (unsigned round = 2; round < 5; ++round) change(database, round);
  const std::string summary = content_summary(database);
  // The last commit, which recovery will not find whole.
  database.transact([](Transaction& txn) {
    txn.open<Hash>("table").put("lost", text(99, 60'000));
    txn.open<Blob>("lost").append(text(99, 3000));
    txn.open<Shelf>("lost shelf").items().push_back("lost");
  });
  copy(living, files, kCrashed);
  rewrite_log(living, files);
  return summary;
}

/// Without threads the engine frees some pages with a drop and some behind it, and no more: the
/// rest of the blob waits on the engine's list.
void make_dropping(FileSystem& files) {
  os::MemoryFileSystem living(os::MemoryFileSystem::Threads::no);
  Options options;
  options.file_system = &living;
  options.wal_segment_size = kSegmentBytes;
  {
    Database database = Database::open(kDropping, options);
    database.transact([](Transaction& txn) {
      txn.create<Hash>("table").put("kept", text(14, 5000));
      txn.create<Blob>("dropped").append(text(15, 4'000'000));
    });
    database.close();
  }
  Database database = Database::open(kDropping, options);
  database.transact([](Transaction& txn) { txn.drop("dropped"); });
  for (const std::string& name : living.list(kDirectory)) {
    copy(living, files, kDirectory + ("/" + name));
  }
}

/// Early pages of each kind, some of them where the log has older records. Few enough are unsaved for
/// no checkpoint to come in between.
void make_imported(FileSystem& files) {
  os::MemoryFileSystem living(os::MemoryFileSystem::Threads::no);
  Options options;
  options.file_system = &living;
  options.wal_segment_size = kSegmentBytes;
  options.cache_size = 256 << 10;
  Database database = Database::open(kImported, options);
  database.transact([](Transaction& txn) { txn.create<Blob>("former").append(text(16, 40'000)); });
  database.transact([](Transaction& txn) { txn.drop("former"); });
  database.transact([](Transaction& txn) {
    Hash table = txn.create<Hash>("table");
    List list = txn.create<List>("list");
    for (unsigned i = 0; i < 100; ++i) {
      table.put(key(i), text(i, 300 + 20 * i));
      list.push_back(text(i, 800));
    }
    Blob blob = txn.create<Blob>("blob");
    for (unsigned i = 0; i < 30; ++i) blob.append(text(i, 10'000));
  });
  if (database.stats().checkpoints > 0 || database.stats().pages_written_early < 64) {
    throw std::runtime_error("the log of the import is not what it is meant to be");
  }
  for (const std::string& name : living.list(kDirectory)) {
    copy(living, files, kDirectory + ("/" + name));
  }
}

// ---- output

/// Replaces what an earlier run has left there.
void save(FileSystem& files, const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().find(".quire") != std::string::npos) {
      std::filesystem::remove(entry.path());
    }
  }
  for (const std::string& name : files.list(kDirectory)) {
    const auto file = files.open(kDirectory + ("/" + name), OpenMode::read_only);
    std::vector<std::byte> bytes(file->status().size);
    file->read_at(0, bytes);
    std::ofstream(directory / name, std::ios::binary) << ByteView(bytes).text();
  }
}

void make_golden(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  os::MemoryFileSystem files;
  make_clean(files);
  make_wide(files);
  make_dropping(files);
  make_imported(files);
  Options options;
  options.file_system = &files;
  options.read_only = true;
  for (const char* path : {kClean, kWide, kDropping, kImported}) {
    const auto name = std::filesystem::path(path).stem().string() + ".json";
    std::ofstream(directory / name) << content_summary(Database::open(path, options));
  }
  std::ofstream(directory / "crashed.json") << make_crashed(files);
  save(files, directory);
}

}  // namespace
}  // namespace quire::testing

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_golden DIRECTORY\n";
    return 2;
  }
  try {
    quire::testing::make_golden(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "make_golden: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
