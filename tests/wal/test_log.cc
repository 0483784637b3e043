#include "tests/wal/test_log.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#include <quire/error.h>

#include "base/checksum.h"

namespace quire::testing {

using namespace wal;

Lines take_journal(TestLog& log) { return std::exchange(log.files.journal, {}); }

Page full_page(std::uint32_t number) {
  Page page;
  for (std::size_t i = 0; i < page.size(); ++i)
    page[i] = static_cast<std::byte>(1 + (number * 31 + i * 7 + i / 256) % 255);
  return page;
}

Page sparse_page(std::uint32_t number) {
  Page page{};
  std::memcpy(page.data() + 40, &number, sizeof(number));
  std::memcpy(page.data() + 4000, &number, sizeof(number));
  return page;
}

Page replayed(const Page& page, std::uint8_t type) {
  Page copy = page;
  if (type != kDataPage) std::memset(copy.data(), 0, kStructurePayloadOffset);
  return copy;
}

TestLog::TestLog() {
  start.identity.uuid.fill(0x11);
  start.identity.log_id.fill(0x22);
  start.page_count = 1000;
}

LogWriter& TestLog::writer(std::uint64_t blocks) {
  const SegmentSizes sizes{blocks * kBlockSize, blocks * kBlockSize};
  LogWriter& writer = writers_.emplace_back(segments, start.identity, sizes);
  writer.start(start.complete_seq);
  return writer;
}

Bytes TestLog::content(std::uint32_t no) {
  const auto file = memory.open(segments.path(no), OpenMode::read_only);
  Bytes bytes(file->status().size);
  bytes.resize(file->read_at(0, bytes));
  return bytes;
}

void TestLog::set_content(std::uint32_t no, const Bytes& bytes) {
  const std::string path = segments.path(no);
  const auto how = memory.status(path) ? OpenMode::read_write : OpenMode::create;
  const auto file = memory.open(path, how);
  file->truncate(0);
  file->write_at(0, ByteView(bytes));
}

void TestLog::damage(std::uint32_t no, std::uint64_t offset, std::uint8_t mask) {
  Bytes bytes = content(no);
  bytes.at(offset) ^= static_cast<std::byte>(mask);
  set_content(no, bytes);
}

EncodedCommit commit_of(Seq seq, const std::vector<Pid>& pids, std::size_t max_body) {
  CommitEncoder encoder(max_body);
  for (const Pid pid : pids)
    encoder.add_page({pid, 4, 9}, full_page(static_cast<std::uint32_t>(1000 * seq + pid)));
  return encoder.finish(seq, 1000, Durability::immediate);
}

EncodedCommit take_parts(EncodedCommit& commit, std::size_t count) {
  EncodedCommit parts{commit.seq, commit.relaxed, {}, {}};
  const auto begin = commit.bodies.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  parts.bodies.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  commit.bodies.erase(begin, end);
  return parts;
}

void commit(LogWriter& writer, EncodedCommit commit) {
  writer.reserve(commit);
  writer.append({&commit, 1});
  writer.sync();
}

void next_generation(LogWriter& writer) {
  writer.prepare_successor();
  writer.close_generation(writer.appended_seq());
  writer.next_generation();
}

std::map<Pid, Page> pages_of(LogReader& reader) {
  std::map<Pid, Page> pages;
  for (const auto& [pid, history] : reader.scan().index().pages()) {
    const ReplayedPage replayed = reader.read_page(pid, pages[pid]);
    EXPECT_EQ(replayed.seq, history.seq);
    EXPECT_EQ(replayed.type, history.type);
    EXPECT_EQ(replayed.owner, history.owner);
  }
  return pages;
}

std::map<Pid, Page> pages_of(TestLog& log) {
  LogReader reader(log.segments, log.start);
  return pages_of(reader);
}

std::map<Pid, Page> pages_after(Seq seq, const std::function<std::vector<Pid>(Seq)>& pids) {
  std::map<Pid, Page> pages;
  for (Seq s = 1; s <= seq; ++s)
    for (const Pid pid : pids(s))
      pages[pid] = replayed(full_page(static_cast<std::uint32_t>(1000 * s + pid)), 4);
  return pages;
}

// ---- by hand

HandLog& HandLog::begin_segment(std::uint32_t no, std::uint64_t generation,
                                const std::function<void(SegmentHeader&)>& edit) {
  at = {no, kBlockSize};
  SegmentHeader header{};
  header.uuid = log_.start.identity.uuid;
  header.log_id = log_.start.identity.log_id;
  header.segment_no = no;
  header.generation = generation;
  header.salt = salt();
  header.segment_bytes = 64 * kBlockSize;
  header.seq_before = last_seq_;
  header.prev_segment = no - 1;
  header.prev_end_sum = chain;
  edit(header);
  seal(header);
  Bytes bytes(64 * kBlockSize);
  std::memcpy(bytes.data(), &header, sizeof(header));
  log_.set_content(no, bytes);
  return *this;
}

HandLog& HandLog::chunk(ChunkKind kind, Seq seq, const Bytes& body,
                        const std::function<void(ChunkHeader&)>& edit) {
  ChunkHeader header{};
  header.body_length = static_cast<std::uint32_t>(body.size());
  header.kind = static_cast<std::uint8_t>(kind);
  header.seq = seq;
  header.prev_sum = chain;
  header.body_sum = body_sum(body, salt(), at.offset);
  set_durable_end(header, durable);
  edit(header);
  seal(header, salt(), at.offset);

  Bytes content = log_.content(at.segment);
  std::memcpy(content.data() + at.offset, &header, sizeof(header));
  if (!body.empty())
    std::memcpy(content.data() + at.offset + sizeof(header), body.data(), body.size());
  log_.set_content(at.segment, content);

  chain = header.sum;
  at.offset = round_up(at.offset + sizeof(header) + body.size(),
                       header.flags & kGroupEndsFlag ? kBlockSize : kChunkAlignment);
  if (kind == ChunkKind::part) {
    part_sums_.push_back(header.body_sum);
    part_bytes_ += body.size();
    ++part_records_;
  }
  return *this;
}

HandLog& HandLog::commit(Seq seq, const Bytes& record,
                         const std::function<void(CommitTrailer&)>& edit) {
  CommitTrailer trailer{};
  trailer.chunks = static_cast<std::uint32_t>(part_sums_.size() + 1);
  trailer.page_records = part_records_ + (record.empty() ? 0 : 1);
  trailer.body_bytes = part_bytes_ + record.size() + sizeof(trailer);
  trailer.page_count = log_.start.page_count;
  trailer.part_sums = checksum64(
      {reinterpret_cast<const std::byte*>(part_sums_.data()), part_sums_.size() * sizeof(Le64)}, 0);
  edit(trailer);
  Bytes body = record;
  body.resize(body.size() + sizeof(trailer));
  std::memcpy(body.data() + record.size(), &trailer, sizeof(trailer));
  forget_parts();
  last_seq_ = seq;
  return chunk(ChunkKind::commit, seq, body);
}

HandLog& HandLog::forget_parts() {
  part_sums_.clear();
  part_bytes_ = 0;
  part_records_ = 0;
  return *this;
}

HandLog& HandLog::end(std::uint64_t next) {
  EndBody body;
  body.next_segment = next;
  const ByteView bytes = bytes_of(body);
  return chunk(ChunkKind::end, last_seq_, Bytes(bytes.begin(), bytes.end()));
}

Bytes image(const PageName& name, const Page& page) {
  Bytes bytes;
  append_page(bytes, name, page);
  return bytes;
}

Bytes delta(const PageName& name, std::vector<ByteRange> ranges, const Page& page) {
  Bytes bytes;
  append_delta(bytes, name, ranges, page);
  return bytes;
}

Bytes bulk(Pid first, std::uint32_t pages) {
  Bytes bytes;
  append_bulk(bytes, first, pages, 9);
  return bytes;
}

Bytes raw_record(const PageRecordHeader& header, const Bytes& payload) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(&header), sizeof(header));
  Bytes record(bytes.begin(), bytes.end());
  record.insert(record.end(), payload.begin(), payload.end());
  record.resize(round_up(record.size(), kChunkAlignment));
  return record;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace quire::testing
