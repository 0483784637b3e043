#include "tests/testing/protocol_observer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "pager/space_map_format.h"
#include "testing/simulation.h"
#include "wal/segment_reader.h"

namespace quire::testing {
namespace {

using simulation::BlockBytes;
using simulation::FileChange;
using simulation::Inode;

void require(bool holds, const std::string& rule) {
  if (!holds) throw std::runtime_error(rule);
}

std::vector<std::byte> read(const BlockBytes& bytes, std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> result(size);
  bytes.read(offset, result);
  return result;
}

template <class Format>
Format read_as(const BlockBytes& bytes, std::uint64_t offset) {
  Format result;
  bytes.read(offset, std::as_writable_bytes(std::span(&result, 1)));
  return result;
}

bool holds_already(const BlockBytes& content, std::uint64_t offset, ByteView bytes) {
  return offset + bytes.size() <= content.size() &&
         ByteView(read(content, offset, bytes.size())) == bytes;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte byte) { return byte == std::byte{}; });
}

/// Whether a power cut decides what stands there: it does not where the same bytes are on the disk.
bool is_pending(const Inode& inode, std::uint64_t offset, std::uint64_t size) {
  return std::any_of(inode.pending.begin(), inode.pending.end(), [&](const FileChange& change) {
    if (change.kind != FileChange::Kind::data) return false;
    const std::uint64_t from = std::max(offset, change.offset);
    const std::uint64_t to = std::min(offset + size, change.offset + change.bytes->size());
    return from < to &&
           !holds_already(inode.durable, from,
                          ByteView(*change.bytes).sub(from - change.offset, to - from));
  });
}

bool is_page_pending(const Inode& inode, Pid pid) {
  return is_pending(inode, std::uint64_t{pid} * kPageSize, kPageSize);
}

std::optional<HeaderSlot> slot_of(ByteView bytes) {
  HeaderSlot slot;
  std::memcpy(&slot, bytes.data(), sizeof slot);
  std::uint64_t seed = 0;
  std::memcpy(&seed, kHeaderMagic.data(), sizeof seed);
  constexpr std::size_t kSummedFrom = 16;
  if (slot.sum != checksum64(bytes.sub(kSummedFrom, kPageSize - kSummedFrom), seed)) return {};
  return slot;
}

bool is_clean(const HeaderSlot& slot) { return (slot.flags & kHeaderFlagClean) != 0; }

bool needs(const HeaderSlot& slot, std::uint32_t segment) {
  return !is_clean(slot) && slot.first_segment <= segment;
}

/// A structure page says its commit itself; the log leaves its header out.
bool is_version(const LoggedHistory::Version& version, ByteView page) {
  if (version.type == wal::kDataPage) return ByteView(*version.content) == page;
  StructurePageHeader header;
  std::memcpy(&header, page.data(), sizeof header);
  return header.seq == version.seq &&
         ByteView(*version.content).sub(kPageHeaderSize, kPagePayload) ==
             page.sub(kPageHeaderSize, kPagePayload);
}

std::string page_text(Pid pid) { return "page " + std::to_string(pid); }

}  // namespace

SimulatedFileSystem::Watcher ProtocolObserver::watcher(const std::string& path) {
  return [observer = std::make_shared<ProtocolObserver>(path)](const DiskCall& call) {
    observer->see(call);
  };
}

void ProtocolObserver::see(const DiskCall& call) {
  if (!std::exchange(has_started_, true) || last_write_failed(call.disk)) start(call.disk);
  switch (call.operation) {
    case FileOperation::write:
      return see_write(call);
    case FileOperation::rename:
    case FileOperation::link:
      return see_new_name(call);
    case FileOperation::remove:
      return see_removal(call);
    case FileOperation::truncate:
      return see_cut(call);
    default:
      return;
  }
}

// ---- what stands where

std::string ProtocolObserver::segment_path(std::uint32_t no) const {
  constexpr std::size_t kDigits = 6;
  const std::string digits = std::to_string(no);
  return path_ + "-wal." + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

std::optional<std::uint32_t> ProtocolObserver::segment_no(std::string_view path) const {
  const std::string prefix = path_ + "-wal.";
  if (!path.starts_with(prefix)) return {};
  std::uint32_t no = 0;
  std::from_chars(path.data() + prefix.size(), path.data() + path.size(), no);
  return no;
}

const Inode* ProtocolObserver::base(const Disk& disk) const {
  const auto found = disk.names().find(path_);
  return found == disk.names().end() ? nullptr : &disk.inode(found->second);
}

/// nullptr unless its name is durable.
const Inode* ProtocolObserver::segment(const Disk& disk, std::uint32_t no) const {
  const auto name = disk.names().find(segment_path(no));
  const auto durable = disk.durable_names().find(segment_path(no));
  if (name == disk.names().end() || durable == disk.durable_names().end()) return nullptr;
  return name->second == durable->second ? &disk.inode(name->second) : nullptr;
}

/// The header of the greatest generation that a power cut leaves whatever it decides.
std::optional<HeaderSlot> ProtocolObserver::certain_header(const Disk& disk) const {
  std::optional<HeaderSlot> best;
  for (const Pid number : {0u, 1u}) {
    if (is_page_pending(*base(disk), number)) continue;
    const auto slot = slot_of(read(base(disk)->durable, number * kPageSize, kPageSize));
    if (slot && (!best || slot->header_generation > best->header_generation)) best = slot;
  }
  return best;
}

bool ProtocolObserver::is_page_durable(const Disk& disk, Pid pid) const {
  const Inode& file = *base(disk);
  const std::uint64_t offset = std::uint64_t{pid} * kPageSize;
  return holds_already(file.cache, offset, read(file.durable, offset, kPageSize));
}

/// The newest commit that no power cut can take and whose damage would be noticed.
Seq ProtocolObserver::proven_seq(const Disk& disk) const {
  const auto header = certain_header(disk);
  require(header.has_value(), "F3: neither header slot is durable");
  wal::LogPosition proven;
  for (auto chunk = history_.chunks().rbegin(); chunk != history_.chunks().rend(); ++chunk) {
    const Inode* const file = segment(disk, chunk->at.segment);
    if (file == nullptr || !holds_already(file->durable, chunk->at.offset, bytes_of(chunk->header)))
      continue;
    proven = durable_end(chunk->header);
    break;
  }
  Seq newest = header->checkpoint_seq;
  for (const LoggedHistory::Commit& commit : history_.commits()) {
    if (commit.end <= proven) newest = std::max<Seq>(newest, commit.seq);
  }
  return newest;
}

// ---- what was there before

bool ProtocolObserver::last_write_failed(const Disk& disk) const {
  const auto name = disk.names().find(last_.path);
  return name != disk.names().end() &&
         !holds_already(disk.inode(name->second).cache, last_.offset, last_.bytes);
}

void ProtocolObserver::start(const Disk& disk) {
  history_ = {};
  last_ = {};
  if (base(disk) == nullptr) return;
  first_base_ = base(disk)->cache;
  std::optional<HeaderSlot> best;
  for (const Pid number : {0u, 1u}) {
    const auto slot = slot_of(read(first_base_, number * kPageSize, kPageSize));
    if (slot && (!best || slot->header_generation > best->header_generation)) best = slot;
  }
  if (best && !is_clean(*best)) read_log(disk, *best);
}

/// As far as it goes: whether it is whole is for the engine to say.
void ProtocolObserver::read_log(const Disk& disk, const HeaderSlot& header) {
  SimulatedFileSystem files(
      std::make_shared<simulation::Simulation>(disk, std::uint64_t{0}, FaultPlan{}));
  const wal::SegmentSet segments(files, path_, 0600);
  const wal::LogIdentity identity{header.uuid, header.log_id};
  history_.begin_log(header.log_id);
  auto no = static_cast<std::uint32_t>(header.first_segment);
  std::uint64_t chain = 0;
  bool ended = true;
  while (std::exchange(ended, false)) {
    auto reader = wal::SegmentReader::open(segments, identity, no, OpenMode::read_only);
    if (!reader) return;
    history_.enter_segment(no++);
    chain = reader->header().prev_end_sum;
    while (const auto chunk = reader->chunk(history_.end().offset)) {
      if (chunk->header.prev_sum != chain) return;
      chain = chunk->header.sum;
      history_.take(history_.end(), chunk->header, chunk->body);
      ended = chunk->header.kind == static_cast<std::uint8_t>(wal::ChunkKind::end);
      if (ended) break;
    }
  }
}

/// In the commit with that many pages.
bool ProtocolObserver::is_free(Pid pid, Seq seq, Pid page_count) const {
  if (pid >= page_count) return true;
  const Pid map_pid = map_page_of(pid);
  const LoggedHistory::Version* const logged = history_.version_at(map_pid, seq);
  MapPage map;
  if (logged != nullptr) {
    std::memcpy(&map, logged->content->data(), sizeof map);
  } else {
    map = read_as<MapPage>(first_base_, std::uint64_t{map_pid} * kPageSize);
  }
  return get_state(map, pid) == PageState::free;
}

// ---- names

void ProtocolObserver::see_new_name(const DiskCall& call) {
  const auto no = segment_no(call.target);
  if (!no && call.target != path_) return;
  const Inode& file = call.disk.inode(call.disk.names().at(std::string(call.path)));
  require(file.pending.empty(), "P11: a file gets its name before its content is durable");
  if (!no) {
    first_base_ = file.cache;
    return;
  }
  last_ = {};  // a file of this name may have gone
  const auto header = read_as<wal::SegmentHeader>(file.cache, 0);
  if (header.segment_no != *no || header.log_id == history_.log_id()) return;
  history_.begin_log(header.log_id);
  history_.enter_segment(*no);
}

void ProtocolObserver::see_removal(const DiskCall& call) {
  require(call.path != path_, "the database file is removed");
  const auto no = segment_no(call.path);
  if (!no) return;
  const auto certain = certain_header(call.disk);
  require(certain.has_value(), "F3: neither header slot is durable");
  const Inode& file = call.disk.inode(call.disk.names().at(std::string(call.path)));
  const auto block = read_as<wal::SegmentHeader>(file.cache, 0);
  if (block.log_id != certain->log_id) return;  // set aside, or never written to
  require(!needs(*certain, *no), "I27: a segment goes that the durable header needs");
  require(!is_clean(*certain) || (is_page_durable(call.disk, 0) && is_page_durable(call.disk, 1)),
          "F3: a log goes before both header slots say that it may");
  for (const Pid number : {0u, 1u}) {
    const auto other = slot_of(read(base(call.disk)->cache, number * kPageSize, kPageSize));
    require(!other || other->header_generation < certain->header_generation || !needs(*other, *no),
            "I27: a segment goes that a header on its way to the disk needs");
  }
}

void ProtocolObserver::see_cut(const DiskCall& call) {
  require(!segment_no(call.path), "L1: a segment changes its size");
  if (call.path != path_) return;
  const auto certain = certain_header(call.disk);
  require(certain.has_value(), "F3: neither header slot is durable");
  const auto holds = [&](Pid page_count) {
    return call.offset >= std::uint64_t{page_count} * kPageSize;
  };
  require(holds(certain->page_count), "S3: the file is cut below what its header says");
  const Seq proven = proven_seq(call.disk);
  for (const LoggedHistory::Commit& commit : history_.commits()) {
    require(
        commit.seq < proven || commit.seq <= certain->checkpoint_seq || holds(commit.page_count),
        "S3: the file is cut below what commit " + std::to_string(commit.seq) + " says");
  }
}

// ---- the database file

void ProtocolObserver::see_write(const DiskCall& call) {
  if (const auto no = segment_no(call.path)) return see_log(call, *no);
  if (call.path != path_) return;
  require(call.offset % kPageSize == 0 && call.bytes.size() % kPageSize == 0,
          "the database file is written in whole pages");
  for (std::size_t at = 0; at < call.bytes.size(); at += kPageSize) {
    const ByteView page = call.bytes.sub(at, kPageSize);
    const auto pid = static_cast<Pid>((call.offset + at) / kPageSize);
    // Written again as they are: recovery does so to make sure of them.
    if (holds_already(base(call.disk)->cache, call.offset + at, page)) continue;
    pid < kFirstMapPage ? see_header(call, pid, page) : see_page(call, pid, page);
  }
}

void ProtocolObserver::see_page(const DiskCall& call, Pid pid, ByteView bytes) {
  if (!is_logged(call.disk, pid, bytes)) require_free(call.disk, pid);
}

bool ProtocolObserver::is_logged(const Disk& disk, Pid pid, ByteView bytes) const {
  const auto found = history_.pages().find(pid);
  if (found == history_.pages().end()) return false;
  const auto version = std::find_if(
      found->second.rbegin(), found->second.rend(),
      [&](const auto& candidate) { return candidate.content && is_version(candidate, bytes); });
  return version != found->second.rend() && version->seq <= proven_seq(disk);
}

/// In all that a crash may come back to, and all that a snapshot may look at.
void ProtocolObserver::require_free(const Disk& disk, Pid pid) const {
  const auto header = certain_header(disk);
  const Seq proven = proven_seq(disk);
  const std::string rule =
      page_text(pid) + " is written, is not as a proven commit of the log says, and is in use in ";
  require(proven > header->checkpoint_seq || is_free(pid, proven, header->page_count),
          "I26: " + rule + "the checkpoint");
  for (const LoggedHistory::Commit& commit : history_.commits()) {
    require(commit.seq < proven || is_free(pid, commit.seq, commit.page_count),
            "I26: " + rule + "commit " + std::to_string(commit.seq));
  }
  for (const Seq seq : held_) {
    require(is_free(pid, seq, UINT32_MAX),
            "I29: " + rule + "a held snapshot of commit " + std::to_string(seq));
  }
}

void ProtocolObserver::see_header(const DiskCall& call, Pid slot, ByteView bytes) {
  const Disk& disk = call.disk;
  const auto written = slot_of(bytes);
  require(written.has_value(), "a header slot is written that is none");
  const Pid other_number = 1 - slot;
  const auto other =
      slot_of(read(base(disk)->durable, std::uint64_t{other_number} * kPageSize, kPageSize));
  require(other && !is_page_pending(*base(disk), other_number),
          "F3: a header slot is overwritten while the other is not durable");
  if (written->header_generation == other->header_generation) return;  // the same, looked at before
  if (!is_clean(*written)) require_log(disk, *written);
  require_pages(disk, *written, other->checkpoint_seq);
}

void ProtocolObserver::require_log(const Disk& disk, const HeaderSlot& header) const {
  const Inode* const file = segment(disk, static_cast<std::uint32_t>(header.first_segment));
  require(file != nullptr && !is_pending(*file, 0, wal::kBlockSize),
          "I28: the header names a segment that is not durable");
  const auto block = read_as<wal::SegmentHeader>(file->durable, 0);
  require(block.log_id == header.log_id && block.segment_no == header.first_segment,
          "I28: the header names a segment without a block 0 of its log");
}

/// `complete`: the commit up to which the base was complete before.
void ProtocolObserver::require_pages(const Disk& disk, const HeaderSlot& header,
                                     Seq complete) const {
  const Inode& file = *base(disk);
  const Seq seq = header.checkpoint_seq;
  require(file.durable_size >= std::uint64_t{header.page_count} * kPageSize,
          "I28: the header counts pages that the file does not have");
  for (const auto& [pid, versions] : history_.pages()) {
    const LoggedHistory::Version* const newest = history_.version_at(pid, seq);
    if (newest == nullptr || newest->seq <= complete) continue;
    if (is_free(pid, seq, header.page_count)) continue;
    const std::string rule = "I28: the header says that commit " + std::to_string(seq) +
                             " is in the file, but " + page_text(pid) + " of it is not durable";
    if (newest->content) {
      require(is_version(*newest, read(file.durable, std::uint64_t{pid} * kPageSize, kPageSize)),
              rule);
    }
    require(!is_page_pending(file, pid) || pid < kFirstMapPage || newest->content, rule);
  }
}

// ---- the log

void ProtocolObserver::see_log(const DiskCall& call, std::uint32_t segment_number) {
  const auto name = call.disk.names().find(std::string(call.path));
  if (name == call.disk.names().end()) return;
  const BlockBytes& content = call.disk.inode(name->second).cache;
  if (holds_already(content, call.offset, call.bytes)) return;
  require(call.offset % wal::kBlockSize == 0 && call.bytes.size() % wal::kBlockSize == 0,
          "L1: the log is written in whole blocks");
  require(call.offset + call.bytes.size() <= content.size(), "L1: a segment changes its size");
  if (call.offset == 0) {
    require(is_zero(read(content, 0, wal::kBlockSize)), "I30: block 0 of a segment is overwritten");
    return;
  }
  last_ = {std::string(call.path), call.offset, {call.bytes.begin(), call.bytes.end()}};
  wal::LogPosition at{segment_number, call.offset};
  if (history_.end().segment + 1 == segment_number) {
    const Inode* const before = segment(call.disk, history_.end().segment);
    require(before == nullptr || before->pending.empty(),
            "L7: a record is written behind an END that is not durable");
    history_.enter_segment(segment_number);
  }
  if (history_.chunks().empty()) {
    require(is_page_durable(call.disk, 0) && is_page_durable(call.disk, 1),
            "F2: a log begins before both header slots say so");
  }
  require_same_chunks(call, segment_number, content);
  const std::uint64_t known = at < history_.end() ? history_.end().offset - at.offset : 0;
  if (at.segment < history_.end().segment || known >= call.bytes.size() ||
      is_zero(call.bytes.sub(known))) {
    return;  // nothing but padding is new
  }
  at.offset += known;
  while (at.offset < call.offset + call.bytes.size()) {
    wal::ChunkHeader header;
    const ByteView rest = call.bytes.sub(at.offset - call.offset);
    std::memcpy(&header, rest.data(), sizeof header);
    const ByteView body = rest.sub(sizeof header, header.body_length);
    see_chunk(call.disk, at, header, body);
    history_.take(at, header, body);
    at = history_.end();
  }
}

/// What lies between chunks means nothing, and a torn write may have left anything there.
void ProtocolObserver::require_same_chunks(const DiskCall& call, std::uint32_t segment_number,
                                           const BlockBytes& content) const {
  for (const LoggedHistory::Chunk& chunk : history_.chunks()) {
    const std::uint64_t end = chunk.at.offset + sizeof chunk.header + chunk.header.body_length;
    const std::uint64_t from = std::max(call.offset, chunk.at.offset);
    const std::uint64_t to = std::min(call.offset + call.bytes.size(), end);
    if (chunk.at.segment != segment_number || from >= to) continue;
    require(holds_already(content, from, call.bytes.sub(from - call.offset, to - from)),
            "I30: a record of the log is overwritten");
  }
}

void ProtocolObserver::see_chunk(const Disk& disk, wal::LogPosition at,
                                 const wal::ChunkHeader& header, ByteView body) {
  const wal::LogPosition named = durable_end(header);
  const Inode* const proven = segment(disk, named.segment);
  require(proven == nullptr || !is_pending(*proven, 0, named.offset),
          "L4: a chunk names a durable end before which not all is durable");
  if (header.kind == static_cast<std::uint8_t>(wal::ChunkKind::end)) {
    const Inode* const next = segment(disk, at.segment + 1);
    require(next != nullptr && !is_pending(*next, 0, wal::kBlockSize) &&
                read_as<wal::SegmentHeader>(next->durable, 0).log_id == history_.log_id(),
            "L7: an END leads to a segment that is not durable");
  }
  for (const wal::PageRecord& record : LoggedHistory::records(header, body)) {
    if (record.kind != wal::PageRecordKind::bulk) continue;
    require(!is_pending(*base(disk), std::uint64_t{record.name.pid} * kPageSize,
                        std::uint64_t{record.pages} * kPageSize),
            "S2: the log tells of early pages that are not durable");
  }
}

}  // namespace quire::testing
