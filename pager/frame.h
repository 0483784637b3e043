#pragma once

#include <array>
#include <memory>

#include "base/ids.h"
#include "pager/page_access.h"

namespace quire::pager {

/// 4 KiB of memory with the content of one page. Private to a transaction it changes; once
/// published it never does.
struct Frame {
  /// What the content was found to be (rule M3): another use of the page verifies it again.
  enum class Verified : std::uint8_t { no, structure, data };

  std::array<std::byte, kPageSize> bytes;
  Verified verified = Verified::no;
  Sum32 sum = 0;  // if verified as data

  const StructurePageHeader& header() const noexcept {
    return *reinterpret_cast<const StructurePageHeader*>(bytes.data());
  }
  StructurePageHeader& header() noexcept {
    return *reinterpret_cast<StructurePageHeader*>(bytes.data());
  }
};

using FramePtr = std::shared_ptr<Frame>;

inline PageRef ref_to(const FramePtr& frame, bool is_private) {
  return PageRef(std::shared_ptr<const std::byte>(frame, frame->bytes.data()), is_private);
}

}  // namespace quire::pager
