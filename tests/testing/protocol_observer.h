#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <quire/bytes.h>
#include <quire/testing.h>

#include "base/ids.h"
#include "pager/header_format.h"
#include "pager/page_format.h"
#include "testing/disk.h"
#include "tests/testing/logged_history.h"

namespace quire::testing {

/// Looks over the engine's shoulder: knows the files of one database and sees to it that each call
/// comes only when what it rests on is durable, crash or not. What it holds true, by the numbers of
/// FAULTS.md and the rules of DESIGN.md:
///
///   I26   a page is written to its place only if a proven commit of the log holds it as it is
///         written, or it is free in every commit that a crash may come back to (early pages)
///   I27   a segment goes only when no header that a crash may leave needs it
///   I28   a header is written only when each page that it vouches for is durable, and the segment
///         that it names; a slot only while the other one is durable (F3); both are when a log begins (F2)
///         and when it goes
///   I29   an early page is free in every commit that a held snapshot sees
///   I30   the log is only added to: a record is written again with the same bytes or never
///   L4    a durable end that a chunk names is one
///   L7    an END only before a successor whose name and block 0 are durable, records there only
///         behind a durable END; S2: early pages are durable before the log says a word of them
///   S3    the file is not cut below what a crash may come back to
///   P11   a file gets its name when its content is durable
///
/// A commit is proven if a chunk that is durable names a durable end behind it (rule L6).
class ProtocolObserver {
 public:
  explicit ProtocolObserver(std::string path) : path_(std::move(path)) {}

  /// Throws std::runtime_error if the call breaks a rule. Call it with each call from the first on.
  void see(const DiskCall& call);

  /// The pages of commit `seq` are being read, until it is released.
  void hold(Seq seq) { held_.insert(seq); }
  void release(Seq seq) { held_.erase(held_.find(seq)); }

  /// One to give to SimulatedFileSystem::watch() or CrashOptions::watch.
  static SimulatedFileSystem::Watcher watcher(const std::string& path);

 private:
  using Disk = simulation::Disk;
  using Inode = simulation::Inode;

  /// What was last added to the log; or was not, if the call failed.
  struct LogWrite {
    std::string path;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
  };

  void start(const Disk& disk);
  bool last_write_failed(const Disk& disk) const;
  void read_log(const Disk& disk, const HeaderSlot& header);
  void see_write(const DiskCall& call);
  void see_new_name(const DiskCall& call);
  void see_removal(const DiskCall& call);
  void see_cut(const DiskCall& call);
  void see_page(const DiskCall& call, Pid pid, ByteView bytes);
  void see_header(const DiskCall& call, Pid slot, ByteView bytes);
  void see_log(const DiskCall& call, std::uint32_t segment);
  void require_same_chunks(const DiskCall& call, std::uint32_t segment,
                           const simulation::BlockBytes& content) const;
  void see_chunk(const Disk& disk, wal::LogPosition at, const wal::ChunkHeader& header,
                 ByteView body);

  void require_log(const Disk& disk, const HeaderSlot& header) const;
  void require_pages(const Disk& disk, const HeaderSlot& header, Seq complete) const;
  void require_free(const Disk& disk, Pid pid) const;
  bool is_logged(const Disk& disk, Pid pid, ByteView bytes) const;
  bool is_free(Pid pid, Seq seq, Pid page_count) const;

  const Inode* base(const Disk& disk) const;
  const Inode* segment(const Disk& disk, std::uint32_t no) const;
  std::string segment_path(std::uint32_t no) const;
  std::optional<std::uint32_t> segment_no(std::string_view path) const;
  std::optional<HeaderSlot> certain_header(const Disk& disk) const;
  bool is_page_durable(const Disk& disk, Pid pid) const;
  Seq proven_seq(const Disk& disk) const;

  const std::string path_;
  bool has_started_ = false;
  simulation::BlockBytes first_base_;  // what map pages said before the log changed them
  LoggedHistory history_;
  LogWrite last_;
  std::multiset<Seq> held_;
};

}  // namespace quire::testing
