#include "fuzz/read_everything.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string_view>

#include <quire/facades.h>
#include <quire/quire.h>

#include "base/checksum.h"

namespace quire::fuzz {
namespace {

constexpr std::uint64_t kMostItems = 4096;
constexpr std::uint64_t kMostLookups = 16;
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kMostValueBytes = std::uint64_t{8} << 20;

/// Adds up what is read, so that the order does not matter where there is none.
class Digest {
 public:
  void add(ByteView bytes, std::uint64_t place = 0) { sum_ += checksum64(bytes, place); }
  void add(std::uint64_t number, std::uint64_t place = 0) {
    add(ByteView(as_bytes(number)), place);
  }
  std::uint64_t sum() const noexcept { return sum_; }
  /// What is left out, or contradicts the rest, is other than that of an equal collection.
  void spoil() noexcept { is_comparable_ = false; }
  bool is_comparable() const noexcept { return is_comparable_; }

 private:
  static std::string_view as_bytes(const std::uint64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
  std::uint64_t sum_ = 0;
  bool is_comparable_ = true;
};

void read(const BlobView& blob, Digest& digest) {
  const std::uint64_t size = blob.size();
  digest.add(size);
  const std::uint64_t head = std::min(size, kMostBytes);
  std::uint64_t at = 0;
  for (const ByteView chunk : blob.chunks(0, head)) digest.add(chunk, at += chunk.size());
  std::array<std::byte, 5000> part;
  for (const std::uint64_t offset : {size / 2, size - std::min<std::uint64_t>(size, part.size())}) {
    digest.add(ByteView(part.data(), blob.read(offset, part)), offset);
  }
  if (size > 0) digest.add(std::to_integer<std::uint64_t>(blob.at(size - 1)));
  if (head > 100) digest.add(blob.view(head / 2, 50));
}

void read(const ListView& list, Digest& digest) {
  const std::uint64_t size = list.size();
  digest.add(size);
  for (std::uint64_t i = 0; i < std::min(size, kMostItems); ++i) digest.add(list.at(i), i);
  if (size > 0) digest.add(list.back());
}

void read(const HashView& table, Digest& digest) {
  digest.add(table.size());
  std::uint64_t entries = 0;
  for (const auto [key, value] : table) {
    digest.add(key, checksum64(value, 0));
    if (++entries > kMostItems) return digest.spoil();
    if (entries <= kMostLookups && table.get(key) != value) digest.spoil();
  }
}

void read(const PipeView& pipe, Digest& digest) {
  digest.add(pipe.size());
  std::uint64_t blocks = 0;
  for (const Block& block : pipe) {
    std::uint64_t pairs = 0;
    std::uint64_t bytes = 0;
    digest.add(block.key(), block.size());
    for (const auto [key, value] : block) {
      digest.add(key, checksum64(value, pairs));
      bytes += key.size() + value.size();
      if (++pairs > kMostItems || bytes > kMostValueBytes) break;
    }
    digest.add(pipe.contains(block.key()) ? 1 : 0);
    if (++blocks > kMostItems) return;
  }
}

void read(const FlatFileView& flat, Digest& digest) {
  for (const FlatFileSegment& segment : flat.segments()) {
    digest.add(segment.size, segment.id);
    std::uint64_t values = 0;
    for (const DataLocation& location : flat.scan(segment.id)) {
      digest.add(flat.get(location, 0, kMostBytes), location.offset);
      if (++values > kMostItems) break;
    }
    if (segment.frames > 0) digest.add(flat.frame(segment.id, segment.frames - 1));
  }
}

void read(const PartdView& partd, Digest& digest) {
  digest.add(partd.size());
  std::uint64_t keys = 0;
  for (const ByteView key : partd.keys()) {
    digest.add(key, partd.value_size(key));
    digest.add(partd.get(key));
    if (++keys > kMostItems) return digest.spoil();
  }
}

void read(const RecordStoreView& store, Digest& digest) {
  digest.add(store.size());
  std::uint64_t records = 0;
  for (const auto& [key, record] : store) {
    digest.add(ByteView(record.get(), store.layout().size), checksum64(key, 0));
    digest.add(store.flags(key), store.version(key));
    if (++records > kMostItems) return digest.spoil();
  }
}

void read(const RecordSequence& records, std::uint32_t record_bytes, Digest& digest) {
  const std::uint64_t size = records.size();
  digest.add(size);
  for (std::uint64_t next = 0; next < std::min(size, kMostItems);) {
    const RecordSequence::Run run = records.run_at(next);
    digest.add(ByteView(run.bytes.get() + (next - run.first) * records.stride(), record_bytes));
    next = run.first + run.size;
  }
  if (size > 0) digest.add(ByteView(records.at(size - 1).get(), record_bytes));
}

void read(const RecordArrayStoreView& arrays, Digest& digest) {
  for (const std::string& key : arrays.keys()) {
    digest.add(key);
    read(arrays.view(key), arrays.layout().size, digest);
  }
}

void read(const RingStoreView& ring, Digest& digest) {
  digest.add(ring.capacity());
  read(ring.view(), ring.layout().size, digest);
}

using ReadFunction = std::function<void(const Snapshot&, const std::string&, Digest&)>;

template <class T>
std::pair<std::string_view, ReadFunction> reader() {
  return {T::kKind, [](const Snapshot& snapshot, const std::string& name, Digest& digest) {
            read(snapshot.open<T>(name), digest);
          }};
}

/// Kinds that are not here are read by check() alone.
const std::map<std::string_view, ReadFunction>& readers() {
  static const std::map<std::string_view, ReadFunction> kinds{
      reader<Blob>(),     reader<List>(),  reader<Hash>(),        reader<Pipe>(),
      reader<FlatFile>(), reader<Partd>(), reader<RecordStore>(), reader<RecordArrayStore>(),
      reader<RingStore>()};
  return kinds;
}

}  // namespace

bool is_damage(const Error& error) noexcept {
  switch (error.code()) {
    case ErrorCode::corruption:
    case ErrorCode::format:
    case ErrorCode::not_found:  // a name that is listed lies where a lookup does not find it
      return true;
    default:
      return false;
  }
}

Content read_everything(const Database& database) {
  Content content;
  const auto attempt = [&](const std::string& name, const auto& part) {
    try {
      part();
      return true;
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      ++content.errors;
      if (content.first_error.empty()) content.first_error = name + ": " + error.what();
      return false;
    }
  };
  const Snapshot snapshot = database.snapshot();
  std::vector<CollectionInfo> collections;
  attempt("the catalog", [&] { collections = snapshot.collections(); });
  for (const CollectionInfo& info : collections) {
    Content::Collection& collection = content.collections[info.name];
    collection.kind = info.kind;
    collection.pages = info.pages;
    const auto known = readers().find(info.kind);
    if (known == readers().end()) continue;
    Digest digest;
    collection.is_read = attempt(info.name, [&] { known->second(snapshot, info.name, digest); });
    collection.digest = digest.sum();
    collection.is_comparable = digest.is_comparable();
  }
  return content;
}

}  // namespace quire::fuzz
