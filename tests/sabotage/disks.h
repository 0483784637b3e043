#pragma once

#include <memory>
#include <string>

#include <quire/quire.h>
#include <quire/testing.h>

#include "pager/header_slots.h"
#include "wal/log_scan.h"

namespace quire::sabotage {

inline constexpr const char* kPath = "/db";
inline constexpr std::size_t kPage = 4096;
using Disk = std::unique_ptr<SimulatedFileSystem>;

/// The smallest log segments, and a cache of `frames`.
Options options_on(FileSystem& files, std::size_t frames = 256);

/// What a process leaves that dies behind so many commits after a checkpoint: commit `number` makes
/// entry "number" of the table the newest; each fills a few pages with what no other does.
Disk disk_with_live_log(int commits);
/// The same closed.
Disk clean_disk(int commits);
/// clean_disk(2), behind a process that has run `program` and then a checkpoint, which the fault hits
/// from its first call `operation` on.
Disk disk_with_a_failed_checkpoint(void (*program)(Database&), const std::string& operation,
                                   FaultKind kind, std::uint64_t count);
/// A copy with all that is written.
Disk copy_of(const SimulatedFileSystem& files);

void commit_number(Database& database, int number, Durability durability = Durability::immediate);
/// torture::content_of() the file, opened for writing or not.
std::string content_on(FileSystem& files, bool read_only = false);

pager::Header header_on(FileSystem& files);
wal::LogStart log_start_on(FileSystem& files);
std::string segment_path(int number);
/// The first call from `from` on that is "operation path", whatever follows.
std::uint64_t first_call(const SimulatedFileSystem& files, const std::string& operation,
                         std::uint64_t from = 0);
void flip(FileSystem& files, const std::string& path, std::uint64_t offset);

/// Throws unless opening the file throws a quire::Error.
void require_refused(FileSystem& files, const std::string& what);

}  // namespace quire::sabotage
