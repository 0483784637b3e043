#include "tests/testing/modelled_transaction.h"

#include <algorithm>
#include <stdexcept>

#include "tests/support/bag.h"

namespace quire {
namespace {

std::vector<std::string> items_of(const ListView& list) {
  std::vector<std::string> items;
  for (const Value item : list) items.push_back(item.str());
  return items;
}

Model::Entries entries_of(const HashView& table) {
  Model::Entries entries;
  for (const auto& [key, value] : table) entries[key.str()] = value.str();
  return entries;
}

std::vector<std::string>::iterator place(std::vector<std::string>& items, std::size_t index) {
  return items.begin() + static_cast<std::ptrdiff_t>(index);
}

template <class Collections>
void rename_in(Collections& collections, const std::string& from, const std::string& to) {
  auto node = collections.extract(from);
  if (node.empty()) return;
  node.key() = to;
  collections.insert(std::move(node));
}

}  // namespace

Model read_all(const Database& database) { return read_all(database.snapshot()); }

Model read_all(const Snapshot& snapshot) {
  Model model;
  for (const CollectionInfo& info : snapshot.collections()) {
    if (info.kind == Blob::kKind) {
      model.blobs[info.name] = ByteView(snapshot.open<Blob>(info.name).read_all()).str();
    } else if (info.kind == Hash::kKind) {
      model.hashes[info.name] = entries_of(snapshot.open<Hash>(info.name));
    } else if (info.kind == List::kKind) {
      model.lists[info.name] = items_of(snapshot.open<List>(info.name));
    } else if (info.kind == testing::Bag::kKind) {
      const testing::BagView bag = snapshot.open<testing::Bag>(info.name);
      model.bags[info.name] = {entries_of(bag.things()), items_of(bag.order())};
    } else {
      throw std::runtime_error("a collection of kind '" + info.kind + "', which nobody has made");
    }
  }
  return model;
}

// ---- blobs

void ModelledTransaction::write(const std::string& blob, std::uint64_t offset,
                                const std::string& bytes) {
  if (transaction_ != nullptr) return transaction_->open<Blob>(blob).write(offset, bytes);
  std::string& content = model_->blobs[blob];
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
  content.replace(offset, bytes.size(), bytes);
}

void ModelledTransaction::resize(const std::string& blob, std::uint64_t size) {
  if (transaction_ != nullptr) return transaction_->open<Blob>(blob).resize(size);
  model_->blobs[blob].resize(size);
}

// ---- hashes

void ModelledTransaction::put(const std::string& hash, const std::string& key,
                              const std::string& value) {
  if (transaction_ != nullptr) {
    transaction_->open<Hash>(hash).put(key, value);
  } else {
    model_->hashes[hash][key] = value;
  }
}

void ModelledTransaction::erase(const std::string& hash, const std::string& key) {
  if (transaction_ != nullptr) {
    transaction_->open<Hash>(hash).erase(key);
  } else {
    model_->hashes[hash].erase(key);
  }
}

// ---- lists

void ModelledTransaction::push_back(const std::string& list, const std::string& item) {
  if (transaction_ != nullptr) return transaction_->open<List>(list).push_back(item);
  model_->lists[list].push_back(item);
}

void ModelledTransaction::insert(const std::string& list, std::size_t index,
                                 const std::string& item) {
  if (transaction_ != nullptr) return transaction_->open<List>(list).insert(index, item);
  auto& items = model_->lists[list];
  items.insert(place(items, index), item);
}

void ModelledTransaction::set(const std::string& list, std::size_t index, const std::string& item) {
  if (transaction_ != nullptr) return transaction_->open<List>(list).set(index, item);
  model_->lists[list].at(index) = item;
}

void ModelledTransaction::erase(const std::string& list, std::size_t index, std::size_t count) {
  if (transaction_ != nullptr) return transaction_->open<List>(list).erase(index, count);
  auto& items = model_->lists[list];
  items.erase(place(items, index), place(items, index + count));
}

// ---- composites

void ModelledTransaction::put_in_bag(const std::string& bag, const std::string& name,
                                     const std::string& thing) {
  if (transaction_ != nullptr) return transaction_->open<testing::Bag>(bag).put(name, thing);
  Model::Bag& model = model_->bags[bag];
  if (model.things.insert_or_assign(name, thing).second) model.order.push_back(name);
}

// ---- names and savepoints

void ModelledTransaction::drop(const std::string& name) {
  if (transaction_ != nullptr) {
    transaction_->drop(name);
    return;
  }
  model_->blobs.erase(name);
  model_->hashes.erase(name);
  model_->lists.erase(name);
  model_->bags.erase(name);
}

void ModelledTransaction::rename(const std::string& from, const std::string& to) {
  if (transaction_ != nullptr) return transaction_->rename(from, to);
  rename_in(model_->blobs, from, to);
  rename_in(model_->hashes, from, to);
  rename_in(model_->lists, from, to);
  rename_in(model_->bags, from, to);
}

void ModelledTransaction::under_savepoint(const Change& change, Fate fate) {
  if (transaction_ != nullptr) {
    Savepoint savepoint = transaction_->savepoint();
    change(*this);
    fate == Fate::released ? savepoint.release() : savepoint.rollback();
    return;
  }
  const Model before = *model_;
  change(*this);
  if (fate == Fate::rolled_back) *model_ = before;
}

}  // namespace quire
