#pragma once

#if defined(QUIRE_SABOTAGE_POINTS)
#include <atomic>
#endif

namespace quire {

/// Each names one sync, one step of an order or one check that the engine rests on, and that the
/// sabotage suite takes away to see a test turn red. tests/sabotage/mutants.cc says which rule each
/// of them breaks; docs/testing.md has the table.
enum class Sabotage {
  none,
  // The order of a commit and of the log.
  log_sync,
  end_of_segment_sync,
  successor_sync,
  new_segment_sync,
  new_segment_name_sync,
  new_log_header_syncs,
  early_page_sync,
  sync_before_early_pages,
  wait_for_durable,
  wait_for_written,
  durable_end_that_is_durable,
  chunks_of_one_generation,
  salt_of_each_segment,
  // Checkpoints.
  log_before_pages,
  saved_page_sync,
  checkpoint_header_sync,
  clean_header_sync,
  mark_before_pages,
  registration_of_checkpoint,
  only_what_was_saved_is_clean,
  // Recovery and files.
  new_file_sync,
  new_file_name_sync,
  tail_rewriting,
  rewritten_tail_sync,
  recovered_page_sync,
  recovered_length,
  chosen_header_slot,
  recovered_header_syncs,
  log_for_readers,
  lock_of_the_file,
  newer_header,
  repair_of_a_clean_file,
  // What the log is checked for.
  chunk_header_sum,
  chunk_body_sum,
  chunk_salt,
  chunk_chain,
  commit_number,
  parts_of_a_commit,
  page_records_of_a_commit,
  log_identity,
  log_generation,
  whole_segment,
  successor_behind_an_end,
  damage_before_the_durable_end,
  bulk_voids_older_records,
  image_first_in_a_generation,
  pid_in_the_log,
  range_within_a_page,
  foreign_segments_are_kept,
  name_set_aside_sync,
  // What pages are checked for.
  structure_page_sum,
  data_page_sum,
  page_number,
  page_type,
  page_owner,
  page_seq,
  // Snapshots and space.
  readers_of_old_versions,
  base_that_readers_need,
  mark_of_overwritten_versions,
  horizon_seen_by_starters,
  horizon_raised_by_reclaimers,
  note_of_a_load,
  readers_of_early_room,
  readers_of_a_cut_tail,
  room_reserved_behind_a_cut,
  rollback_of_free_pages,
  freed_pages,
  // Failures.
  failing_log_sync,
  failing_base_sync,
  failing_log_write,
  failure_before_publishing,
  count,
};

#if defined(QUIRE_SABOTAGE_POINTS)

/// What is taken away now; tests set it.
inline std::atomic<Sabotage> active_sabotage{Sabotage::none};

/// Whether `what` is to be left out. Any thread; for the tests' own build of the engine.
inline bool is_sabotaged(Sabotage what) noexcept {
  return active_sabotage.load(std::memory_order_relaxed) == what;
}

/// Calls `step()`, whose errors the sabotage of `what` ignores.
template <class Step>
void heeding_errors(Sabotage what, const Step& step) {
  try {
    step();
  } catch (...) {
    if (!is_sabotaged(what)) throw;
  }
}

#else

/// Whether `what` is to be left out: never, but in the build that the sabotage suite makes.
/// No branch is left of it, not even without optimisation.
consteval bool is_sabotaged(Sabotage) noexcept { return false; }

/// Calls `step()`, whose errors the sabotage of `what` would ignore.
template <class Step>
void heeding_errors(Sabotage, const Step& step) {
  step();
}

#endif

}  // namespace quire
