#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quire/file_system.h>
#include <quire/salvage_report.h>

#include "base/ids.h"
#include "engine/salvage_header.h"
#include "pager/frame.h"
#include "pager/pid_set.h"
#include "pager/space_map_format.h"
#include "wal/log_reader.h"

namespace quire::engine {

/// The pages of a damaged database: what its log says, as far as that is whole, over what its file
/// holds. Nothing is written. Locked, shared, for as long as this lives. What cannot be read, by
/// its sum or because the disk fails, is a CorruptionError for its page, and is counted once in the
/// report. Every call costs at most a page read; nothing is cached but the last map page. Not
/// thread-safe.
///
/// Pages may be of two ages if the log is not whole (may_mix()): those as of commit seq(), and
/// *newer* ones, which a checkpoint had written before the crash. All newer ones are of one commit
/// too. What is put together of both ages may never have been committed.
class SalvageSource {
 public:
  /// LockedError if the database is open for writing elsewhere; FormatError if it is none, or of a
  /// newer format; NotFound if there is no such file.
  /// `progress` is called now and then with the pages read; what it throws comes out.
  SalvageSource(FileSystem& files, const std::string& path, const SalvageOptions& options,
                const ProgressFunction& progress, SalvageReport& report);

  Pid page_count() const noexcept { return page_count_; }
  bool may_mix() const noexcept { return may_mix_; }
  bool is_newer(Seq seq) const noexcept { return seq > seq_; }

  /// Verified: a structure page of that type and owner, or a data page of that sum.
  pager::FramePtr structure(Pid pid, PageType type, CollectionId owner);
  pager::FramePtr data(Pid pid, Sum32 sum);
  /// The structure page `pid`, whatever it is; nullptr if it is none, or not intact.
  pager::FramePtr recognise(Pid pid);
  /// What the space map says of a page; nothing if that part of it cannot be read.
  std::optional<PageState> state(Pid pid);
  /// Calls `fn(Pid)` for every page behind the fixed ones of which there are bytes, ascending.
  void for_each_page(const std::function<void(Pid)>& fn) const;
  /// Counts a page as unreadable, for that reason.
  void note_unreadable(Pid pid, const std::string& what);

  /// Says that pages [first, first + count) belong to what is being read. False, and nothing has
  /// changed, if one of them belongs to something already or does not exist: so every walk ends,
  /// and nothing is brought over twice.
  bool claim(Pid first, std::uint32_t count);
  bool is_claimed(Pid pid) const noexcept { return claimed_.contains(pid); }

 private:
  struct Loaded {
    pager::FramePtr frame;
    bool is_logged_structure = false;  // has no sum in its header: the log's held
  };

  bool exists(Pid pid) const noexcept;
  Pid missing_before(Pid end) const;
  Loaded load(Pid pid);
  Loaded load_logged(Pid pid);
  void require_intact(Pid pid, const Loaded& loaded) const;
  template <class Fn>
  pager::FramePtr counted(Pid pid, Fn&& fn);

  void count_load();

  const ProgressFunction& progress_;
  SalvageReport& report_;
  std::uint64_t loads_ = 0;
  std::unique_ptr<File> file_;
  std::unique_ptr<wal::LogReader> log_;  // nullptr if there is none
  std::optional<std::uint64_t> uuid_hash_;
  Pid file_pages_ = 0;
  Pid page_count_ = 0;
  Seq seq_ = 0;
  bool may_mix_ = false;
  pager::PidSet claimed_;
  pager::PidSet unreadable_;
  Pid map_pid_ = kNoPid;  // of map_
  pager::FramePtr map_;   // nullptr: cannot be read
};

}  // namespace quire::engine
