#include "tools/held_snapshot.h"

#include <functional>
#include <optional>
#include <string_view>

#include "tools/demo_content.h"

namespace quire::tools {

namespace {

void add(HeldSnapshot::Content& content, ByteView bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // spreads the bits, so that order counts
  const std::uint64_t hash = std::hash<std::string_view>()(bytes.text());
  content.sum = (content.sum ^ hash) * kOdd + bytes.size();
}

void add_blob(HeldSnapshot::Content& content, const BlobView& blob) {
  for (const ByteView chunk : blob.chunks()) add(content, chunk);
  content.bytes += blob.size();
}

}  // namespace

HeldSnapshot::HeldSnapshot(const Database& database)
    : snapshot_(database.snapshot()), content_(read()) {}

bool HeldSnapshot::reads_the_same() const { return read() == content_; }

HeldSnapshot::Content HeldSnapshot::read() const {
  Content content;
  const auto arrivals = snapshot_.find<List>(kDemoArrivals);
  if (!arrivals) return content;
  const HashView paths = snapshot_.open<Hash>(kDemoPaths);
  for (const Value path : *arrivals) {
    ++content.files;
    add(content, path);
    const std::optional<Value> value = paths.get(path);
    if (!value) continue;
    add(content, *value);
    const auto record = PathRecord::decode(*value);
    if (!record || record->number == 0) continue;
    if (const auto blob = snapshot_.find<Blob>(demo_blob_name(record->number))) {
      add_blob(content, *blob);
    }
  }
  return content;
}

}  // namespace quire::tools
