#include "wal/commit_encoder.h"

#include <utility>

#include <quire/error.h>

#include "wal/log_record.h"

namespace quire::wal {

std::size_t EncodedCommit::size() const noexcept {
  std::size_t bytes = 0;
  for (const std::vector<std::byte>& body : bodies) bytes += body.size();
  return bytes;
}

CommitEncoder::CommitEncoder(std::size_t max_body) : max_body_(max_body) {
  if (max_body < kMaxImageRecordBytes + kCommitTrailerSize)
    throw InvalidArgument("a chunk of the log must have room for a whole page");
}

std::vector<std::size_t> CommitEncoder::worst_case_bodies(std::size_t records,
                                                          std::size_t runs) const {
  // As many runs as take the room of a page count as one, and one more where pages follow them in a
  // body.
  constexpr std::size_t kRunsARecord = kMaxImageRecordBytes / kPageRecordHeaderSize;
  if (runs > 0) records += runs / kRunsARecord + 2;
  // A body is full when the next record does not fit, so it holds at least `least_records`, and may
  // be as long as any. If there are as many bodies as here, the last one holds no more than the
  // rest; if fewer, each of them has one of max_body_ here.
  const std::size_t least_records = room_for_records() / kMaxImageRecordBytes;
  const std::size_t full = records == 0 ? 0 : (records - 1) / least_records;
  std::vector<std::size_t> bodies(full, max_body_);
  bodies.push_back((records - full * least_records) * kMaxImageRecordBytes + kCommitTrailerSize);
  return bodies;
}

std::vector<std::byte>& CommitEncoder::body_for_record(std::size_t bytes) {
  if (bodies_.empty() || bodies_.back().size() + bytes > room_for_records()) bodies_.emplace_back();
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
  if (record.size() > kMaxImageRecordBytes)
    throw InvalidArgument("a delta is longer than the whole page");
  std::vector<std::byte>& body = body_for_record(record.size());
  body.insert(body.end(), record.begin(), record.end());
}

void CommitEncoder::add_bulk(Pid first, std::uint32_t pages, CollectionId owner) {
  append_bulk(body_for_record(kPageRecordHeaderSize), first, pages, owner);
}

std::vector<std::vector<std::byte>> CommitEncoder::take_full_bodies() {
  if (bodies_.size() < 2) return {};
  std::vector<std::vector<std::byte>> full(1);
  full[0] = std::move(bodies_.back());
  bodies_.pop_back();
  full.swap(bodies_);
  taken_bodies_ += full.size();
  for (const auto& body : full) taken_bytes_ += body.size();
  return full;
}

EncodedCommit CommitEncoder::finish(Seq seq, Pid page_count_after, Durability durability) {
  if (bodies_.empty()) bodies_.emplace_back();
  CommitTrailer trailer{};
  trailer.chunks = static_cast<std::uint32_t>(std::exchange(taken_bodies_, 0) + bodies_.size());
  trailer.page_records = std::exchange(page_records_, 0);
  trailer.page_count = page_count_after;
  std::uint64_t body_bytes = std::exchange(taken_bytes_, 0) + sizeof(trailer);
  for (const auto& body : bodies_) body_bytes += body.size();
  trailer.body_bytes = body_bytes;
  const ByteView bytes = bytes_of(trailer);
  bodies_.back().insert(bodies_.back().end(), bytes.begin(), bytes.end());
  return {seq, durability == Durability::relaxed, std::exchange(bodies_, {}), {}};
}

}  // namespace quire::wal
