#include "tests/support/page_map.h"

#include <quire/error.h>

#include <cstring>

#include "base/checksum.h"
#include "base/invariant.h"

namespace quire::testing {

using pager::MutablePageBytes;
using pager::PageRef;
using pager::SumPlace;

namespace {

PageRef ref_to(const std::shared_ptr<std::array<std::byte, kPageSize>>& frame, bool is_private) {
  return PageRef(std::shared_ptr<const std::byte>(frame, frame->data()), is_private);
}

void expect_type(Pid pid, const StructurePageHeader& header, PageType type) {
  if (header.pid != pid) {
    throw CorruptionError(pid, "pid", std::to_string(pid), std::to_string(header.pid));
  }
  if (header.type != static_cast<std::uint8_t>(type)) {
    throw CorruptionError(pid, "type", std::to_string(static_cast<int>(type)),
                          std::to_string(header.type));
  }
}

}  // namespace

void PageMap::require_owned(Pid pid) const {
  if (!now_.state.contains(pid)) {
    throw CorruptionError(pid, "page", "a page in use", "a free page or none");
  }
}

void PageMap::require_data(Pid pid, bool expected) const {
  require_owned(pid);
  const bool is_data = now_.state.at(pid) == PageState::data;
  if (is_data != expected) {
    throw CorruptionError(pid, "state", expected ? "data" : "structure or owned",
                          is_data ? "data" : "structure or owned");
  }
}

Sum32 PageMap::sum_of(Pid pid, const Frame& frame) const {
  return static_cast<Sum32>(checksum64(frame, page_seed(0, pid)));
}

PageRef PageMap::read(Pid pid, PageType type) {
  require_owned(pid);
  const auto found = now_.frame.find(pid);
  if (found == now_.frame.end()) throw CorruptionError(pid, "content", "a page", "nothing yet");
  expect_type(pid, *reinterpret_cast<const StructurePageHeader*>(found->second->data()), type);
  return ref_to(found->second, private_.contains(pid));
}

PageRef PageMap::read_data(Pid pid, Sum32 sum) {
  require_owned(pid);
  const auto found = now_.frame.find(pid);
  if (found == now_.frame.end()) throw CorruptionError(pid, "content", "a page", "nothing yet");
  const bool is_private = private_.contains(pid);
  if (!is_private && sum_of(pid, *found->second) != sum) {
    throw CorruptionError(pid, "sum", std::to_string(sum),
                          std::to_string(sum_of(pid, *found->second)));
  }
  return ref_to(found->second, is_private);
}

/// A renewed page gets another frame, as in the engine: what points into the former one does not
/// change the page any more.
MutablePageBytes PageMap::own(Pid pid, bool keep_content) {
  auto& frame = now_.frame[pid];
  if (!keep_content) {
    frame = std::make_shared<Frame>();
  } else if (!private_.contains(pid)) {
    frame = std::make_shared<Frame>(*frame);
  }
  private_.insert(pid);
  return MutablePageBytes(*frame);
}

MutablePageBytes PageMap::modify(Pid pid, PageType type) {
  read(pid, type);
  return own(pid, true);
}

MutablePageBytes PageMap::modify_data(Pid pid, Sum32 sum, SumPlace place) {
  read_data(pid, sum);
  const auto bytes = own(pid, true);
  places_[pid] = place;
  return bytes;
}

PageRef PageMap::pin(Pid pid) { return ref_to(now_.frame.at(pid), true); }

Pid PageMap::allocate(std::uint32_t count, PageState state) {
  invariant(count >= 1 && count <= kMaxRun, "allocate takes 1 to kMaxRun pages");
  const Pid first = next_;
  next_ += count;
  for (Pid pid = first; pid < next_; ++pid) now_.state[pid] = state;
  return first;
}

void PageMap::free(Pid pid, std::uint32_t count) {
  for (const Pid end = pid + count; pid < end; ++pid) {
    require_owned(pid);
    now_.state.erase(pid);
    now_.frame.erase(pid);
    private_.erase(pid);
    places_.erase(pid);
  }
}

MutablePageBytes PageMap::renew(Pid pid, PageType type) {
  require_data(pid, false);
  const auto bytes = own(pid, false);
  places_.erase(pid);
  auto& header = *reinterpret_cast<StructurePageHeader*>(bytes.data());
  header.pid = pid;
  header.owner = kOwner;
  header.type = static_cast<std::uint8_t>(type);
  return bytes;
}

MutablePageBytes PageMap::renew_data(Pid pid, SumPlace place) {
  require_data(pid, true);
  const auto bytes = own(pid, false);
  places_[pid] = place;
  return bytes;
}

void PageMap::move_sum(Pid pid, SumPlace place) {
  const auto found = places_.find(pid);
  if (found != places_.end()) found->second = place;
}

void PageMap::commit() {
  for (const auto& [pid, place] : places_) {
    invariant(private_.contains(place.parent),
              "the parent of a changed data page was not modified");
    const Le32 sum = sum_of(pid, *now_.frame.at(pid));
    const auto& parent = now_.frame.at(place.parent);
    Le32 points_at;
    std::memcpy(&points_at, parent->data() + place.offset - sizeof(Le32), sizeof points_at);
    invariant(points_at == pid, "a sum place must follow the pid of its page");
    std::memcpy(parent->data() + place.offset, &sum, sizeof sum);
  }
  private_.clear();
  places_.clear();
  committed_ = now_;
  committed_next_ = next_;
}

void PageMap::rollback() {
  now_ = committed_;
  next_ = committed_next_;
  private_.clear();
  places_.clear();
}

bool CollectingVisitor::visit(Pid first, std::uint32_t count, PageState state) {
  bool is_new = true;
  for (std::uint64_t pid = first; pid < std::uint64_t{first} + count; ++pid) {
    if (pid >= page_count_) {
      problem(first, "outside the file");
      return false;
    }
    if (!all_.emplace(static_cast<Pid>(pid), state).second) {
      problem(static_cast<Pid>(pid), "visited twice");
      is_new = false;
    }
  }
  return is_new;
}

void CollectingVisitor::problem(Pid page, const std::string& what) {
  problems_.push_back("page " + std::to_string(page) + ": " + what);
}

}  // namespace quire::testing
