#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quire/bytes.h>
#include <quire/file_system.h>

#include "wal/log_format.h"

namespace quire::wal {

/// The segment files beside one database, by number: names, creation, removal. Reads no content.
///
/// Keeps nothing but names, so a copy is as good as the original; the FileSystem must outlive it.
/// Errors are those of the FileSystem unless said otherwise. The caller holds the database's lock,
/// so nobody else changes these names.
class SegmentSet {
 public:
  /// New segments get the permission bits `mode`: those of the database, because the log holds the
  /// same secrets.
  SegmentSet(FileSystem& file_system, const std::string& database_path, std::uint32_t mode);

  FileSystem& file_system() const noexcept { return *file_system_; }

  /// "NAME-wal.NNNNNN": six digits or more, from 1.
  std::string path(std::uint32_t no) const;

  /// The numbers of all segments that exist, ascending; names that are not regular files are left
  /// out. One listing of the directory.
  std::vector<std::uint32_t> numbers() const;

  /// nullptr if there is no such segment.
  std::unique_ptr<File> open(std::uint32_t no, OpenMode how) const;

  /// A new file under a temporary name, not yet a segment. OutOfSpace if there is no room for it.
  std::unique_ptr<File> create_temporary() const;

  /// Makes `temporary` segment `no`: `head` and then zeros up to `bytes`, synced, named, and the
  /// directory synced. Returns it opened under its name. Never replaces a file. No room, also for an
  /// open file (EMFILE): OutOfSpace, and nothing is left behind. After any other error the temporary file is gone, and
  /// the name may exist, synced or not.
  std::unique_ptr<File> publish(std::unique_ptr<File> temporary, std::uint32_t no, ByteView head,
                                std::uint64_t bytes) const;

  void remove(std::uint32_t no) const;

  /// Gives a segment of another log the name "NAME-wal-aside.LOGID.NNNNNN", or that and "-2",
  /// "-3"... if it is taken, and returns it. Not durable before sync_directory().
  std::string set_aside(std::uint32_t no, const Uuid& log_id) const;

  /// Removes the temporary files that a crash left behind.
  void remove_temporaries() const;

  void sync_directory() const;

 private:
  std::unique_ptr<File> open_named(std::uint32_t no) const;
  std::string sibling(std::string_view name) const;
  void fill(File& file, ByteView head, std::uint64_t bytes) const;

  FileSystem* file_system_;
  std::string directory_;
  std::string name_;  // of the database, without the directory
  std::uint32_t mode_;
};

}  // namespace quire::wal
