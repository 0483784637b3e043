#include "tools/demo_directories.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "tools/demo_content.h"

namespace quire::tools {

namespace {

std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The blob of a path, from a snapshot or a transaction; nothing if the file could not be read.
template <class Session, class Paths>
auto find_content(Session& session, const Paths& records, const std::string& path) {
  const auto record = records.get(path);
  using Found = decltype(session.template find<Blob>(path));
  return record && record->number != 0 ? session.template find<Blob>(demo_blob_name(record->number))
                                       : Found();
}

}  // namespace

DemoDirectories::DemoDirectories(const std::vector<std::string>& paths) : paths_(paths) {
  std::unordered_map<std::string_view, Indices> directories;
  for (std::uint64_t index = 0; index < paths.size(); ++index) {
    directories[directory_of(paths[index])].push_back(index);
  }
  for (auto& [directory, indices] : directories) {
    const std::uint64_t last = indices.back();
    complete_.emplace(last, std::move(indices));
  }
}

const DemoDirectories::Indices& DemoDirectories::completed_by(std::uint64_t index) const {
  const auto found = complete_.find(index);
  return found == complete_.end() ? none_ : found->second;
}

void DemoDirectories::store(Transaction& transaction, const Indices& indices) const {
  const auto records = transaction.open<Records<PathRecord>>(kDemoPaths);
  auto pipe = transaction.open<Pipe>(kDemoDirectories);
  BlockWriter block = pipe.begin_block(directory_of(paths_[indices.front()]));
  for (const std::uint64_t index : indices) {
    const auto content = find_content(transaction, records, paths_[index]);
    if (content) block.append(name_of(paths_[index]), content->read_all());
  }
  block.finish();
}

std::string DemoDirectories::wrong_block(const Snapshot& snapshot, const Indices& indices) const {
  const std::string_view directory = directory_of(paths_[indices.front()]);
  const auto wrong = [&](std::string_view how) {
    return fmt::format("the block of '{}' {}", directory, how);
  };
  const auto records = snapshot.find<Records<PathRecord>>(kDemoPaths);
  const auto pipe = snapshot.find<Pipe>(kDemoDirectories);
  if (!records || !pipe || !pipe->contains(directory)) return wrong("is missing");
  const Block block = pipe->block(directory);
  auto pair = block.begin();
  for (const std::uint64_t index : indices) {
    const auto content = find_content(snapshot, *records, paths_[index]);
    if (!content) continue;
    if (pair == block.end()) return wrong("ends too early");
    if ((*pair).key != name_of(paths_[index])) return wrong("has another name of a file");
    if ((*pair).value != ByteView(content->read_all())) return wrong("has other bytes of a file");
    ++pair;
  }
  return pair == block.end() ? std::string() : wrong("does not end");
}

}  // namespace quire::tools
