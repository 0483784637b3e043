#include "engine/salvage_loose.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace quire::engine {
namespace {

/// Those that hold content, or lead to it without a root.
bool is_of_use(PageType type) {
  return type != PageType::map && type != PageType::value && type != PageType::hash_directory;
}

}  // namespace

std::vector<LoosePage> find_loose_pages(SalvageSource& source,
                                        const std::function<bool(CollectionId)>& wanted) {
  std::vector<LoosePage> found;
  source.for_each_page([&](Pid pid) {
    if (source.is_claimed(pid) || is_map_page(pid)) return;
    const std::optional<PageState> state = source.state(pid);
    if (state == PageState::free || state == PageState::data) return;
    const pager::FramePtr page = source.recognise(pid);
    if (!page) {
      // Pages of state `owned` may never have held anything.
      if (state == PageState::structure) {
        source.note_unreadable(pid, "in use, but not intact; nothing tells what it was");
      }
      return;
    }
    const StructurePageHeader& header = page->header();
    if (!state && source.may_mix() && source.is_newer(header.seq)) return;
    const auto type = static_cast<PageType>(header.type);
    if (is_of_use(type) && wanted(header.owner))
      found.push_back({header.owner, type, header.seq, pid});
  });
  std::sort(found.begin(), found.end(), [](const LoosePage& a, const LoosePage& b) {
    return std::tuple(a.owner, b.seq, a.pid) < std::tuple(b.owner, a.seq, b.pid);
  });
  return found;
}

std::span<const LoosePage> loose_pages_of(std::span<const LoosePage> pages, CollectionId owner) {
  const auto is_before = [](const LoosePage& page, CollectionId id) { return page.owner < id; };
  const auto is_after = [](CollectionId id, const LoosePage& page) { return id < page.owner; };
  const auto first = std::lower_bound(pages.begin(), pages.end(), owner, is_before);
  const auto last = std::upper_bound(first, pages.end(), owner, is_after);
  return pages.subspan(static_cast<std::size_t>(first - pages.begin()),
                       static_cast<std::size_t>(last - first));
}

}  // namespace quire::engine
