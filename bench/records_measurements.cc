#include "bench/records_measurements.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <quire/database.h>
#include <quire/records.h>

namespace quire::bench {

namespace {

constexpr const char* kName = "records";
constexpr const char* kArrays = "arrays";
constexpr const char* kArray = "a";
// Some machine's rate of loading, so that this takes as long as the rest.
constexpr double kRecordsPerSecond = 1'000'000;
constexpr std::uint64_t kMostRecords = 1'000'000;
constexpr std::uint64_t kLoadBatch = 10'000;  // records of a transaction that loads
constexpr int kReadBatch = 1000;
constexpr std::uint64_t kFieldBytes = 8;

struct Record {
  std::uint64_t fields[8];
};
constexpr std::uint64_t kPerPage = 4096 / sizeof(Record);

/// Records in a file that is mapped into memory.
class MappedRecords {
 public:
  MappedRecords(const std::string& path, std::uint64_t count) : bytes_(count * sizeof(Record)) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail("open");
    const bool is_long = ::ftruncate(file, static_cast<off_t>(bytes_)) == 0;
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (!is_long) fail("ftruncate");
    if (memory_ == MAP_FAILED) fail("mmap");
    for (std::uint64_t i = 0; i < count; ++i) records()[i].fields[0] = i;
    sync();
  }
  MappedRecords(const MappedRecords&) = delete;
  MappedRecords& operator=(const MappedRecords&) = delete;
  ~MappedRecords() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, bytes_);
  }

  Record* records() const noexcept { return static_cast<Record*>(memory_); }
  void sync() const {
    if (::msync(memory_, bytes_, MS_SYNC) != 0) fail("msync");
  }

 private:
  [[noreturn]] static void fail(const char* call) {
    throw std::system_error(errno, std::generic_category(), call);
  }

  std::uint64_t bytes_;
  void* memory_ = MAP_FAILED;
};

/// The key of a record: its number as bytes.
class Key {
 public:
  explicit Key(std::uint64_t number) noexcept : number_(number) {}
  operator ByteView() const noexcept {
    return {reinterpret_cast<const std::byte*>(&number_), sizeof number_};
  }

 private:
  std::uint64_t number_;
};

class RecordsBench {
 public:
  explicit RecordsBench(const BenchRun& run)
      : run_(run),
        count_(std::clamp<std::uint64_t>(
            static_cast<std::uint64_t>(run.seconds * kRecordsPerSecond), 1000, kMostRecords)),
        database_(Database::open(run.directory + "/records.quire")),
        mapped_(run.directory + "/records.mapped", count_) {
    load();
  }

  void measure(std::vector<Measurement>& rows) {
    for (const int batch : {100, 10'000}) {
      add_beside(rows, edits(batch), mapped_edits(batch));
    }
    add_beside(rows, reads(), mapped_reads());
    add_beside(rows, scan(), mapped_scan());
    database_.close();
  }

 private:
  void load() {
    for (std::uint64_t next = 0; next < count_;) {
      if (run_.stop()) throw std::runtime_error("interrupted");
      Transaction txn = database_.begin();
      auto records = txn.open<Records<Record>>(kName);
      const std::uint64_t end = std::min(next + kLoadBatch, count_);
      std::vector<Record> part;
      for (; next < end; ++next) {
        part.push_back({{next}});
        records.put(Key(next), part.back());
      }
      auto arrays = txn.open<RecordArray<Record>>(kArrays);
      if (!arrays.contains(kArray)) arrays.create(kArray, count_);
      arrays.write(kArray, end - part.size(), part);
      txn.commit(Durability::relaxed);
    }
    database_.checkpoint();
  }

  std::uint64_t any() { return random_() % count_; }

  Measurement edits(int batch) {
    return run_.row("record edits, " + std::to_string(batch) + " a durable commit", "edits",
                    kFieldBytes, [&] {
                      database_.transact([&](Transaction& txn) {
                        auto records = txn.open<Records<Record>>(kName);
                        for (int i = 0; i < batch; ++i) ++records.edit(Key(any()))->fields[1];
                      });
                      return std::int64_t{batch};
                    });
  }

  Measurement mapped_edits(int batch) {
    return run_.row("mapped array edits, " + std::to_string(batch) + " an msync", "edits",
                    kFieldBytes, [&] {
                      for (int i = 0; i < batch; ++i) ++mapped_.records()[any()].fields[1];
                      mapped_.sync();
                      return std::int64_t{batch};
                    });
  }

  Measurement reads() {
    const RecordsView<Record> records = database_.snapshot().open<Records<Record>>(kName);
    return run_.row("record field reads", "reads", kFieldBytes, [&] {
      for (int i = 0; i < kReadBatch; ++i) {
        benchmark::DoNotOptimize(records.get(Key(any()))->fields[1]);
      }
      return std::int64_t{kReadBatch};
    });
  }

  Measurement mapped_reads() {
    return run_.row("mapped array reads", "reads", kFieldBytes, [&] {
      for (int i = 0; i < kReadBatch; ++i) {
        benchmark::DoNotOptimize(mapped_.records()[any()].fields[1]);
      }
      return std::int64_t{kReadBatch};
    });
  }

  // A page of records a step, from the first again after the last.
  Measurement scan() {
    const auto array = database_.snapshot().open<RecordArray<Record>>(kArrays).view(kArray);
    std::uint64_t next = 0;
    return run_.row("record array scan", "records", sizeof(Record), [&] {
      const auto page = array.page_span(next % count_);
      std::uint64_t sum = 0;
      for (const Record& record : page) sum += record.fields[0];
      benchmark::DoNotOptimize(sum);
      next = page.first_index() + page.size();
      return static_cast<std::int64_t>(page.size());
    });
  }

  Measurement mapped_scan() {
    std::uint64_t next = 0;
    return run_.row("mapped array scan", "records", sizeof(Record), [&] {
      const std::uint64_t first = next % count_;
      next = std::min(first + kPerPage, count_);
      std::uint64_t sum = 0;
      for (std::uint64_t i = first; i < next; ++i) sum += mapped_.records()[i].fields[0];
      benchmark::DoNotOptimize(sum);
      return static_cast<std::int64_t>(next - first);
    });
  }

  const BenchRun& run_;
  std::uint64_t count_;
  Database database_;
  MappedRecords mapped_;
  std::mt19937_64 random_{3};
};

}  // namespace

void measure_records(const BenchRun& run, std::vector<Measurement>& rows) {
  RecordsBench(run).measure(rows);
}

}  // namespace quire::bench
