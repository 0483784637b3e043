#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "pager/page_pool.h"
#include "tests/pager/recording_file.h"

namespace quire::testing {

/// A page pool over a recorded file, and pages to put into both.
class PoolTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kUuidHash = 0x0123456789abcdef;
  static constexpr std::size_t kBudget = 16;
  static constexpr CollectionId kOwner = 7;
  static constexpr PageType kType = PageType::hash_bucket;

  static pager::FramePtr structure_frame(Pid pid, Seq seq, char fill) {
    auto frame = std::make_shared<pager::Frame>();
    frame->bytes.fill(static_cast<std::byte>(fill));
    frame->header() = {};
    frame->header().seq = seq;
    frame->header().pid = pid;
    frame->header().owner = kOwner;
    frame->header().type = static_cast<std::uint8_t>(kType);
    frame->verified = pager::Frame::Verified::structure;
    return frame;
  }
  pager::FramePtr data_frame(Pid pid, char fill) const {
    auto frame = std::make_shared<pager::Frame>();
    frame->bytes.fill(static_cast<std::byte>(fill));
    frame->verified = pager::Frame::Verified::data;
    frame->sum = pool.data_sum(pid, frame->bytes);
    return frame;
  }
  /// Writes a frame to its place in the file; a structure page gets its sum.
  void store(Pid pid, const pager::FramePtr& frame) {
    const bool is_structure = frame->verified == pager::Frame::Verified::structure;
    auto bytes = frame->bytes;  // the frame stays as it is
    pool.write_base(pid, is_structure, bytes);
  }
  /// A structure page in a commit.
  void publish(Pid pid, Seq seq, char fill) {
    pool.versions().publish(pid, seq, structure_frame(pid, seq, fill), false);
  }
  /// The end of a snapshot, with what only it needed.
  void end(pager::SnapshotRegistry::Entry& reader) {
    registry.remove(reader);
    pool.versions().prune(registry.raise_horizon(registry.horizon()));
  }
  /// What the pool shows of a structure page: the byte that fills it.
  char read(Pid pid, Seq seq) { return fill_of(pool.structure(pid, kType, kOwner, seq)); }
  static char fill_of(const pager::FramePtr& frame) {
    return std::to_integer<char>(frame->bytes[kPageSize - 1]);
  }
  std::byte& base_byte(Pid pid, std::size_t offset) {
    return file.bytes.at(pid * kPageSize + offset);
  }

  /// The checkpoint of commit `g` up to its sync. Returns how many pages it has written.
  std::size_t save(Seq g) {
    const pager::Readers readers = registry.raise_horizon(g);
    saved.clear();
    pool.save(pool.versions().unsaved_pages(g), g, readers, saved);
    return saved.size();
  }
  /// All of it.
  void checkpoint(Seq g) {
    save(g);
    pool.mark_saved(saved);
  }

  RecordingFile file;
  pager::PagePool pool{file, kUuidHash, kBudget};
  pager::SnapshotRegistry registry;
  std::vector<pager::PagePool::Saved> saved;
};

}  // namespace quire::testing
