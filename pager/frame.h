#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/ids.h"
#include "pager/page_access.h"

namespace quire::pager {

/// How many frames there are: in chains, private, or only held by a Value. It outlives the frames,
/// and so the database, if a Value does.
struct FrameCount {
  std::atomic<std::size_t> live{0};
};

/// 4 KiB of memory with the content of one page. Private to a transaction it changes; once
/// published, or installed as what the base holds, it never does, so any thread may read it.
struct Frame {
  /// What the content was found to be (rule M3): another use of the page verifies it again.
  enum class Verified : std::uint8_t { no, structure, data };

  Frame() = default;
  explicit Frame(std::shared_ptr<FrameCount> count) : count_(std::move(count)) { ++count_->live; }
  Frame(const Frame& other) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() {
    if (count_) --count_->live;
  }

  alignas(kFrameAlignment) std::array<std::byte, kPageSize> bytes;
  Verified verified = Verified::no;
  Sum32 sum = 0;  // if verified as data

  const StructurePageHeader& header() const noexcept {
    return *reinterpret_cast<const StructurePageHeader*>(bytes.data());
  }
  StructurePageHeader& header() noexcept {
    return *reinterpret_cast<StructurePageHeader*>(bytes.data());
  }

 private:
  std::shared_ptr<FrameCount> count_;
};

using FramePtr = std::shared_ptr<Frame>;

inline PageRef ref_to(const FramePtr& frame, bool is_private) {
  return PageRef(std::shared_ptr<const std::byte>(frame, frame->bytes.data()), is_private);
}

}  // namespace quire::pager
