#include "bench/flat_file_measurements.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>

#include <quire/database.h>
#include <quire/flat_file.h>

namespace quire::bench {

namespace {

constexpr std::size_t kLargeValue = std::size_t{64} << 10;
constexpr std::size_t kSmallValue = std::size_t{1} << 10;
constexpr std::size_t kSlice = std::size_t{4} << 10;
constexpr std::size_t kBatch = 16;
constexpr const char* kPlain = "plain";
constexpr const char* kPacked = "packed";

/// A file as a program without a database would use it.
class PlainFile {
 public:
  explicit PlainFile(const std::string& path)
      : descriptor_(open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) throw IoError("open", path, errno);
  }
  ~PlainFile() { close(descriptor_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  void append(ByteView bytes) {
    if (write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      throw IoError("write", "the plain file", errno);
    }
  }
  void sync() {
    if (fdatasync(descriptor_) != 0) throw IoError("fdatasync", "the plain file", errno);
  }
  void read(std::uint64_t offset, std::span<std::byte> out) {
    if (pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset)) < 0) {
      throw IoError("pread", "the plain file", errno);
    }
  }

 private:
  int descriptor_;
};

class FlatFileBench {
 public:
  FlatFileBench(const BenchRun& run, std::vector<Measurement>& rows)
      : run_(run),
        rows_(rows),
        database_(Database::open(run.directory + "/flat.quire")),
        value_(kLargeValue) {
    // Half of it compresses.
    std::mt19937_64 random(1);
    for (std::size_t at = 0; at < value_.size(); at += 2) {
      value_[at] = static_cast<std::byte>(random());
    }
  }

  void measure() {
    put("1 KiB", kSmallValue, 1);
    put("16 x 64 KiB", kLargeValue, kBatch);
    slice();
    database_.close();
  }

 private:
  void put(const std::string& what, std::size_t size, std::size_t count) {
    const std::vector<ByteView> values(count, ByteView(value_).sub(0, size));
    PlainFile file(run_.directory + "/appended " + what);
    const auto append = [&] {
      for (const ByteView value : values) file.append(value);
      file.sync();
      return static_cast<std::int64_t>(count);
    };
    const auto commit = [&] {
      database_.transact([&](Transaction& txn) { txn.open<FlatFile>(what).put_many(values); });
      return static_cast<std::int64_t>(count);
    };
    const Measurement peer = run_.row("append and fdatasync, " + what, "values", size, append);
    add_beside(rows_, run_.row("flat file put, " + what, "values", size, commit), peer);
  }

  void slice() {
    const std::size_t count =
        std::clamp<std::size_t>(static_cast<std::size_t>(run_.seconds * 1000), 2, 1000);
    PlainFile file(run_.directory + "/read");
    fill(count, file);
    std::mt19937_64 random(2);
    const std::uint64_t places = count * kLargeValue / kSlice;
    std::vector<std::byte> out(kSlice);
    const auto pread_one = [&] {
      file.read(random() % places * kSlice, out);
      return std::int64_t{1};
    };
    const Measurement peer = run_.row("pread of 4 KiB", "slices", kSlice, pread_one);
    const Snapshot snapshot = database_.snapshot();
    for (const char* name : {kPlain, kPacked}) {
      const FlatFileView flat = snapshot.open<FlatFile>(name);
      const auto get_one = [&] {
        const DataLocation place{0, random() % places * kSlice, kSlice};
        benchmark::DoNotOptimize(flat.get(place).view().data());
        return std::int64_t{1};
      };
      const std::string title = "flat file slice of 4 KiB, " + std::string(name);
      add_beside(rows_, run_.row(title, "slices", kSlice, get_one), peer);
    }
  }

  // The same bytes everywhere, in one segment.
  void fill(std::size_t count, PlainFile& file) {
    for (std::size_t at = 0; at < count; at += kBatch) {
      const std::vector<ByteView> values(std::min(kBatch, count - at), value_);
      database_.transact([&](Transaction& txn) {
        txn.open<FlatFile>(kPlain).put_many(values);
        txn.open<FlatFile>(kPacked, {.compression_level = 3}).put_many(values);
      });
      for (const ByteView value : values) file.append(value);
    }
    file.sync();
    database_.checkpoint();
  }

  const BenchRun& run_;
  std::vector<Measurement>& rows_;
  Database database_;
  std::vector<std::byte> value_;
};

}  // namespace

void measure_flat_files(const BenchRun& run, std::vector<Measurement>& rows) {
  FlatFileBench(run, rows).measure();
}

}  // namespace quire::bench
