#include "wal/commit_encoder.h"

#include <utility>

#include <quire/error.h>

#include "wal/log_record.h"

namespace quire::wal {

std::vector<std::byte>& CommitEncoder::body_for_record(std::size_t bytes) {
  // Each body leaves room for a trailer, because any of them may turn out to be the last.
  const std::size_t room = max_body_ - kCommitTrailerSize;
  if (bytes > room) throw InvalidArgument("a page record is longer than a chunk of the log");
  if (bodies_.empty() || bodies_.back().size() + bytes > room) bodies_.emplace_back();
  ++page_records_;
  return bodies_.back();
}

void CommitEncoder::add_page(const PageName& name, PageBytes page) {
  append_page(body_for_record(kMaxImageRecordBytes), name, page);
}

void CommitEncoder::add_delta(const PageName& name, std::span<const ByteRange> ranges,
                              PageBytes page) {
  std::vector<std::byte> record;
  append_delta(record, name, ranges, page);
  std::vector<std::byte>& body = body_for_record(record.size());
  body.insert(body.end(), record.begin(), record.end());
}

void CommitEncoder::add_bulk(Pid first, std::uint32_t pages, CollectionId owner) {
  append_bulk(body_for_record(kPageRecordHeaderSize), first, pages, owner);
}

EncodedCommit CommitEncoder::finish(Seq seq, Pid page_count_after, Durability durability) {
  if (bodies_.empty()) bodies_.emplace_back();
  CommitTrailer trailer{};
  trailer.chunks = static_cast<std::uint32_t>(bodies_.size());
  trailer.page_records = std::exchange(page_records_, 0);
  trailer.page_count = page_count_after;
  std::uint64_t body_bytes = sizeof(trailer);
  for (const auto& body : bodies_) body_bytes += body.size();
  trailer.body_bytes = body_bytes;
  const ByteView bytes = bytes_of(trailer);
  bodies_.back().insert(bodies_.back().end(), bytes.begin(), bytes.end());
  return {seq, durability == Durability::relaxed, std::exchange(bodies_, {})};
}

}  // namespace quire::wal
