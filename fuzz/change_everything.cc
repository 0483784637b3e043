#include "fuzz/change_everything.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include <quire/quire.h>

#include "fuzz/random.h"
#include "fuzz/read_everything.h"

namespace quire::fuzz {
namespace {

std::string some_bytes(Random& random, std::uint64_t most) {
  return std::string(random.below(most), static_cast<char>('a' + random.below(26)));
}

std::string key(Random& random) { return "key " + std::to_string(random.below(40)); }

void change(Blob blob, Random& random) {
  const std::uint64_t size = blob.size();
  blob.append(some_bytes(random, 6000));
  blob.write(random.below(std::min<std::uint64_t>(size, 100'000) + 1), some_bytes(random, 6000));
  blob.punch(random.below(size + 1), random.below(9000));
  if (random.one_in(2)) blob.resize(random.below(size + 1));
}

void change(List list, Random& random) {
  list.push_back(some_bytes(random, 300));
  list.insert(random.below(list.size() + 1), some_bytes(random, 3000));
  list.set(random.below(list.size()), some_bytes(random, 300));
  list.erase(random.below(list.size()));
  const std::uint64_t first = random.below(list.size() + 1);
  if (random.one_in(2)) list.erase(first, random.below(list.size() - first + 1));
}

void change(Hash table, Random& random) {
  std::string present;
  if (const auto entry = table.begin(); entry != table.end()) present = (*entry).key.str();
  for (int i = 0; i < 4; ++i) table.put(key(random), some_bytes(random, 900));
  table.append(present, some_bytes(random, 5000));
  table.put(key(random), some_bytes(random, 9000));
  table.erase(key(random));
  if (random.one_in(2)) table.erase(present);
  if (random.one_in(8)) table.clear();
}

void change(Pipe pipe, Random& random) {
  std::string present;
  if (const auto block = pipe.begin(); block != pipe.end()) present = block->key().str();
  std::string name = key(random);
  while (pipe.contains(name)) name += '+';
  BlockWriter block = pipe.begin_block(name);
  for (int i = 0; i < 5; ++i) block.append(key(random), some_bytes(random, 900));
  block.finish();
  if (random.one_in(2)) pipe.remove(present);
}

void change(FlatFile flat, Random& random) {
  flat.get(flat.put(some_bytes(random, 5000)));
  flat.put("");
  if (random.one_in(2)) flat.seal();
  const auto segments = flat.segments();
  if (segments.size() > 1 && random.one_in(2)) flat.drop_segment(segments.front().id);
}

void change(Partd partd, Random& random) {
  const std::string bytes(16 * partd.element().size, 'p');
  std::string present;
  for (const ByteView first : partd.keys()) {
    present = first.str();
    break;
  }
  partd.append(key(random), bytes);
  partd.append(present, bytes);
  partd.iset(key(random), bytes);
  if (random.one_in(2)) partd.erase(key(random));
}

void change(RecordStore store, Random& random) {
  std::string present;
  if (const auto entry = store.begin(); entry != store.end()) present = (*entry).key.str();
  const std::string record(store.layout().size, 'r');
  store.put(key(random), record);
  store.put(present, record);
  store.set_flags(present, random.below(100));
  if (random.one_in(2)) store.erase(present);
  store.put(key(random), record);
}

void change(RecordArrayStore arrays, Random& random) {
  const auto keys = arrays.keys();
  if (!keys.empty()) {
    if (arrays.view(keys.front()).size() > 0) arrays.edit(keys.front(), 0);
    if (random.one_in(2)) arrays.erase(keys.front());
  }
  std::string name = key(random);
  while (arrays.contains(name)) name += '+';
  arrays.create(name, random.below(300));
}

void change(RingStore ring, Random& random) {
  const std::string record(ring.layout().size, 'r');
  ring.append(record);
  ring.prepend(record);
  ring.edit(random.below(ring.size()));
  if (random.one_in(2)) ring.pop_front();
}

using ChangeFunction = std::function<void(Transaction&, const std::string&, Random&)>;

template <class T>
std::pair<std::string_view, ChangeFunction> changer() {
  return {T::kKind, [](Transaction& txn, const std::string& name, Random& random) {
            auto collection = txn.find<T>(name);
            if (!collection) throw NotFound("it is listed, and a lookup does not find it");
            change(*collection, random);
          }};
}

const std::map<std::string_view, ChangeFunction>& changers() {
  static const std::map<std::string_view, ChangeFunction> kinds{
      changer<Blob>(),     changer<List>(),  changer<Hash>(),        changer<Pipe>(),
      changer<FlatFile>(), changer<Partd>(), changer<RecordStore>(), changer<RecordArrayStore>(),
      changer<RingStore>()};
  return kinds;
}

void change_collection(Transaction& txn, const CollectionInfo& info, Random& random) {
  if (random.one_in(8)) {
    txn.drop(info.name);
    return;
  }
  const auto known = changers().find(info.kind);
  if (known != changers().end()) known->second(txn, info.name, random);
  if (random.one_in(8)) txn.rename(info.name, "renamed " + std::to_string(random.next()));
}

}  // namespace

Changes change_everything(Database& database, std::uint64_t seed) {
  Random random(seed);
  Changes changes;
  const auto attempt = [&](const std::string& name, const auto& part) {
    try {
      Transaction txn = database.begin();
      part(txn);
      txn.commit();
      ++changes.made;
    } catch (const OutOfSpace&) {
      // A blob of the greatest size can take no more.
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      ++changes.refused;
      if (changes.first_error.empty()) changes.first_error = name + ": " + error.what();
    }
  };
  std::vector<CollectionInfo> collections;
  attempt("the catalog", [&](Transaction& txn) { collections = txn.collections(); });
  for (const CollectionInfo& info : collections) {
    attempt(info.name, [&](Transaction& txn) { change_collection(txn, info, random); });
  }
  attempt("a new list", [&](Transaction& txn) {
    change(txn.create<List>("new " + std::to_string(random.next())), random);
  });
  return changes;
}

}  // namespace quire::fuzz
