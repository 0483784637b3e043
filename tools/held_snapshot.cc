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

void add_block(HeldSnapshot::Content& content, const Block& block) {
  add(content, block.key());
  for (const auto [name, file] : block) {
    add(content, name);
    add(content, file);
  }
}

}  // namespace

HeldSnapshot::HeldSnapshot(const Database& database)
    : snapshot_(database.snapshot()), content_(read()) {}

bool HeldSnapshot::reads_the_same() const { return read() == content_; }

HeldSnapshot::Content HeldSnapshot::read() const {
  Content content;
  const auto arrivals = snapshot_.find<List>(kDemoArrivals);
  if (!arrivals) return content;
  const auto paths = snapshot_.open<Records<PathRecord>>(kDemoPaths);
  for (const Value path : *arrivals) {
    ++content.files;
    add(content, path);
    const auto record = paths.get(path);
    if (!record) continue;
    add(content, ByteView(reinterpret_cast<const std::byte*>(record.get()), sizeof(PathRecord)));
    if (record->number == 0) continue;
    if (const auto blob = snapshot_.find<Blob>(demo_blob_name(record->number))) {
      add_blob(content, *blob);
    }
  }
  if (const auto directories = snapshot_.find<Pipe>(kDemoDirectories)) {
    for (const Block& block : *directories) add_block(content, block);
  }
  if (const auto words = snapshot_.find<Partd>(kDemoWords)) {
    for (const ByteView key : words->keys()) add(content, words->get(key));
  }
  return content;
}

}  // namespace quire::tools
