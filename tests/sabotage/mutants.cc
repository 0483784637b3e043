#include "tests/sabotage/mutants.h"

#include <array>

#include "tests/sabotage/detectors.h"

namespace quire::sabotage {
namespace {

#define QUIRE_MUTANT(what, rule, detector) \
  Mutant { Sabotage::what, #what, rule, #detector, detector }

constexpr std::array kMutants{
    QUIRE_MUTANT(log_sync, "C1", crash_in_commits),
    QUIRE_MUTANT(end_of_segment_sync, "K1", crash_in_commits_over_segments),
    QUIRE_MUTANT(successor_sync, "L7", crash_in_commits_over_segments),
    QUIRE_MUTANT(new_segment_sync, "L1", crash_in_commits_over_segments),
    QUIRE_MUTANT(new_segment_name_sync, "L7", crash_in_a_first_commit),
    QUIRE_MUTANT(new_log_header_syncs, "F2", crash_in_a_first_commit),
    QUIRE_MUTANT(early_page_sync, "S2", crash_in_early_pages),
    QUIRE_MUTANT(sync_before_early_pages, "S2", crash_in_early_pages),
    QUIRE_MUTANT(wait_for_durable, "C3", crash_in_commits),
    QUIRE_MUTANT(wait_for_written, "C3", crash_in_relaxed_commits),
    QUIRE_MUTANT(durable_end_that_is_durable, "L6", crash_in_relaxed_commits),
    QUIRE_MUTANT(chunks_of_one_generation, "K1", schedules_of_chunks),
    QUIRE_MUTANT(salt_of_each_segment, "L4", salts_of_segments),
    QUIRE_MUTANT(log_before_pages, "K1", crash_in_a_checkpoint_of_relaxed_commits),
    QUIRE_MUTANT(saved_page_sync, "K1", crash_in_a_checkpoint),
    QUIRE_MUTANT(checkpoint_header_sync, "F3", crash_in_a_checkpoint),
    QUIRE_MUTANT(clean_header_sync, "F3", lost_header_slot),
    QUIRE_MUTANT(mark_before_pages, "L6", damage_while_pages_are_saved),
    QUIRE_MUTANT(registration_of_checkpoint, "K1", schedules_of_checkpoints_and_relaxed_commits),
    QUIRE_MUTANT(only_what_was_saved_is_clean, "K2", schedules_of_checkpoints),
    QUIRE_MUTANT(new_file_sync, "F4", crash_in_a_creation),
    QUIRE_MUTANT(new_file_name_sync, "F4", crash_in_a_creation),
    QUIRE_MUTANT(tail_rewriting, "L7", crash_in_recoveries),
    QUIRE_MUTANT(rewritten_tail_sync, "L7", crash_in_recoveries),
    QUIRE_MUTANT(recovered_page_sync, "L7", crash_in_recoveries),
    QUIRE_MUTANT(recovered_length, "L7", length_behind_a_lost_sync),
    QUIRE_MUTANT(chosen_header_slot, "F3", header_slot_behind_a_lost_sync),
    QUIRE_MUTANT(recovered_header_syncs, "F3", crash_in_recoveries),
    QUIRE_MUTANT(log_for_readers, "F4", reader_of_a_live_log),
    QUIRE_MUTANT(lock_of_the_file, "F4", second_opener),
    QUIRE_MUTANT(newer_header, "F3", stale_header),
    QUIRE_MUTANT(repair_of_a_clean_file, "F3", header_slots_lost_one_by_one),
    QUIRE_MUTANT(chunk_header_sum, "L4", forged_commits),
    QUIRE_MUTANT(chunk_body_sum, "L4", crash_in_commits_over_segments),
    QUIRE_MUTANT(chunk_salt, "L4", forged_commits),
    QUIRE_MUTANT(chunk_chain, "L4", forged_commits),
    QUIRE_MUTANT(commit_number, "L4", forged_commits),
    QUIRE_MUTANT(parts_of_a_commit, "L3", forged_commits),
    QUIRE_MUTANT(page_records_of_a_commit, "F6", forged_commits),
    QUIRE_MUTANT(log_identity, "F2", foreign_log),
    QUIRE_MUTANT(log_generation, "L2", log_of_another_checkpoint),
    QUIRE_MUTANT(whole_segment, "L1", shortened_log),
    QUIRE_MUTANT(successor_behind_an_end, "L7", damaged_log),
    QUIRE_MUTANT(damage_before_the_durable_end, "L6", damaged_log),
    QUIRE_MUTANT(bulk_voids_older_records, "L5", crash_in_early_pages_over_old_records),
    QUIRE_MUTANT(image_first_in_a_generation, "L2", hostile_page_records),
    QUIRE_MUTANT(pid_in_the_log, "F6", hostile_page_records),
    QUIRE_MUTANT(range_within_a_page, "F6", hostile_page_records),
    QUIRE_MUTANT(foreign_segments_are_kept, "F2", foreign_left_over),
    QUIRE_MUTANT(name_set_aside_sync, "F2", crash_before_a_foreign_left_over),
    QUIRE_MUTANT(structure_page_sum, "M2", damaged_pages),
    QUIRE_MUTANT(data_page_sum, "M3", damaged_pages),
    QUIRE_MUTANT(page_number, "F6", hostile_page_headers),
    QUIRE_MUTANT(page_type, "M3", hostile_page_headers),
    QUIRE_MUTANT(page_owner, "F6", hostile_page_headers),
    QUIRE_MUTANT(page_seq, "M3", hostile_page_headers),
    QUIRE_MUTANT(readers_of_old_versions, "V2", old_snapshots),
    QUIRE_MUTANT(base_that_readers_need, "V2", old_snapshots),
    QUIRE_MUTANT(mark_of_overwritten_versions, "V2", old_snapshots),
    QUIRE_MUTANT(horizon_seen_by_starters, "V1", schedules_of_snapshots_and_checkpoints),
    QUIRE_MUTANT(horizon_raised_by_reclaimers, "V1", snapshot_that_begins_in_a_checkpoint),
    QUIRE_MUTANT(note_of_a_load, "M2", schedules_of_loads),
    QUIRE_MUTANT(readers_of_early_room, "S2", snapshot_under_early_pages),
    QUIRE_MUTANT(readers_of_a_cut_tail, "S3", snapshot_behind_a_cut),
    QUIRE_MUTANT(room_reserved_behind_a_cut, "S3", schedules_of_cuts),
    QUIRE_MUTANT(rollback_of_free_pages, "S1", balance_of_pages),
    QUIRE_MUTANT(freed_pages, "S1", balance_of_pages),
    QUIRE_MUTANT(failing_log_sync, "F1", failing_calls_before_a_power_cut),
    QUIRE_MUTANT(failing_base_sync, "F1", failing_calls),
    QUIRE_MUTANT(failing_log_write, "F1", failing_calls_before_a_power_cut),
    QUIRE_MUTANT(failure_before_publishing, "F1", publishing_after_a_failure),
};

#undef QUIRE_MUTANT

}  // namespace

std::span<const Mutant> mutants() { return kMutants; }

}  // namespace quire::sabotage
