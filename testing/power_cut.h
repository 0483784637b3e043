#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quire/testing.h>

#include "testing/disk.h"

namespace quire::simulation {

/// What becomes of one pending change when the power is cut.
struct Fate {
  enum class Kind {
    lost,
    kept,
    garbage,  // of an extension: the file is longer, and what is new is not zeros
    torn,     // of data: sector by sector
    spoiled,  // of data: kept, and what surrounds it in its blocks of 4096 bytes is garbage
  };
  Kind kind = Kind::lost;
  /// Of torn data, a character for each sector of 512 bytes that it touches: '0' lost, '1' kept,
  /// '<' only a beginning kept, '>' only an end, '?' garbage, '!' cannot be read.
  std::string sectors = {};
};

/// The fates of all pending changes, in the order of pending_changes().
using Decisions = std::vector<Fate>;

/// One change that a power cut may keep or lose, whatever becomes of the others.
struct PendingChange {
  std::size_t sectors = 0;      // of data: those that it touches; else 0
  bool may_be_garbage = false;  // of an extension
  std::string description;
  std::size_t first_sector = 0;  // of data
  Tearing tearing = Tearing::sectors;
  bool may_spoil = false;  // of data that fills a block in part only
};

/// Everything pending on the disk: files in the order of their creation, the changes of each in the
/// order of the calls, then names.
std::vector<PendingChange> pending_changes(const Disk& disk);
std::size_t pending_change_count(const Disk& disk);

/// The disk after a power cut with these fates; no cache, nothing pending. Several writes to one
/// sector leave any one of them, since each has its own fate. InvalidArgument if the decisions do
/// not fit what is pending.
Disk cut_power(const Disk& disk, const Decisions& decisions);

/// One character a change, "0" lost, "1" kept, "g" garbage, "b" spoiled, or a torn write's sectors
/// as "[0110]".
std::string to_string(const Decisions& decisions);
/// The reverse; InvalidArgument for any other text.
Decisions parse_decisions(std::string_view text);

/// Different ways to decide, the simplest first: all lost, all kept, each prefix, all but one, only
/// one, each write torn in several ways, all subsets if they are few, then random ones: of many
/// changes a quarter at least, as the others keep or lose no two of them out of order. At most
/// `budget` of them; where that is less than there are, the first two and a choice by `seed`.
std::vector<Decisions> choose_decisions(const std::vector<PendingChange>& changes,
                                        std::size_t budget, std::uint64_t seed);

/// Each change kept with this probability, some of the kept ones torn.
Decisions random_decisions(const std::vector<PendingChange>& changes, double keep,
                           std::mt19937_64& random);

}  // namespace quire::simulation
