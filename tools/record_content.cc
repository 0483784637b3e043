// What `quire ls` and `quire cat` do with records, arrays of records and rings: each record as its
// fields, if its type has described itself when the collection was made, else in hexadecimal.

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

#include <quire/records.h>

#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/kind_content.h"

namespace quire::tools {

namespace {

// one record

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

template <class Number>
Json number_at(const std::byte* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

Json integer_at(const RecordField& field, const std::byte* bytes) {
  const bool is_signed = field.kind == RecordFieldKind::signed_integer;
  switch (field.element_size) {
    case 1:
      return is_signed ? number_at<std::int8_t>(bytes) : number_at<std::uint8_t>(bytes);
    case 2:
      return is_signed ? number_at<std::int16_t>(bytes) : number_at<std::uint16_t>(bytes);
    case 4:
      return is_signed ? number_at<std::int32_t>(bytes) : number_at<std::uint32_t>(bytes);
    default:
      return is_signed ? number_at<std::int64_t>(bytes) : number_at<std::uint64_t>(bytes);
  }
}

Json number_of(const RecordField& field, const std::byte* bytes) {
  if (field.kind != RecordFieldKind::floating_point) return integer_at(field, bytes);
  return field.element_size == sizeof(float) ? number_at<float>(bytes) : number_at<double>(bytes);
}

void set_field(Json& object, const RecordField& field, ByteView bytes) {
  if (field.kind == RecordFieldKind::text) {
    const std::string_view text = bytes.text();
    return set_bytes(object, field.name, text.substr(0, text.find('\0')));
  }
  Json& value = object[field.name];
  if (field.kind == RecordFieldKind::bytes) {
    value = hex(bytes);
  } else if (field.size == field.element_size) {
    value = number_of(field, bytes.data());
  } else {
    value = Json::array();
    for (std::size_t at = 0; at < field.size; at += field.element_size) {
      value.push_back(number_of(field, bytes.data() + at));
    }
  }
}

/// An object of the fields, or hexadecimal digits.
Json record_json(const RecordLayout& layout, const std::byte* record) {
  const ByteView bytes(record, layout.size);
  if (layout.fields.empty()) return hex(bytes);
  Json object = Json::object();
  for (const RecordField& field : layout.fields) {
    set_field(object, field, bytes.sub(field.offset, field.size));
  }
  return object;
}

std::string record_text(const RecordLayout& layout, const std::byte* record) {
  const Json json = record_json(layout, record);
  if (json.is_string()) return json.get<std::string>();
  std::string text;
  for (const auto& [name, value] : json.items()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value.dump());
  }
  return text;
}

void write_line(const std::string& line) { write_data(for_standard_output(line) + "\n"); }

Json kind_json(const ContentArguments& arguments, std::string_view kind) {
  Json document = content_json(arguments);
  document["kind"] = kind;
  return document;
}

/// The records of an array or a ring: a line each, after `prefix`, or an array.
Json print_sequence(const ContentArguments& arguments, const RecordLayout& layout,
                    const RecordSequence& records, const std::string& prefix) {
  Json array = Json::array();
  for (std::uint64_t next = 0; next < records.size();) {
    const RecordSequence::Run run = records.run_at(next);
    for (const std::byte* record = run.bytes.get() + (next - run.first) * records.stride();
         next < run.first + run.size; ++next, record += records.stride()) {
      throw_if_interrupted();
      if (arguments.json) {
        array.push_back(record_json(layout, record));
      } else {
        write_line(fmt::format("{}{}\t{}", prefix, next, record_text(layout, record)));
      }
    }
  }
  return array;
}

// records

void list_records(const ContentArguments& arguments, const Snapshot& snapshot) {
  const auto store = snapshot.open<RecordStore>(arguments.collection);
  Json document = kind_json(arguments, RecordStore::kKind);
  document["keys"] = Json::array();
  for (const auto& [key, record] : store) {
    throw_if_interrupted();
    const std::uint64_t slot = store.slot(key);
    const std::uint64_t flags = store.flags(key);
    const unsigned version = store.version(key);
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["slot"] = slot;
      entry["version"] = version;
      entry["flags"] = flags;
      document["keys"].push_back(std::move(entry));
    } else {
      write_line(
          fmt::format("{}\tslot {}\tversion {}\tflags {:#x}", key.text(), slot, version, flags));
    }
  }
  if (arguments.json) print_json(document);
}

void print_one_record(const ContentArguments& arguments, const RecordStoreView& store) {
  const auto record = store.get(*arguments.key);
  if (!record) throw_no_key(arguments);
  if (!arguments.json) return write_line(record_text(store.layout(), record.get()));
  Json document = kind_json(arguments, RecordStore::kKind);
  document["record"] = record_json(store.layout(), record.get());
  print_json(document);
}

void print_records(const ContentArguments& arguments, const Snapshot& snapshot) {
  const auto store = snapshot.open<RecordStore>(arguments.collection);
  if (arguments.key) return print_one_record(arguments, store);
  Json document = kind_json(arguments, RecordStore::kKind);
  document["records"] = Json::array();
  for (const auto& [key, record] : store) {
    throw_if_interrupted();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["record"] = record_json(store.layout(), record.get());
      document["records"].push_back(std::move(entry));
    } else {
      write_line(fmt::format("{}\t{}", key.text(), record_text(store.layout(), record.get())));
    }
  }
  if (arguments.json) print_json(document);
}

// record_array

void list_arrays(const ContentArguments& arguments, const Snapshot& snapshot) {
  const auto store = snapshot.open<RecordArrayStore>(arguments.collection);
  Json document = kind_json(arguments, RecordArrayStore::kKind);
  document["keys"] = Json::array();
  for (const std::string& key : store.keys()) {
    throw_if_interrupted();
    const std::uint64_t size = store.view(key).size();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["records"] = size;
      document["keys"].push_back(std::move(entry));
    } else {
      write_line(key + "\t" + counted(size, "record"));
    }
  }
  if (arguments.json) print_json(document);
}

void print_arrays(const ContentArguments& arguments, const Snapshot& snapshot) {
  const auto store = snapshot.open<RecordArrayStore>(arguments.collection);
  Json document = kind_json(arguments, RecordArrayStore::kKind);
  if (arguments.key) {
    if (!store.contains(*arguments.key)) throw_no_key(arguments);
    document["records"] = print_sequence(arguments, store.layout(), store.view(*arguments.key), "");
  } else {
    document["arrays"] = Json::array();
    for (const std::string& key : store.keys()) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["records"] = print_sequence(arguments, store.layout(), store.view(key), key + "\t");
      document["arrays"].push_back(std::move(entry));
    }
  }
  if (arguments.json) print_json(document);
}

// ring

void print_ring(const ContentArguments& arguments, const Snapshot& snapshot) {
  if (arguments.key) throw_has_no_keys(arguments, RingStore::kKind);
  const auto ring = snapshot.open<RingStore>(arguments.collection);
  Json document = kind_json(arguments, RingStore::kKind);
  document["capacity"] = ring.capacity();
  document["records"] = print_sequence(arguments, ring.layout(), ring.view(), "");
  if (arguments.json) print_json(document);
}

}  // namespace

const KindContent kRecordsContent{RecordStore::kKind, list_records, print_records};
const KindContent kRecordArrayContent{RecordArrayStore::kKind, list_arrays, print_arrays};
const KindContent kRingContent{RingStore::kKind, nullptr, print_ring};

}  // namespace quire::tools
