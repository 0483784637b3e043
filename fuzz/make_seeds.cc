// Writes the inputs that fuzzing begins with:
//
//     make_seeds DIRECTORY [FILE.quire...]
//
// One input for each of some small databases: of every kind of collection, half dropped, with a live
// log, and as a power cut leaves them; and for each file named, with the log beside it.

#include <quire/quire.h>
#include <quire/testing.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/zeros.h"
#include "fuzz/image.h"
#include "fuzz/image_files.h"
#include "fuzz/random.h"
#include "fuzz/seals.h"
#include "pager/header_slots.h"
#include "pager/page_format.h"
#include "pager/space_map_format.h"
#include "structures/hash_format.h"
#include "tests/format/log_rewriter.h"
#include "tests/testing/engine_workload.h"
#include "wal/log_writer.h"
#include "wal/segment_set.h"

namespace quire::fuzz {
namespace {

namespace stdfs = std::filesystem;

/// Differs for each number, and is short as an input: mostly zeros.
std::string text(std::size_t number, std::size_t bytes) {
  std::string all = "text " + std::to_string(number);
  all.resize(bytes);
  return all;
}

std::string key(std::size_t number) { return "key " + std::to_string(number); }

bool ends_with_zeros(const Bytes& database) {
  return all_zero(ByteView(database).sub(database.size() - kPageSize));
}

class SeedWriter {
 public:
  explicit SeedWriter(stdfs::path directory) : directory_(std::move(directory)) {
    stdfs::create_directories(directory_);
  }
  /// Without pages of zeros at the end, which the file has only to grow into: short images make fast
  /// fuzzers. Leaves out what takes so long to decode that it is not worth its place.
  void write(const std::string& name, Image image) const {
    constexpr std::size_t kMostInputBytes = std::size_t{64} << 10;
    while (image.database.size() >= kPageSize && ends_with_zeros(image.database)) {
      image.database.resize(image.database.size() - kPageSize);
    }
    const Bytes bytes = encode_image(image);
    if (bytes.size() > kMostInputBytes || decode_image(ByteView(bytes)) != image) {
      std::printf("left out, because it is too large: %s\n", name.c_str());
      return;
    }
    std::ofstream file(directory_ / name, std::ios::binary);
    file << ByteView(bytes).text();
    if (!file) throw std::runtime_error("cannot write " + (directory_ / name).string());
  }

 private:
  stdfs::path directory_;
};

// ---- content

void fill_blobs(Transaction& txn) {
  txn.create<Blob>("empty");
  txn.create<Blob>("inline").append(text(1, 300));
  Blob blob = txn.create<Blob>("pages and holes");
  blob.write(0, text(2, 5000));
  blob.write(30'000, text(3, 5000));
  Blob high = txn.create<Blob>("two levels");
  high.write(3'000'000, text(4, 100));
}

void fill_lists(Transaction& txn) {
  txn.create<List>("empty");
  List list = txn.create<List>("list");
  for (std::size_t i = 0; i < 40; ++i) list.push_back(text(i, 10 * i));
  for (const std::size_t bytes : {1000u, 1001u, 9000u}) list.insert(5, text(bytes, bytes));
  List leaves = txn.create<List>("leaves");
  for (std::size_t i = 0; i < 30; ++i) leaves.push_front(text(i, 900));
}

void fill_hashes(Transaction& txn) {
  txn.create<Hash>("empty");
  Hash table = txn.create<Hash>("table");
  for (std::size_t i = 0; i < 60; ++i) table.put(key(i), text(i, 200));
  for (std::size_t i = 0; i < 60; i += 3) table.erase(key(i));
  Hash limits = txn.create<Hash>("limits");
  for (const std::size_t bytes : {0u, 1000u, 1001u, 4057u, 9000u}) {
    limits.put("value of " + std::to_string(bytes), text(bytes, bytes));
  }
  limits.put(text(7, 1500), "long key");
  limits.put("", "empty key");
  for (int i = 0; i < 3; ++i) limits.append("grown", text(9, 1500));
}

void fill_long_value(Transaction& txn) {
  txn.create<Hash>("hash").put("long", std::string(66'000, '\0'));
  txn.create<List>("list").push_back(std::string(66'000, '\0'));
}

struct Point {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  static auto record_fields() {
    return std::array{record_field("x", &Point::x), record_field("y", &Point::y)};
  }
};

void fill_pipes(Transaction& txn) {
  PipeOptions with_dictionary;
  const std::string dictionary = text(1, 300);
  with_dictionary.dictionary.assign(ByteView(dictionary).begin(), ByteView(dictionary).end());
  const std::pair<const char*, PipeOptions> pipes[] = {
      {"raw", {.compression_level = 0}}, {"zstd", {}}, {"dictionary", with_dictionary}};
  for (const auto& [name, options] : pipes) {
    Pipe pipe = txn.create<Pipe>(name, options);
    for (std::size_t i = 0; i < 4; ++i) {
      BlockWriter block = pipe.begin_block(key(i));
      for (std::size_t pair = 0; pair < 2 * i; ++pair) block.append(key(pair), text(pair, 200));
      block.finish();
    }
    pipe.remove(key(1));
  }
}

void fill_flat_files(Transaction& txn) {
  for (const int level : {0, 3}) {
    FlatFile flat = txn.create<FlatFile>(
        "level " + std::to_string(level),
        {.segment_size = 2000, .compression_level = level, .frame_size = 1024});
    for (std::size_t i = 0; i < 12; ++i) flat.put(text(i, 100 * i));
    flat.drop_segment(0);
  }
}

void fill_partds(Transaction& txn) {
  for (const Codec codec : {Codec::none, Codec::zstd, Codec::lz4, Codec::snappy}) {
    Partd partd =
        txn.create<Partd>("codec " + std::to_string(static_cast<int>(codec)), {.codec = codec});
    for (std::size_t i = 0; i < 5; ++i) partd.append(key(i), text(i, 400 * i));
    partd.iset("first", "bytes");
  }
}

void fill_records(Transaction& txn) {
  Records<Point> records = txn.create<Records<Point>>("records");
  for (std::uint32_t i = 0; i < 20; ++i) records.put(key(i), Point{i, 2 * i});
  records.set_flags(key(3), 7);
  RecordArray<Point> arrays = txn.create<RecordArray<Point>>("arrays");
  arrays.create("short", 3);
  arrays.create("long", 1000);
  arrays.edit("long", 700)->x = 1;
  arrays.create("last", 5);
  arrays.erase("short");
  Ring<Point> ring = txn.create<Ring<Point>>("ring", {.capacity = 700});
  for (std::uint32_t i = 0; i < 720; ++i) ring.append({i, i});
}

void erase_some_records(Transaction& txn) {
  Records<Point> records = txn.open<Records<Point>>("records");
  for (std::uint32_t i = 0; i < 20; i += 3) records.erase(key(i));
}

// ---- images

using Fill = std::function<void(Transaction&)>;

Options writing(ImageFiles& files) {
  Options options = files.options(false);
  options.create = true;
  options.cache_size = std::size_t{1} << 20;
  return options;
}

void wipe(Bytes& database, Pid pid, std::size_t bytes) {
  const auto first = database.begin() + static_cast<std::ptrdiff_t>(std::size_t{pid} * kPageSize);
  std::fill_n(first, bytes, std::byte{0});
}

/// What only a salvage opens: without header slots, and without the pages that say where all others
/// are and what they are for.
void write_lost(const SeedWriter& seeds, const std::string& name, const Image& image) {
  Image lost = image;
  for (const Pid slot : {0u, 1u}) wipe(lost.database, slot, sizeof(HeaderSlot::magic));
  seeds.write(name + "-headers-lost", lost);
  lost = image;
  wipe(lost.database, kFirstMapPage, kPageSize);
  seeds.write(name + "-map-lost", lost);
  wipe(lost.database, kCatalogRoot, kPageSize);
  seeds.write(name + "-map-and-catalog-lost", lost);
}

/// The image after these transactions, closed, and with the last of them only in the log.
void write_both(const SeedWriter& seeds, const std::string& name, const std::vector<Fill>& fills) {
  ImageFiles files;
  {
    Database database = Database::open(ImageFiles::kPath, writing(files));
    for (const Fill& fill : fills) {
      if (&fill == &fills.back()) database.checkpoint();
      database.transact(fill);
    }
    seeds.write(name + "-live", files.image());
    write_lost(seeds, name + "-live", files.image());
  }
  seeds.write(name, files.image());
  write_lost(seeds, name, files.image());
}

void write_kinds(const SeedWriter& seeds) {
  write_both(seeds, "empty",
             {[](Transaction& txn) { txn.create<Blob>("gone"); },
              [](Transaction& txn) { txn.drop("gone"); }});
  write_both(seeds, "blobs", {fill_blobs});
  write_both(seeds, "lists", {fill_lists});
  write_both(seeds, "hashes", {fill_hashes});
  write_both(seeds, "long-value", {fill_long_value});
  write_both(seeds, "pipes", {fill_pipes});
  write_both(seeds, "flat-files", {fill_flat_files});
  write_both(seeds, "partds", {fill_partds});
  write_both(seeds, "records", {fill_records, erase_some_records});
  write_both(seeds, "mixed",
             {fill_blobs, [](Transaction& txn) { txn.create<Hash>("h").put("k", "v"); },
              [](Transaction& txn) { txn.open<Blob>("inline").append("more"); }});
}

/// Segments of one page each: a small table then needs a directory.
void write_with_directory(const SeedWriter& seeds) {
  ImageFiles files;
  Database::open(ImageFiles::kPath, writing(files)).transact([](Transaction& txn) {
    txn.create<Hash>("table");
  });
  Image image = files.image();
  const Seals seals(image);
  for (std::size_t at = 4 * kPageSize; at < image.database.size(); at += kPageSize) {
    auto& root = *reinterpret_cast<structures::HashRootPage*>(&image.database[at]);
    if (root.header.type == static_cast<std::uint8_t>(PageType::hash_root)) root.cap_log2 = 0;
  }
  seals.restore(image, Seals::Log::sums);
  ImageFiles wide(image);
  Database database = Database::open(ImageFiles::kPath, writing(wide));
  database.transact([](Transaction& txn) {
    Hash table = txn.open<Hash>("table");
    for (std::size_t i = 0; i < 1500; ++i) table.put(key(i), std::string(900, '\0'));
  });
  database.close();
  seeds.write("directory", wide.image());
}

/// What is dropped is freed a few pages at a time where the cache is small.
void write_half_dropped(const SeedWriter& seeds) {
  ImageFiles files;
  Options options = writing(files);
  options.cache_size = std::size_t{64} << 10;
  Database database = Database::open(ImageFiles::kPath, options);
  database.transact([](Transaction& txn) {
    fill_lists(txn);
    txn.create<Blob>("blob").append(std::string(100'000, '\0'));
  });
  for (const char* name : {"blob", "list"}) {
    database.transact([&](Transaction& txn) { txn.drop(name); });
    seeds.write("half-dropped-" + std::string(name), files.image());
  }
}

/// A log with every form of record: the engine writes whole pages only.
void write_rewritten_log(const SeedWriter& seeds, const Image& image) {
  ImageFiles files(image);
  const wal::SegmentSet segments(files, ImageFiles::kPath, 0600);
  const std::vector<testing::LoggedCommit> commits = testing::read_commits(segments);
  for (const std::uint32_t number : segments.numbers()) segments.remove(number);

  const auto base = files.open(ImageFiles::kPath, OpenMode::read_write, 0600);
  pager::HeaderSlots slots(*base);
  slots.read(true);
  const pager::Header& header = slots.header();
  constexpr std::uint64_t kSegmentBytes = std::uint64_t{64} << 10;
  wal::LogWriter log(segments, {header.uuid, header.log_id}, {kSegmentBytes, kSegmentBytes});
  log.start(header.checkpoint_seq);
  testing::LogRewriter rewriter(log, *base, header.page_count);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (i == commits.size() / 2) rewriter.next_generation();
    rewriter.append(commits[i]);
    log.sync();
    if (i % 2 == 1) log.mark();
  }
  seeds.write("rewritten-log", files.image());
}

/// Small commits after a checkpoint: most change a page that an earlier one has changed.
void write_long_log(const SeedWriter& seeds) {
  ImageFiles files;
  Database database = Database::open(ImageFiles::kPath, writing(files));
  database.transact([](Transaction& txn) { txn.create<Hash>("table").put("k", text(0, 100)); });
  database.checkpoint();
  for (std::size_t i = 0; i < 6; ++i) {
    database.transact([&](Transaction& txn) {
      txn.open<Hash>("table").put(key(i), text(i, 300));
      txn.open<Blob>("blob").append(text(i, 3000 * i));
    });
  }
  const Image image = files.image();
  seeds.write("long-log", image);
  write_rewritten_log(seeds, image);
}

// ---- power cuts

constexpr const char* kCrashPath = "/crash.quire";

Image image_of(FileSystem& files, const std::string& path) {
  Image image;
  const auto read = [&](File& file, Bytes& bytes) {
    bytes.resize(file.status().size);
    file.read_at(0, bytes);
  };
  read(*files.open(path, OpenMode::read_only), image.database);
  const wal::SegmentSet segments(files, path, 0600);
  for (const std::uint32_t number : segments.numbers()) {
    read(*segments.open(number, OpenMode::read_only), image.segments[number]);
  }
  return image;
}

/// One of the crash tests' workloads, with the power cut behind each of its steps.
void write_power_cuts(const SeedWriter& seeds, const std::string& name,
                      const EngineWorkload& workload) {
  SimulatedFileSystem files;
  Options options = workload.options();
  options.file_system = &files;
  CrashRun run(files, kCrashPath, options, std::make_shared<const CrashRun::Promises>());
  Database database = run.open();
  for (std::size_t step = 0; step < workload.step_count(); ++step) {
    workload.make_step(run, database, step);
    const auto cut = files.crash(CrashPolicy::random(step, 0.7));
    if (!cut->status(kCrashPath)) continue;
    seeds.write("cut-" + name + "-" + std::to_string(step), image_of(*cut, kCrashPath));
  }
}

// ---- files

Bytes read_file(const stdfs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return Bytes(ByteView(content).begin(), ByteView(content).end());
}

void write_file(const SeedWriter& seeds, const stdfs::path& path) {
  Image image;
  image.database = read_file(path);
  for (std::uint32_t number = 1; number <= Image::kMostSegments; ++number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 6 - digits.size(), '0');
    const stdfs::path segment = path.string() + "-wal." + digits;
    if (stdfs::exists(segment)) image.segments[number] = read_file(segment);
  }
  seeds.write("file-" + path.stem().string(), image);
}

void make_seeds(const SeedWriter& seeds) {
  write_kinds(seeds);
  write_with_directory(seeds);
  write_half_dropped(seeds);
  write_long_log(seeds);
  for (const auto& [name, workload] : engine_workloads()) write_power_cuts(seeds, name, workload);
}

}  // namespace
}  // namespace quire::fuzz

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: make_seeds DIRECTORY [FILE.quire...]\n");
    return 2;
  }
  try {
    const quire::fuzz::SeedWriter seeds(argv[1]);
    quire::fuzz::make_seeds(seeds);
    for (int i = 2; i < argc; ++i) quire::fuzz::write_file(seeds, argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
