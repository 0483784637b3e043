#include "tests/testing/logged_history.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace quire::testing {
namespace {

wal::CommitTrailer trailer_of(ByteView body) {
  wal::CommitTrailer trailer;
  const ByteView bytes = body.sub(body.size() - sizeof trailer, sizeof trailer);
  std::memcpy(&trailer, bytes.data(), sizeof trailer);
  return trailer;
}

bool is(const wal::ChunkHeader& header, wal::ChunkKind kind) {
  return header.kind == static_cast<std::uint8_t>(kind);
}

}  // namespace

void LoggedHistory::begin_log(const Uuid& log_id) {
  log_id_ = log_id;
  chunks_.clear();
  commits_.clear();
  parts_.clear();
}

std::vector<wal::PageRecord> LoggedHistory::records(const wal::ChunkHeader& header, ByteView body) {
  const bool ends_commit = is(header, wal::ChunkKind::commit);
  if (!ends_commit && !is(header, wal::ChunkKind::part)) return {};
  const std::size_t end = body.size() - (ends_commit ? sizeof(wal::CommitTrailer) : 0);
  std::vector<wal::PageRecord> found;
  for (std::size_t at = 0; at < end;) {
    found.push_back(wal::decode_page_record(body.sub(at, end - at), "the log"));
    at += found.back().size;
  }
  return found;
}

void LoggedHistory::take(wal::LogPosition at, const wal::ChunkHeader& header, ByteView body) {
  chunks_.push_back({at, header});
  end_ = {at.segment, at.offset + sizeof header + body.size()};
  if ((header.flags & wal::kGroupEndsFlag) != 0) {
    end_.offset = wal::round_up(end_.offset, wal::kBlockSize);
  }
  if (is(header, wal::ChunkKind::part)) {
    parts_.emplace_back(header, std::vector<std::byte>(body.begin(), body.end()));
  }
  if (!is(header, wal::ChunkKind::commit)) return;
  const wal::CommitTrailer trailer = trailer_of(body);
  const std::size_t own = std::min<std::size_t>(trailer.chunks - 1, parts_.size());
  for (std::size_t index = parts_.size() - own; index < parts_.size(); ++index) {
    apply(parts_[index].first, parts_[index].second);
  }
  parts_.clear();
  apply(header, body);
  commits_.push_back({header.seq, end_, trailer.page_count});
}

void LoggedHistory::apply(const wal::ChunkHeader& header, ByteView body) {
  for (const wal::PageRecord& record : records(header, body)) {
    if (record.kind == wal::PageRecordKind::bulk) {
      for (Pid pid = record.name.pid; pid < record.name.pid + record.pages; ++pid) {
        pages_[pid].push_back({header.seq, record.name.type, nullptr});
      }
      continue;
    }
    std::vector<Version>& versions = pages_[record.name.pid];
    const bool is_change = !versions.empty() && versions.back().content;
    auto content = is_change ? std::make_shared<std::vector<std::byte>>(*versions.back().content)
                             : std::make_shared<std::vector<std::byte>>(kPageSize);
    wal::apply_record(record, std::span<std::byte, kPageSize>(*content));
    versions.push_back({header.seq, record.name.type, std::move(content)});
  }
}

const LoggedHistory::Version* LoggedHistory::version_at(Pid pid, Seq seq) const {
  const auto found = pages_.find(pid);
  if (found == pages_.end()) return nullptr;
  const Version* newest = nullptr;
  for (const Version& version : found->second) {
    if (version.seq <= seq) newest = &version;
  }
  return newest;
}

}  // namespace quire::testing
