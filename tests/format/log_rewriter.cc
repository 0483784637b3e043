#include "tests/format/log_rewriter.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "wal/segment_reader.h"

namespace quire::testing {
namespace {

constexpr std::size_t kWord = 8;
/// Longer deltas are written as whole pages.
constexpr std::size_t kMaxDeltaBytes = 2048;

void add_records(LoggedCommit& commit, ByteView body) {
  while (!body.empty()) {
    const wal::PageRecord record = wal::decode_page_record(body, "log to rewrite");
    if (record.kind != wal::PageRecordKind::image && record.kind != wal::PageRecordKind::init) {
      throw std::runtime_error("a record that is not a whole page");
    }
    LoggedPage& page = commit.pages.emplace_back();
    page.name = record.name;
    wal::apply_record(record, page.content);
    body = body.sub(record.size);
  }
}

/// The words that differ, as ranges.
std::vector<wal::ByteRange> changes(const LoggedPage& before, const LoggedPage& after) {
  std::vector<wal::ByteRange> ranges;
  std::size_t end = 0;
  for (std::size_t at = 0; at < kPageSize; at += kWord) {
    if (std::memcmp(&before.content[at], &after.content[at], kWord) == 0) continue;
    if (ranges.empty() || at > end) {
      ranges.push_back({static_cast<std::uint16_t>(at), std::uint16_t{0}});
    }
    end = at + kWord;
    ranges.back().length = static_cast<std::uint16_t>(end - ranges.back().offset);
  }
  return ranges;
}

std::size_t bytes_of(const std::vector<wal::ByteRange>& ranges) {
  std::size_t bytes = ranges.size() * sizeof(wal::ByteRange);
  for (const wal::ByteRange& range : ranges) bytes += range.length;
  return bytes;
}

}  // namespace

std::vector<LoggedCommit> read_commits(const wal::SegmentSet& segments) {
  std::vector<LoggedCommit> commits;
  LoggedCommit commit;
  for (const std::uint32_t number : segments.numbers()) {
    auto segment = wal::SegmentReader::open_any(segments, number);
    if (!segment) break;  // prepared
    std::uint64_t offset = wal::kBlockSize;
    while (const auto chunk = segment->chunk(offset)) {
      const auto kind = static_cast<wal::ChunkKind>(chunk->header.kind);
      if (kind == wal::ChunkKind::part) add_records(commit, chunk->body);
      if (kind == wal::ChunkKind::commit) {
        const std::size_t records = chunk->body.size() - wal::kCommitTrailerSize;
        add_records(commit, chunk->body.sub(0, records));
        wal::CommitTrailer trailer;
        std::memcpy(&trailer, chunk->body.data() + records, sizeof trailer);
        commit.seq = chunk->header.seq;
        commit.page_count = trailer.page_count;
        commits.push_back(std::exchange(commit, {}));
      }
      offset = wal::round_up(
          offset + wal::kChunkHeaderSize + chunk->header.body_length,
          chunk->header.flags & wal::kGroupEndsFlag ? wal::kBlockSize : wal::kChunkAlignment);
    }
  }
  return commits;
}

void LogRewriter::append(const LoggedCommit& commit) {
  wal::CommitEncoder encoder(log_.max_body());
  for (std::size_t i = 0; i < commit.pages.size();) {
    const LoggedPage& page = commit.pages[i];
    const std::size_t run = bulk_length(commit.pages, i);
    if (run < 2) {
      add(encoder, page);
      ++i;
      continue;
    }
    encoder.add_bulk(page.name.pid, static_cast<std::uint32_t>(run), page.name.owner);
    for (const std::size_t end = i + run; i < end; ++i) {
      const LoggedPage& bulk = commit.pages[i];
      base_.write_at(std::uint64_t{bulk.name.pid} * kPageSize, ByteView(bulk.content));
      ever_.insert(bulk.name.pid);
    }
  }
  wal::EncodedCommit encoded = encoder.finish(commit.seq, commit.page_count, Durability::immediate);
  log_.reserve(encoded);
  log_.append(std::span(&encoded, 1));
}

/// Pages of the file that no record has named yet: their content may be written before the commit,
/// because no earlier state needs what lies there.
std::size_t LogRewriter::bulk_length(const std::vector<LoggedPage>& pages, std::size_t from) const {
  std::size_t length = 0;
  for (; from + length < pages.size(); ++length) {
    const wal::PageName& name = pages[from + length].name;
    if (name.type != wal::kDataPage || name.pid < first_fresh_ || ever_.contains(name.pid) ||
        name.pid != pages[from].name.pid + length || name.owner != pages[from].name.owner) {
      break;
    }
  }
  return length;
}

void LogRewriter::add(wal::CommitEncoder& encoder, const LoggedPage& page) {
  const auto before = in_generation_.find(page.name.pid);
  const bool is_known = before != in_generation_.end() && before->second.name == page.name;
  const auto ranges = is_known ? changes(before->second, page) : std::vector<wal::ByteRange>();
  if (is_known && bytes_of(ranges) <= kMaxDeltaBytes) {
    encoder.add_delta(page.name, ranges, page.content);
  } else {
    encoder.add_page(page.name, page.content);
  }
  in_generation_[page.name.pid] = page;
  ever_.insert(page.name.pid);
}

void LogRewriter::next_generation() {
  log_.prepare_successor();
  log_.close_generation(log_.appended_seq());
  log_.next_generation();
  in_generation_.clear();
}

}  // namespace quire::testing
