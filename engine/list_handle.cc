#include <quire/list.h>

#include <stdexcept>

#include "engine/handles.h"
#include "structures/list.h"

namespace quire {
namespace {

using engine::OpenCollection;
using pager::PageReader;
using pager::PageWriter;

structures::ListView view_of(PageReader& pages, const OpenCollection& collection) {
  return structures::ListView(pages, collection.entry.root);
}

/// Calls `change(structures::List&)`.
template <class Change>
void change_list(const ReadScope& scope, Change&& change) {
  engine::write(scope, [&](PageWriter& pages, const OpenCollection& collection) {
    structures::List list(pages, collection.entry.root);
    change(list);
  });
}

std::uint64_t last_of(const structures::ListView& list) {
  const std::uint64_t size = list.size();
  if (size == 0) throw std::out_of_range("the list is empty: it has no last item");
  return size - 1;
}

}  // namespace

std::uint64_t ListView::size() const {
  return engine::read(scope_, [](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).size();
  });
}

Value ListView::at(std::uint64_t index) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).at(index);
  });
}

Value ListView::back() const {
  return engine::read(scope_, [](PageReader& pages, const OpenCollection& collection) {
    const structures::ListView list = view_of(pages, collection);
    return list.at(last_of(list));
  });
}

ListView::Iterator ListView::begin() const {
  return engine::read(scope_, [&](PageReader&, const OpenCollection& collection) {
    return Iterator(scope_, collection.changes, 0);
  });
}

ListView::Iterator ListView::end() const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return Iterator(scope_, collection.changes, view_of(pages, collection).size());
  });
}

Value ListView::Iterator::read(std::uint64_t index) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    if (collection.changes != changes_) {
      throw InvalidArgument("the list was changed during an iteration; begin a new one");
    }
    return view_of(pages, collection).at(index);
  });
}

void List::push_back(ByteView item) {
  change_list(scope(), [&](structures::List& list) { list.push_back(item); });
}

void List::push_front(ByteView item) {
  change_list(scope(), [&](structures::List& list) { list.push_front(item); });
}

void List::pop_back() {
  change_list(scope(), [](structures::List& list) { list.erase(last_of(list)); });
}

void List::pop_front() {
  change_list(scope(), [](structures::List& list) { list.erase(0); });
}

void List::insert(std::uint64_t index, ByteView item) {
  change_list(scope(), [&](structures::List& list) { list.insert(index, item); });
}

void List::erase(std::uint64_t index, std::uint64_t count) {
  change_list(scope(), [&](structures::List& list) { list.erase(index, count); });
}

void List::set(std::uint64_t index, ByteView item) {
  change_list(scope(), [&](structures::List& list) { list.set(index, item); });
}

void List::clear() {
  change_list(scope(), [](structures::List& list) { list.clear(); });
}

}  // namespace quire
