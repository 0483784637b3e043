#include <quire/hash.h>

#include <algorithm>

#include "engine/handles.h"
#include "structures/hash.h"

namespace quire {
namespace {

using engine::OpenCollection;
using pager::PageReader;
using pager::PageWriter;

structures::HashView view_of(PageReader& pages, const OpenCollection& collection) {
  return structures::HashView(pages, collection.entry.root);
}
structures::Hash hash_of(PageWriter& pages, const OpenCollection& collection) {
  return structures::Hash(pages, collection.entry.root);
}

/// Marks a collection for as long as the user's function runs.
class Updating {
 public:
  explicit Updating(const ReadScope& scope)
      : scope_(scope),
        collection_(*engine::state_of(scope).collection),
        changes_(collection_.changes) {
    if (collection_.updating) refuse("update() of a table inside update() of the same table");
    collection_.updating = true;
  }
  ~Updating() { collection_.updating = false; }
  Updating(const Updating&) = delete;
  Updating& operator=(const Updating&) = delete;

  /// A rollback to a savepoint may have left another value there, of another length.
  void require_unchanged() const {
    if (collection_.changes != changes_) {
      refuse("the table was rolled back to a savepoint inside its update()");
    }
  }

 private:
  [[noreturn]] void refuse(const char* why) const {
    InvalidArgument error(why);
    error.add_file(engine::state_of(scope_).session->core().name());
    error.add_collection(path_of(collection_));
    throw error;
  }

  const ReadScope& scope_;
  OpenCollection& collection_;
  std::uint64_t changes_;  // of the collection when the function began
};

}  // namespace

std::uint64_t HashView::size() const {
  return engine::read(scope_, [](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).size();
  });
}

std::optional<Value> HashView::get(ByteView key) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).get(key);
  });
}

bool HashView::contains(ByteView key) const {
  return engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    return view_of(pages, collection).contains(key);
  });
}

HashView::Iterator::Iterator(const ReadScope& scope) : scope_(scope) {
  changes_ = engine::read(
      scope_, [](PageReader&, const OpenCollection& collection) { return collection.changes; });
  ++*this;
}

HashView::Iterator& HashView::Iterator::operator++() {
  structures::HashCursor cursor{bucket_, overflow_, entry_};
  auto next = engine::read(scope_, [&](PageReader& pages, const OpenCollection& collection) {
    if (collection.changes != changes_) {
      throw InvalidArgument("the table was changed during an iteration; begin a new one");
    }
    return view_of(pages, collection).next(cursor);
  });
  bucket_ = cursor.bucket;
  overflow_ = cursor.overflow;
  entry_ = cursor.entry;
  at_end_ = !next;
  if (next) {
    key_ = std::move(next->key);
    value_ = std::move(next->value);
  }
  return *this;
}

bool Hash::put(ByteView key, ByteView value) {
  return engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    return hash_of(pages, collection).put(key, value);
  });
}

bool Hash::insert(ByteView key, ByteView value) {
  return engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    return hash_of(pages, collection).insert(key, value);
  });
}

bool Hash::erase(ByteView key) {
  return engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    return hash_of(pages, collection).erase(key);
  });
}

void Hash::append(ByteView key, ByteView bytes) {
  engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    hash_of(pages, collection).append(key, bytes);
  });
}

bool Hash::update(ByteView key, const std::function<void(std::span<std::byte>)>& change) {
  const std::optional<Value> old = get(key);
  if (!old) return false;
  std::vector<std::byte> bytes(old->view().begin(), old->view().end());
  const std::string own_key = ByteView(key).str();  // `change` may overwrite what `key` points at
  {
    const Updating updating(scope());
    change(bytes);
    updating.require_unchanged();
  }
  return engine::write(scope(), [&](PageWriter& pages, const OpenCollection& collection) {
    return hash_of(pages, collection).update(own_key, [&](std::span<std::byte> place) {
      std::copy(bytes.begin(), bytes.end(), place.begin());
    });
  });
}

void Hash::clear() {
  engine::write(scope(), [](PageWriter& pages, const OpenCollection& collection) {
    hash_of(pages, collection).clear();
  });
}

}  // namespace quire
