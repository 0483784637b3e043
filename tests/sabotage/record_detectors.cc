#include <functional>
#include <set>
#include <span>

#include "base/checksum.h"
#include "tests/sabotage/detectors.h"
#include "tests/sabotage/disks.h"
#include "wal/commit_encoder.h"
#include "wal/log_record.h"
#include "wal/page_record.h"
#include "wal/replay_index.h"

namespace quire::sabotage {
namespace {

constexpr int kCommits = 2;

/// A commit without pages, such as a writer would put behind the last one.
struct Forgery {
  wal::ChunkHeader header{};
  wal::CommitTrailer trailer{};
  std::uint64_t salt = 0;
  std::uint64_t header_damage = 0;  // of a sum that was right
};
using Tamper = std::function<void(Forgery&)>;

void append_forgery(FileSystem& files, const Tamper& tamper) {
  const wal::LogStart start = log_start_on(files);
  const wal::SegmentSet segments(files, kPath, 0600);
  const wal::LogScan log(segments, start);
  Forgery forgery;
  forgery.salt = log.end_segment().salt;
  forgery.header.body_length = sizeof(wal::CommitTrailer);
  forgery.header.kind = static_cast<std::uint8_t>(wal::ChunkKind::commit);
  forgery.header.flags = wal::kGroupEndsFlag;
  forgery.header.seq = log.newest_seq() + 1;
  forgery.header.prev_sum = log.chain();
  forgery.trailer.chunks = 1;
  forgery.trailer.body_bytes = sizeof(wal::CommitTrailer);
  forgery.trailer.page_count = log.page_count();
  forgery.trailer.part_sums = checksum64(ByteView(), 0);
  tamper(forgery);
  const std::uint64_t at = log.end().offset;
  const ByteView body = wal::bytes_of(forgery.trailer);
  forgery.header.body_sum = wal::body_sum(body, forgery.salt, at);
  wal::set_durable_end(forgery.header, log.end());
  wal::seal(forgery.header, forgery.salt, at);
  forgery.header.sum = forgery.header.sum ^ forgery.header_damage;
  const auto file = segments.open(log.end().segment, OpenMode::read_write);
  file->write_at(at, wal::bytes_of(forgery.header));
  file->write_at(at + sizeof forgery.header, body);
}

/// How many commits opening finds.
std::uint64_t commits_behind(const SimulatedFileSystem& left, const Tamper& tamper) {
  const Disk disk = copy_of(left);
  append_forgery(*disk, tamper);
  try {
    return Database::open(kPath, options_on(*disk)).info().recovered_commits;
  } catch (const CorruptionError&) {
    return kCommits;
  }
}

template <class Call>
void require_corrupt(const std::string& what, const Call& call) {
  try {
    call();
  } catch (const CorruptionError&) {
    return;
  }
  throw std::runtime_error("taken for sound: " + what);
}

}  // namespace

void forged_commits() {
  const Disk left = disk_with_live_log(kCommits);
  require(commits_behind(*left, [](Forgery&) {}) == kCommits + 1, "a sound commit is not taken");
  const std::pair<const char*, Tamper> forgeries[] = {
      {"a wrong sum of the header", [](Forgery& forgery) { forgery.header_damage = 1; }},
      {"another salt", [](Forgery& forgery) { forgery.salt += 1; }},
      {"another predecessor",
       [](Forgery& forgery) { forgery.header.prev_sum = forgery.header.prev_sum + 1; }},
      {"a commit left out", [](Forgery& forgery) { forgery.header.seq = forgery.header.seq + 1; }},
      {"parts of another commit",
       [](Forgery& forgery) { forgery.trailer.part_sums = forgery.trailer.part_sums + 1; }},
      {"a page too few", [](Forgery& forgery) { forgery.trailer.page_records = 1; }},
  };
  for (const auto& [what, tamper] : forgeries) {
    require(commits_behind(*left, tamper) == kCommits, std::string("taken: ") + what);
  }
}

/// Else what is left in a segment that is used again could be taken for part of it.
void salts_of_segments() {
  const Disk left = disk_with_live_log(6);
  const wal::SegmentSet segments(*left, kPath, 0600);
  std::set<std::uint64_t> salts;
  const auto numbers = segments.numbers();
  require(numbers.size() > 1, "the log is too short");
  for (const std::uint32_t number : numbers) {
    wal::SegmentHeader header;
    segments.open(number, OpenMode::read_only)
        ->read_at(0, std::as_writable_bytes(std::span(&header, 1)));
    require(salts.insert(header.salt).second, "two segments have the same salt");
  }
}

void hostile_page_records() {
  wal::PageEntry entry;
  entry.name = {7, wal::kDataPage, kEngineOwner};
  require_corrupt("a page beyond the end of the file",
                  [&] { wal::ReplayIndex().apply(entry, 1, 1, 7, "here"); });
  entry.kind = wal::PageRecordKind::delta;
  require_corrupt("a delta of a page without an image",
                  [&] { wal::ReplayIndex().apply(entry, 1, 1, 100, "here"); });
  std::vector<std::byte> record;
  std::array<std::byte, kPageSize> page{};
  page[4000] = std::byte{1};
  wal::append_page(record, entry.name, page);
  require(record.size() > wal::kPageRecordHeaderSize + sizeof(wal::ByteRange), "no range");
  auto& range = *reinterpret_cast<wal::ByteRange*>(record.data() + wal::kPageRecordHeaderSize);
  range.offset = static_cast<std::uint16_t>(kPageSize - 1);
  require_corrupt("a range beyond the page",
                  [&] { wal::decode_page_record(ByteView(record), "here"); });
}

}  // namespace quire::sabotage
