#include "tools/demo_content.h"

#include <fmt/format.h>

#include <cstddef>

namespace quire::tools {

namespace {

constexpr const char* kProgress = "progress";
constexpr const char* kProgressKey = "all";
constexpr std::size_t kWalLimit = std::size_t{16} << 20;

// Fixed little-endian fields, one after another.
class FieldWriter {
 public:
  FieldWriter& add(std::uint64_t number, std::size_t size) {
    for (std::size_t index = 0; index < size; ++index) {
      bytes_ += static_cast<char>(number >> (8 * index) & 0xFF);
    }
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : bytes_(bytes) {}

  std::uint64_t next(std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t index = 0; index < size; ++index) {
      number |= std::to_integer<std::uint64_t>(bytes_[index]) << (8 * index);
    }
    bytes_ = bytes_.sub(size);
    return number;
  }

 private:
  ByteView bytes_;
};

constexpr std::size_t kPathRecordSize = 4 + 4 + 8 + 8;
constexpr std::size_t kProgressSize = 8 + 8 + 8;

}  // namespace

std::string demo_blob_name(std::uint32_t number) { return fmt::format("file/{:06}", number); }

std::string PathRecord::encode() const {
  return FieldWriter()
      .add(number, 4)
      .add(mode, 4)
      .add(size, 8)
      .add(static_cast<std::uint64_t>(mtime_ns), 8)
      .take();
}

std::optional<PathRecord> PathRecord::decode(ByteView bytes) {
  if (bytes.size() != kPathRecordSize) return std::nullopt;
  FieldReader fields(bytes);
  PathRecord record;
  record.number = static_cast<std::uint32_t>(fields.next(4));
  record.mode = static_cast<std::uint32_t>(fields.next(4));
  record.size = fields.next(8);
  record.mtime_ns = static_cast<std::int64_t>(fields.next(8));
  return record;
}

DemoProgress read_progress(const Snapshot& snapshot) {
  const auto hash = snapshot.find<Hash>(kProgress);
  if (!hash) return {};
  const std::optional<Value> value = hash->get(kProgressKey);
  if (!value || value->size() != kProgressSize) {
    throw CorruptionError(kProgress, kProgressKey, fmt::format("{} bytes", kProgressSize),
                          value ? fmt::format("{} bytes", value->size()) : "nothing");
  }
  FieldReader fields(*value);
  DemoProgress progress;
  progress.files = fields.next(8);
  progress.bytes = fields.next(8);
  progress.transactions = fields.next(8);
  return progress;
}

void write_progress(Transaction& transaction, const DemoProgress& progress) {
  transaction.open<Hash>(kProgress).put(kProgressKey, FieldWriter()
                                                          .add(progress.files, 8)
                                                          .add(progress.bytes, 8)
                                                          .add(progress.transactions, 8)
                                                          .take());
}

Database open_demo_database(const std::string& path) {
  Options options;
  options.wal_limit = kWalLimit;
  return Database::open(path, options);
}

}  // namespace quire::tools
