#pragma once

#include <stdexcept>
#include <string>

#include <quire/testing.h>

// Each detector tries something that the engine promises, from nothing, in a second or less, and throws
// what derives from std::exception if it is not so. They know nothing of what may have been left out.

namespace quire::sabotage {

inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// What a failure of the explorer was.
inline std::string message_of(const CrashReport& report) {
  return report.failure ? report.failure->message : "";
}

// ---- crash_detectors.cc: the power is cut at every moment of a short program, and in its recoveries

void crash_in_a_creation();
void crash_in_a_first_commit();
void crash_in_commits();
void crash_in_relaxed_commits();
void crash_in_commits_over_segments();
void crash_in_early_pages();
void crash_in_early_pages_over_old_records();
void crash_in_a_checkpoint();
void crash_in_a_checkpoint_of_relaxed_commits();
void crash_in_recoveries();

/// Calls fail, each in turn.
void failing_calls();
void failing_calls_before_a_power_cut();

// ---- failure_detectors.cc: what is done behind a call that has failed, by this process and the next

void length_behind_a_lost_sync();
void header_slot_behind_a_lost_sync();
void publishing_after_a_failure();

// ---- damage_detectors.cc: files that are not as they were written

void damaged_pages();
void hostile_page_headers();
void damaged_log();
void shortened_log();
void damage_while_pages_are_saved();
void foreign_log();
void foreign_left_over();
void crash_before_a_foreign_left_over();
void log_of_another_checkpoint();
void stale_header();
void lost_header_slot();
void header_slots_lost_one_by_one();
void reader_of_a_live_log();
void second_opener();

// ---- record_detectors.cc: a log that says what no writer says, behind sums that hold

void forged_commits();
void hostile_page_records();
void salts_of_segments();

// ---- snapshot_detectors.cc: what snapshots see, and who owns each page, without a crash

void old_snapshots();
void snapshot_under_early_pages();
void snapshot_behind_a_cut();
void snapshot_that_begins_in_a_checkpoint();
void balance_of_pages();

// ---- schedule_detectors.cc: threads, one at a time, in many orders

void schedules_of_snapshots_and_checkpoints();
void schedules_of_loads();
void schedules_of_checkpoints();
void schedules_of_checkpoints_and_relaxed_commits();
void schedules_of_cuts();
void schedules_of_chunks();

}  // namespace quire::sabotage
