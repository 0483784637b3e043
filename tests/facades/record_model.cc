#include "tests/facades/record_model.h"

#include <algorithm>

namespace quire::testing {
namespace {

using Wide = RecordModel::Wide;

const RingOptions kRing{.capacity = RecordModel::kCapacity};

// What RecordChange::what means, several numbers for what should be common.
enum Operation : unsigned {
  kPut = 0,
  kEdit = 4,
  kErase = 8,
  kMark = 12,
  kClear = 13,
  kArrayCreate = 14,
  kArrayEdit = 16,
  kArrayWrite = 19,
  kArrayErase = 20,
  kArrayResize = 22,
  kRingAppend = 25,
  kRingPrepend = 30,
  kRingPop = 32,
  kRingEdit = 34,
  kRingClear = 35,
  kPlain = 36,
  kDrop = 38,
  kRename = 39,
  kEnd = 40,
};

Operation operation_of(unsigned what) {
  constexpr Operation kAll[] = {kPut,         kEdit,        kErase,      kMark,       kClear,
                                kArrayCreate, kArrayEdit,   kArrayWrite, kArrayErase, kArrayResize,
                                kRingAppend,  kRingPrepend, kRingPop,    kRingEdit,   kRingClear,
                                kPlain,       kDrop,        kRename};
  return *std::prev(std::upper_bound(std::begin(kAll), std::end(kAll), what % kEnd));
}

std::string key_of(unsigned where) { return "key" + std::to_string(where % 60); }
std::string array_of(unsigned where) { return "array" + std::to_string(where % 4); }
Account account_of(unsigned value) { return {.balance = value + 1, .limit = -5}; }

template <class Session>
RecordModel read_all(Session& session) {
  RecordModel model;
  for (const CollectionInfo& info : session.collections()) {
    const std::string& name = info.name;
    if (info.kind == RecordStore::kKind) {
      const auto records = session.template open<Records<Account>>(name);
      for (const auto [key, record] : records) {
        model.records[name][key.str()] = {*record, records.version(key), records.flags(key)};
      }
      EXPECT_EQ(records.size(), model.records[name].size());
    } else if (info.kind == RecordArrayStore::kKind) {
      const auto arrays = session.template open<RecordArray<Wide>>(name);
      model.arrays[name];
      for (const std::string& key : arrays.keys()) {
        auto& array = model.arrays[name][key];
        for (const auto record : arrays.view(key)) array.push_back(*record);
      }
    } else if (info.kind == RingStore::kKind) {
      model.rings[name];
      for (const auto record : session.template open<Ring<Wide>>(name)) {
        model.rings[name].push_back(*record);
      }
    } else if (info.kind == Hash::kKind) {
      model.hash = contents(session.template open<Hash>(name));
    } else if (info.kind == List::kKind) {
      model.list = contents(session.template open<List>(name));
    } else if (name == "blob") {  // the explorer has one of its own
      model.blob = contents(session.template open<Blob>(name));
    }
  }
  return model;
}

/// The places of an array's part that kArrayWrite overwrites.
std::size_t written_size(std::size_t size, unsigned where) { return size - where % (size + 1); }

void change_records(Operation what, Records<Account> records, const std::string& key,
                    unsigned value) {
  if (what == kPut) {
    const bool is_new = !records.contains(key);
    EXPECT_EQ(records.put(key, account_of(value)), is_new);
  } else if (what == kEdit) {
    const auto record = records.contains(key) ? records.edit(key) : records.create(key);
    record->balance += value;
  } else if (what == kErase) {
    const bool is_there = records.contains(key);
    EXPECT_EQ(records.erase(key), is_there);
  } else if (what == kClear) {
    records.clear();
  } else if (records.contains(key)) {
    records.set_version(key, static_cast<std::uint16_t>(value % 32768));
    records.set_flags(key, value);
  }
}

void change_arrays(Operation what, RecordArray<Wide> arrays, unsigned where, unsigned value) {
  const std::string key = array_of(where);
  if (what == kArrayErase) {
    arrays.erase(key);
  } else if (!arrays.contains(key)) {
    arrays.create(key, value % 40);
  } else if (what == kArrayResize && value % 2 == 0) {
    arrays.resize(key, value % 40);
  } else if (what == kArrayResize) {
    arrays.resize(key, value % 40, filled<Wide>(value));
  } else if (const std::uint64_t size = arrays.view(key).size(); size > 0 && what == kArrayEdit) {
    *arrays.edit(key, where % size) = filled<Wide>(value);
  } else if (what == kArrayWrite) {
    const std::vector<Wide> part(written_size(size, where), filled<Wide>(value));
    arrays.write(key, size - part.size(), part);
  }
}

void change_ring(Operation what, Ring<Wide> ring, unsigned where, unsigned value) {
  if (what == kRingAppend) {
    ring.append(filled<Wide>(value));
  } else if (what == kRingPrepend) {
    ring.prepend(filled<Wide>(value));
  } else if (what == kRingClear) {
    ring.clear();
  } else if (ring.empty()) {
    return;
  } else if (what == kRingEdit) {
    ring.edit(where % ring.size())->bytes[3] = static_cast<std::uint8_t>(value);
  } else if (value % 2 == 0) {
    ring.pop_front();
  } else {
    ring.pop_back();
  }
}

void change_records(Operation what, std::map<std::string, RecordModel::Entry>& records,
                    const std::string& key, unsigned value) {
  if (what == kPut) {
    records[key].account = account_of(value);
  } else if (what == kEdit) {
    records[key].account.balance += value;
  } else if (what == kErase) {
    records.erase(key);
  } else if (what == kClear) {
    records.clear();
  } else if (const auto found = records.find(key); found != records.end()) {
    found->second.version = static_cast<std::uint16_t>(value % 32768);
    found->second.flags = value;
  }
}

void change_arrays(Operation what, std::map<std::string, std::vector<Wide>>& arrays, unsigned where,
                   unsigned value) {
  const std::string key = array_of(where);
  if (what == kArrayErase) {
    arrays.erase(key);
  } else if (!arrays.contains(key)) {
    arrays[key].resize(value % 40);
  } else if (what == kArrayResize) {
    arrays[key].resize(value % 40, value % 2 == 0 ? Wide() : filled<Wide>(value));
  } else if (auto& array = arrays[key]; !array.empty() && what == kArrayEdit) {
    array[where % array.size()] = filled<Wide>(value);
  } else if (what == kArrayWrite) {
    const auto count = static_cast<std::ptrdiff_t>(written_size(array.size(), where));
    std::fill(array.end() - count, array.end(), filled<Wide>(value));
  }
}

void change_ring(Operation what, std::deque<Wide>& ring, unsigned where, unsigned value) {
  if (what == kRingAppend) {
    ring.push_back(filled<Wide>(value));
    if (ring.size() > RecordModel::kCapacity) ring.pop_front();
  } else if (what == kRingPrepend) {
    ring.push_front(filled<Wide>(value));
    if (ring.size() > RecordModel::kCapacity) ring.pop_back();
  } else if (what == kRingClear) {
    ring.clear();
  } else if (ring.empty()) {
    return;
  } else if (what == kRingEdit) {
    ring[where % ring.size()].bytes[3] = static_cast<std::uint8_t>(value);
  } else if (value % 2 == 0) {
    ring.pop_front();
  } else {
    ring.pop_back();
  }
}

/// The three that are dropped and renamed.
const std::string kNames[] = {"records", "arrays", "ring"};

}  // namespace

RecordModel read_model(const Snapshot& snapshot) { return read_all(snapshot); }
RecordModel read_model(Transaction& transaction) { return read_all(transaction); }

void RecordChange::apply(Transaction& transaction) const {
  const Operation operation = operation_of(what);
  const std::string& name = kNames[where % 3];
  if (operation < kArrayCreate) {
    change_records(operation, transaction.open<Records<Account>>(kNames[0]), key_of(where), value);
  } else if (operation < kRingAppend) {
    change_arrays(operation, transaction.open<RecordArray<Wide>>(kNames[1]), where, value);
  } else if (operation < kPlain) {
    change_ring(operation, transaction.open<Ring<Wide>>(kNames[2], kRing), where, value);
  } else if (operation == kPlain) {
    transaction.open<Hash>("hash").put(key_of(where), std::to_string(value));
    transaction.open<List>("list").push_back(key_of(where));
    transaction.open<Blob>("blob").append(key_of(where));
  } else if (operation == kDrop) {
    transaction.drop(name);
  } else if (transaction.drop(name + "2"); !transaction.collections().empty()) {
    for (const CollectionInfo& info : transaction.collections()) {
      if (info.name == name) transaction.rename(name, name + "2");
    }
  }
}

void RecordChange::apply(RecordModel& model) const {
  const Operation operation = operation_of(what);
  const std::string& name = kNames[where % 3];
  const auto rename = [&](auto& collections) {
    collections.erase(name + "2");
    if (auto node = collections.extract(name)) {
      node.key() = name + "2";
      collections.insert(std::move(node));
    }
  };
  if (operation < kArrayCreate) {
    change_records(operation, model.records[kNames[0]], key_of(where), value);
  } else if (operation < kRingAppend) {
    change_arrays(operation, model.arrays[kNames[1]], where, value);
  } else if (operation < kPlain) {
    change_ring(operation, model.rings[kNames[2]], where, value);
  } else if (operation == kPlain) {
    model.hash[key_of(where)] = std::to_string(value);
    model.list.push_back(key_of(where));
    model.blob += key_of(where);
  } else if (operation == kDrop) {
    model.records.erase(name), model.arrays.erase(name), model.rings.erase(name);
  } else {
    rename(model.records), rename(model.arrays), rename(model.rings);
  }
}

}  // namespace quire::testing
