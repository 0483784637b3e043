#include "torture/operation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <quire/blob.h>
#include <quire/facades.h>
#include <quire/hash.h>
#include <quire/list.h>

#include "torture/content.h"

namespace quire::torture {

namespace {

using Kind = Operation::Kind;

// Sizes that matter: within a page, more than a page, more than a few, a chunk of the log.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kFew = 200;
constexpr std::size_t kPages = 9000;
constexpr std::size_t kMany = 70'000;

std::string key_of(std::uint64_t number) { return "key " + std::to_string(number); }

Item item_of(std::uint64_t stamp) {
  Item item;
  item.number = stamp;
  const std::string bytes = stamped_bytes(sizeof item.bytes, stamp);
  std::memcpy(item.bytes, bytes.data(), bytes.size());
  return item;
}

// ---- the three structures

void write_inside_a_page(Transaction& txn, std::uint64_t stamp) {
  txn.open<Blob>("blob").write(100, stamped_bytes(kFew, stamp));
}
void write_many_pages(Transaction& txn, std::uint64_t stamp) {
  txn.open<Blob>("blob").write(kPage / 2, stamped_bytes(kMany, stamp));
}
void append_to_a_blob(Transaction& txn, std::uint64_t stamp) {
  txn.open<Blob>("blob").append(stamped_bytes(kPages, stamp));
}
void cut_a_blob(Transaction& txn, std::uint64_t) {
  Blob blob = txn.open<Blob>("blob");
  blob.resize(blob.size() / 3);
}
void punch_a_blob(Transaction& txn, std::uint64_t) {
  Blob blob = txn.open<Blob>("blob");
  blob.punch(blob.size() / 4, blob.size() / 2);
}
void edit_a_blob(Transaction& txn, std::uint64_t stamp) {
  Blob blob = txn.open<Blob>("blob");
  if (blob.size() < 16) return;
  const std::string bytes = stamped_bytes(8, stamp);
  std::memcpy(blob.edit(8, bytes.size()).data(), bytes.data(), bytes.size());
}

void put_one(Transaction& txn, std::uint64_t stamp) {
  txn.open<Hash>("hash").put(key_of(stamp % 3), stamped_bytes(kFew, stamp));
}
void put_large(Transaction& txn, std::uint64_t stamp) {
  txn.open<Hash>("hash").put(key_of(stamp % 2), stamped_bytes(2 * kPages, stamp));
}
void put_many(Transaction& txn, std::uint64_t stamp) {
  Hash hash = txn.open<Hash>("hash");
  for (std::uint64_t i = 0; i < 60; ++i) hash.put(key_of(i), stamped_bytes(kFew, stamp + i));
}
void append_to_a_value(Transaction& txn, std::uint64_t stamp) {
  txn.open<Hash>("hash").append(key_of(1), stamped_bytes(kPage, stamp));
}
void erase_half(Transaction& txn, std::uint64_t) {
  Hash hash = txn.open<Hash>("hash");
  for (std::uint64_t i = 0; i < 60; i += 2) hash.erase(key_of(i));
}
void clear_a_hash(Transaction& txn, std::uint64_t) { txn.open<Hash>("hash").clear(); }

void push_both_ends(Transaction& txn, std::uint64_t stamp) {
  List list = txn.open<List>("list");
  list.push_back(stamped_bytes(kFew, stamp));
  list.push_front(stamped_bytes(3, stamp));
}
void push_many(Transaction& txn, std::uint64_t stamp) {
  List list = txn.open<List>("list");
  for (std::uint64_t i = 0; i < 40; ++i) list.push_back(stamped_bytes(400, stamp + i));
}
void insert_large(Transaction& txn, std::uint64_t stamp) {
  List list = txn.open<List>("list");
  list.insert(list.size() / 2, stamped_bytes(kPages, stamp));
}
void erase_a_middle(Transaction& txn, std::uint64_t) {
  List list = txn.open<List>("list");
  list.erase(list.size() / 4, list.size() / 2);
}
void set_one(Transaction& txn, std::uint64_t stamp) {
  List list = txn.open<List>("list");
  if (list.size() > 0) list.set(list.size() - 1, stamped_bytes(kPage, stamp));
}

// ---- the facades

void add_block(Transaction& txn, std::uint64_t stamp, std::string_view pipe, int level) {
  Pipe into = txn.open<Pipe>(pipe, {.compression_level = level});
  BlockWriter writer = into.begin_block(key_of(stamp));
  for (std::uint64_t pair = 0; pair < 4; ++pair) {
    writer.append(key_of(pair), stamped_bytes(700 * pair, stamp + pair));
  }
  writer.finish();
}
void add_packed_block(Transaction& txn, std::uint64_t stamp) { add_block(txn, stamp, "packed", 3); }
void add_plain_block(Transaction& txn, std::uint64_t stamp) { add_block(txn, stamp, "pipe", 0); }
void remove_block(Transaction& txn, std::uint64_t) {
  Pipe pipe = txn.open<Pipe>("packed", {.compression_level = 3});
  if (!pipe.empty()) pipe.remove(pipe.keys().front());
}

FlatFile open_flat_file(Transaction& txn) {
  return txn.open<FlatFile>("flat", {.segment_size = 20'000});
}
void put_values(Transaction& txn, std::uint64_t stamp) {
  FlatFile flat_file = open_flat_file(txn);
  flat_file.put(stamped_bytes(kPages, stamp));
  flat_file.put({});
  flat_file.put(stamped_bytes(kFew, stamp + 1));
}
void seal_a_segment(Transaction& txn, std::uint64_t) { open_flat_file(txn).seal(); }
void drop_a_segment(Transaction& txn, std::uint64_t) {
  FlatFile flat_file = open_flat_file(txn);
  const std::vector<FlatFileSegment> segments = flat_file.segments();
  if (!segments.empty() && segments.front().sealed) flat_file.drop_segment(segments.front().id);
}

Partd open_partd(Transaction& txn) { return txn.open<Partd>("partd", {.codec = Codec::lz4}); }
void append_to_parts(Transaction& txn, std::uint64_t stamp) {
  Partd partd = open_partd(txn);
  for (std::uint64_t i = 0; i < 5; ++i) {
    partd.append(key_of(i), std::string(600 * i, static_cast<char>('a' + stamp % 26)));
    partd.append(key_of(i), stamped_bytes(20, stamp));
  }
}
void set_a_first_part(Transaction& txn, std::uint64_t stamp) {
  open_partd(txn).iset("first", stamped_bytes(kFew, stamp));
}
void erase_parts(Transaction& txn, std::uint64_t) { open_partd(txn).erase({key_of(1), key_of(2)}); }

void put_records(Transaction& txn, std::uint64_t stamp) {
  auto records = txn.open<Records<Item>>("records");
  for (std::uint64_t i = 0; i < 3; ++i) records.put(key_of((stamp + i) % 5), item_of(stamp + i));
  records.set_version(key_of(stamp % 5), static_cast<std::uint16_t>(stamp % 100));
}
void edit_a_record(Transaction& txn, std::uint64_t stamp) {
  auto records = txn.open<Records<Item>>("records");
  if (records.contains(key_of(1))) records.edit(key_of(1))->number = stamp;
}
void erase_a_record(Transaction& txn, std::uint64_t) {
  txn.open<Records<Item>>("records").erase(key_of(1));
}
void edit_an_array(Transaction& txn, std::uint64_t stamp) {
  auto arrays = txn.open<RecordArray<Item>>("arrays");
  if (!arrays.contains("row")) arrays.create("row", 300);
  arrays.edit("row", stamp % 300)->number = stamp;
}
void push_on_a_ring(Transaction& txn, std::uint64_t stamp) {
  auto ring = txn.open<Ring<Item>>("ring", {.capacity = 5});
  ring.append(item_of(stamp));
  ring.append(item_of(stamp + 1));
  ring.prepend(item_of(stamp + 2));
}

// ---- names, savepoints, and all at once

void drop_some(Transaction& txn, std::uint64_t) {
  for (const char* name : {"blob", "packed", "records"}) txn.drop(name);
}
void rename_some(Transaction& txn, std::uint64_t) {
  for (const char* name : {"hash", "partd"}) {
    const std::string other = std::string("old ") + name;
    txn.drop(other);
    const auto all = txn.collections();
    const bool exists =
        std::any_of(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
    if (exists) txn.rename(name, other);
  }
}
void change_all(Transaction& txn, std::uint64_t stamp) {
  write_inside_a_page(txn, stamp);
  put_one(txn, stamp);
  push_both_ends(txn, stamp);
  add_packed_block(txn, stamp);
  put_values(txn, stamp);
  append_to_parts(txn, stamp);
  put_records(txn, stamp);
  push_on_a_ring(txn, stamp);
}
void go_back_to_a_savepoint(Transaction& txn, std::uint64_t stamp) {
  put_one(txn, stamp);
  {
    const Savepoint savepoint = txn.savepoint();
    change_all(txn, stamp + 1);
    drop_some(txn, stamp);
  }
  push_both_ends(txn, stamp);
}
void keep_a_savepoint(Transaction& txn, std::uint64_t stamp) {
  Savepoint savepoint = txn.savepoint();
  put_many(txn, stamp);
  write_many_pages(txn, stamp);
  savepoint.release();
}
void change_nothing(Transaction&, std::uint64_t) {}

constexpr std::array kOperations{
    Operation{"write inside a page", Kind::commit, write_inside_a_page},
    Operation{"write many pages", Kind::commit, write_many_pages},
    Operation{"append to a blob", Kind::commit, append_to_a_blob},
    Operation{"cut a blob", Kind::commit, cut_a_blob},
    Operation{"punch a blob", Kind::commit, punch_a_blob},
    Operation{"edit a blob in place", Kind::commit, edit_a_blob},
    Operation{"put one", Kind::commit, put_one},
    Operation{"put large", Kind::commit, put_large},
    Operation{"put many", Kind::commit, put_many},
    Operation{"append to a value", Kind::commit, append_to_a_value},
    Operation{"erase half", Kind::commit, erase_half},
    Operation{"clear a hash", Kind::commit, clear_a_hash},
    Operation{"push at both ends", Kind::commit, push_both_ends},
    Operation{"push many", Kind::commit, push_many},
    Operation{"insert large", Kind::commit, insert_large},
    Operation{"erase a middle", Kind::commit, erase_a_middle},
    Operation{"set one", Kind::commit, set_one},
    Operation{"add a packed block", Kind::commit, add_packed_block},
    Operation{"add a plain block", Kind::commit, add_plain_block},
    Operation{"remove a block", Kind::commit, remove_block},
    Operation{"put values", Kind::commit, put_values},
    Operation{"seal a segment", Kind::commit, seal_a_segment},
    Operation{"drop a segment", Kind::commit, drop_a_segment},
    Operation{"append to parts", Kind::commit, append_to_parts},
    Operation{"set a first part", Kind::commit, set_a_first_part},
    Operation{"erase parts", Kind::commit, erase_parts},
    Operation{"put records", Kind::commit, put_records},
    Operation{"edit a record", Kind::commit, edit_a_record},
    Operation{"erase a record", Kind::commit, erase_a_record},
    Operation{"edit an array", Kind::commit, edit_an_array},
    Operation{"push on a ring", Kind::commit, push_on_a_ring},
    Operation{"drop some", Kind::commit, drop_some},
    Operation{"rename some", Kind::commit, rename_some},
    Operation{"go back to a savepoint", Kind::commit, go_back_to_a_savepoint},
    Operation{"keep a savepoint", Kind::commit, keep_a_savepoint},
    Operation{"change nothing", Kind::commit, change_nothing},
    Operation{"change all, relaxed", Kind::commit_relaxed, change_all},
    Operation{"put many, relaxed", Kind::commit_relaxed, put_many},
    Operation{"change all, rolled back", Kind::rollback, change_all},
    Operation{"sync", Kind::sync},
    Operation{"checkpoint", Kind::checkpoint},
    Operation{"close and reopen", Kind::reopen},
};

// ---- starting states

void make_nothing(Database&) {}

void make_a_little(Database& database) {
  database.transact([](Transaction& txn) { change_all(txn, 1'000); });
}

void make_full_pages(Database& database) {
  database.transact([](Transaction& txn) {
    txn.open<Blob>("blob").write(0, stamped_bytes(3 * kPage, 1'000));
    for (std::uint64_t i = 0; i < 100; ++i) {
      txn.open<Hash>("hash").put(key_of(i), stamped_bytes(90, 1'000 + i));
      txn.open<List>("list").push_back(stamped_bytes(90, 1'000 + i));
    }
  });
}

void make_freed_room(Database& database) {
  make_full_pages(database);
  database.transact([](Transaction& txn) {
    change_all(txn, 2'000);
    write_many_pages(txn, 2'000);
  });
  database.checkpoint();
  database.transact([](Transaction& txn) {
    txn.drop("blob");
    erase_half(txn, 0);
  });
  database.checkpoint();
}

void make_a_live_log(Database& database) {
  make_a_little(database);
  database.checkpoint();
  database.transact([](Transaction& txn) { put_many(txn, 3'000); });
  database.transact([](Transaction& txn) { change_all(txn, 4'000); });
}

constexpr std::array kStarts{
    Start{"nothing", make_nothing},       Start{"a little", make_a_little},
    Start{"full pages", make_full_pages}, Start{"freed room", make_freed_room},
    Start{"a live log", make_a_live_log},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }
std::span<const Start> starts() { return kStarts; }

std::string stamped_bytes(std::size_t count, std::uint64_t stamp) {
  std::string bytes;
  bytes.reserve(count + 8);
  std::uint64_t state = stamp * 0x9e3779b97f4a7c15u + 1;
  while (bytes.size() < count) {
    state = (state ^ state >> 29) * 0xbf58476d1ce4e5b9u + stamp;
    char eight[8];
    std::memcpy(eight, &state, sizeof eight);
    bytes.append(eight, sizeof eight);
  }
  bytes.resize(count);
  return bytes;
}

}  // namespace quire::torture
