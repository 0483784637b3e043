#include "tools/demo_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "tools/demo_content.h"
#include "tools/demo_words.h"

namespace quire::tools {

namespace {

// More than a transaction has, so that at least one whole transaction is looked at.
constexpr std::uint64_t kNewest = 10;
// The import is to get on as well.
constexpr std::chrono::microseconds kPause{200};

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

using PathsView = RecordsView<PathRecord>;

// The newest words that its transaction has added are those of this text.
void require_words(const Snapshot& snapshot, const BlobView& text) {
  WordsByKey words;
  if (add_words(text, words) == 0) return;
  const auto stored = snapshot.find<Partd>(kDemoWords);
  const auto& [key, value] = *words.begin();
  require(stored && stored->get(key).text().ends_with(value),
          fmt::format("the words of '{}' do not end with those of the newest arrival", key));
}

// Arrival `index` has all that its transaction has stored of it.
void require_whole(const Snapshot& snapshot, const ListView& arrivals, const PathsView& paths,
                   std::uint64_t index) {
  const auto record = paths.get(arrivals.at(index));
  require(bool(record), fmt::format("arrival {} has no path record", index + 1));
  if (record->number == 0) return;  // it could not be read
  require(record->number == index + 1,
          fmt::format("arrival {} has the path record of {}", index + 1, record->number));
  const auto blob = snapshot.find<Blob>(demo_blob_name(record->number));
  require(blob && blob->size() == record->size,
          fmt::format("blob {} is missing, or not of {} bytes", record->number, record->size));
  if (index + 1 == arrivals.size()) require_words(snapshot, *blob);
}

void require_whole(const Snapshot& snapshot) {
  const DemoProgress progress = read_progress(snapshot);
  const auto arrivals = snapshot.find<List>(kDemoArrivals);
  const auto paths = snapshot.find<Records<PathRecord>>(kDemoPaths);
  const auto directories = snapshot.find<Pipe>(kDemoDirectories);
  const std::uint64_t arrival_count = arrivals ? arrivals->size() : 0;
  const std::uint64_t path_count = paths ? paths->size() : 0;
  require(arrival_count == progress.files && path_count == progress.files,
          fmt::format("progress says {} files, '{}' has {}, '{}' has {}", progress.files,
                      kDemoArrivals, arrival_count, kDemoPaths, path_count));
  require((directories ? directories->size() : 0) == progress.directories,
          fmt::format("there are not the {} directories of progress", progress.directories));
  for (std::uint64_t count = 0; count < std::min(kNewest, arrival_count); ++count) {
    require_whole(snapshot, *arrivals, *paths, arrival_count - 1 - count);
  }
  const auto next = static_cast<std::uint32_t>(arrival_count + 1);
  require(!snapshot.find<Blob>(demo_blob_name(next)),
          fmt::format("blob {} is there before its file has arrived", next));
}

}  // namespace

std::string torn_transaction(const Snapshot& snapshot) {
  try {
    require_whole(snapshot);
    return {};
  } catch (const std::exception& error) {
    return fmt::format("snapshot of commit {}: {}", snapshot.seq(), error.what());
  }
}

DemoReader::DemoReader(const Database& database) : database_(database) {
  if (look()) thread_ = std::thread([this] { follow(); });
}

DemoReader::~DemoReader() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string DemoReader::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void DemoReader::follow() {
  while (!stopped_ && look()) std::this_thread::sleep_for(kPause);
}

// False once something was wrong.
bool DemoReader::look() {
  try {
    check_next();
    return true;
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    problem_ = error.what();
    return false;
  }
}

void DemoReader::check_next() {
  const Snapshot snapshot = database_.snapshot();
  require(snapshot.seq() >= last_seq_,
          fmt::format("commit {} came after {}", snapshot.seq(), last_seq_));
  const std::string torn = torn_transaction(snapshot);
  require(torn.empty(), torn);
  const std::uint64_t files = read_progress(snapshot).files;
  require(files >= last_files_, fmt::format("{} files became {}", last_files_, files));
  last_seq_ = snapshot.seq();
  last_files_ = files;
  ++snapshots_;
}

}  // namespace quire::tools
