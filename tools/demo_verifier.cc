#include "tools/demo_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tools/interrupt.h"
#include "tools/progress_bar.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

constexpr std::size_t kMostProblems = 100;

bool blob_equals(const BlobView& blob, ByteView content) {
  if (blob.size() != content.size()) return false;
  std::size_t offset = 0;
  for (const ByteView chunk : blob.chunks()) {
    if (chunk != content.sub(offset, chunk.size())) return false;
    offset += chunk.size();
  }
  return offset == content.size();
}

// The source is still the file that the record was made from.
bool unchanged(const SourceFile& file, const PathRecord& record) {
  return file.content.size() == record.size && file.mtime_ns == record.mtime_ns;
}

}  // namespace

void DemoVerifier::require(bool holds, const std::string& what) {
  if (!holds && problems_.size() < kMostProblems) problems_.push_back(what);
}

DemoProgress DemoVerifier::verify_recovered(const Database& database, const Acknowledgement& last) {
  const Snapshot snapshot = database.snapshot();
  require(snapshot.seq() >= last.seq,
          fmt::format("commit {} was acknowledged, {} is the newest", last.seq, snapshot.seq()));
  const DemoProgress progress = verify(snapshot, verified_);
  require(progress.files >= last.files,
          fmt::format("{} files were acknowledged, {} are there", last.files, progress.files));
  verified_ = progress.files;
  return progress;
}

void DemoVerifier::verify_complete(const Database& database) {
  files_compared_ = bytes_compared_ = files_changed_ = files_unreadable_ = 0;
  const DemoProgress progress = verify(database.snapshot(), 0);
  require(progress.files == plan_.paths.size(),
          fmt::format("{} files to import, {} are there", plan_.paths.size(), progress.files));
}

DemoProgress DemoVerifier::verify(const Snapshot& snapshot, std::uint64_t content_from) {
  const DemoProgress progress = read_progress(snapshot);
  const auto records = snapshot.find<Records<PathRecord>>(kDemoPaths);
  const auto arrivals = snapshot.find<List>(kDemoArrivals);
  const std::uint64_t record_count = records ? records->size() : 0;
  const std::uint64_t arrival_count = arrivals ? arrivals->size() : 0;
  require(progress.files == record_count && progress.files == arrival_count &&
              progress.files <= plan_.paths.size(),
          fmt::format("progress says {} of {} files, '{}' has {}, '{}' has {}", progress.files,
                      plan_.paths.size(), kDemoPaths, record_count, kDemoArrivals, arrival_count));

  Found found;
  const std::uint64_t count = std::min({progress.files, arrival_count, plan_.paths.size()});
  if (arrivals) verify_arrivals(*arrivals, count);
  if (records) found = verify_paths(snapshot, *records, count, content_from);
  require(found.bytes == progress.bytes,
          fmt::format("progress says {} bytes, the records say {}", progress.bytes, found.bytes));
  verify_facades(snapshot, progress, found, content_from);
  // Anything more belongs to half a transaction.
  const std::uint64_t expected = progress.transactions > 0 ? found.blobs + kDemoCollections : 0;
  const std::uint64_t collections = snapshot.collections().size();
  require(collections == expected,
          fmt::format("{} collections instead of {}", collections, expected));
  return progress;
}

void DemoVerifier::verify_facades(const Snapshot& snapshot, const DemoProgress& progress,
                                  const Found& found, std::uint64_t content_from) {
  require(
      found.word_count == progress.words,
      fmt::format("progress says {} words, the files have {}", progress.words, found.word_count));
  const std::string wrong = wrong_words(snapshot, found.words);
  require(wrong.empty(), wrong);
  word_keys_ = found.words.size();

  std::uint64_t complete = 0;
  for (std::uint64_t index = 0; index < std::min(progress.files, plan_.paths.size()); ++index) {
    throw_if_interrupted();
    const auto& completed = directories_.completed_by(index);
    if (completed.empty()) continue;
    ++complete;
    if (index < content_from) continue;
    const std::string wrong_block = directories_.wrong_block(snapshot, completed);
    require(wrong_block.empty(), wrong_block);
  }
  const auto pipe = snapshot.find<Pipe>(kDemoDirectories);
  require(complete == progress.directories && complete == (pipe ? pipe->size() : 0),
          fmt::format("progress says {} directories, {} are complete, '{}' has {}",
                      progress.directories, complete, kDemoDirectories, pipe ? pipe->size() : 0));
}

void DemoVerifier::verify_arrivals(const ListView& arrivals, std::uint64_t count) {
  for (std::uint64_t index = 0; index < count; ++index) {
    const std::string& path = plan_.paths[index];
    const Value found = arrivals.at(index);
    require(found.text() == path,
            fmt::format("arrival {} is '{}' instead of '{}'", index + 1, found.text(), path));
  }
}

DemoVerifier::Found DemoVerifier::verify_paths(const Snapshot& snapshot, const PathsView& records,
                                               std::uint64_t count, std::uint64_t content_from) {
  Found found;
  ProgressBar bar("compare");
  for (std::uint64_t index = 0; index < count; ++index) {
    throw_if_interrupted();
    verify_path(snapshot, records, index, index >= content_from, found);
    bar.update(index, count);
  }
  return found;
}

void DemoVerifier::verify_path(const Snapshot& snapshot, const PathsView& records,
                               std::uint64_t index, bool with_content, Found& found) {
  const std::string& path = plan_.paths[index];
  const auto record = records.get(path);
  const bool unreadable = record && record->number == 0;
  if (unreadable) {
    ++files_unreadable_;
    return;
  }
  if (!record || record->number != index + 1) {
    return require(false, fmt::format("'{}': no record, or a wrong one", path));
  }
  found.bytes += record->size;
  const auto blob = snapshot.find<Blob>(demo_blob_name(record->number));
  if (!blob || blob->size() != record->size) {
    return require(false, fmt::format("'{}': blob {} is missing, or not of {} bytes", path,
                                      record->number, record->size));
  }
  ++found.blobs;
  found.word_count += add_words(*blob, found.words);
  if (with_content) verify_content(path, *record, *blob);
}

void DemoVerifier::verify_content(const std::string& path, const PathRecord& record,
                                  const BlobView& blob) {
  std::optional<SourceFile> source;
  try {
    source = read_source_file(path, UINT64_MAX);
  } catch (const IoError&) {
    ++files_changed_;
    return;
  }
  if (blob_equals(blob, source->content)) {
    ++files_compared_;
    bytes_compared_ += record.size;
  } else if (unchanged(*source, record)) {
    require(false, fmt::format("'{}': the bytes of blob {} are not those of the file", path,
                               record.number));
  } else {
    ++files_changed_;
  }
}

}  // namespace quire::tools
