#include "facades/stored_records.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <stdexcept>
#include <utility>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"

namespace quire::facades {
namespace {

/// A number that cannot stand where it does.
struct Fault {
  std::string field;
  std::string expected;
  std::string found;
};

bool is_number(RecordFieldKind kind) {
  return kind == RecordFieldKind::unsigned_integer || kind == RecordFieldKind::signed_integer ||
         kind == RecordFieldKind::floating_point;
}

std::optional<Fault> find_fault(const RecordField& field, std::uint32_t record_size) {
  const std::string name = "field '" + field.name + "': ";
  if (field.name.empty() || field.name.size() > 255) {
    return Fault{"size of a field's name", "1 to 255", std::to_string(field.name.size())};
  }
  if (field.size == 0 || field.offset > record_size || field.size > record_size - field.offset) {
    return Fault{name + "offset and size", "within " + std::to_string(record_size) + " bytes",
                 std::to_string(field.offset) + " and " + std::to_string(field.size)};
  }
  if (field.kind > RecordFieldKind::text) {
    return Fault{name + "kind", "0 to 4", std::to_string(static_cast<unsigned>(field.kind))};
  }
  const std::uint32_t least = field.kind == RecordFieldKind::floating_point ? 4 : 1;
  const bool fits = is_number(field.kind)
                        ? std::has_single_bit(field.element_size) && field.element_size <= 8 &&
                              field.element_size >= least
                        : field.element_size != 0;
  if (!fits || field.size % field.element_size != 0) {
    return Fault{name + "element_size",
                 "that of a number, and a divisor of " + std::to_string(field.size),
                 std::to_string(field.element_size)};
  }
  return std::nullopt;
}

std::optional<Fault> find_fault(const RecordLayout& layout) {
  if (layout.size == 0 || layout.size > kRecordPage) {
    return Fault{"size", "1 to 4096", std::to_string(layout.size)};
  }
  if (!std::has_single_bit(layout.alignment) || layout.alignment > kRecordPage) {
    return Fault{"alignment", "a power of two up to 4096", std::to_string(layout.alignment)};
  }
  for (const RecordField& field : layout.fields) {
    if (auto fault = find_fault(field, layout.size)) return fault;
  }
  return std::nullopt;
}

// ---- the bytes

std::string encode(const StoredRecords& records) {
  RecordOptionsHeader header;
  header.version = kRecordFormatVersion;
  header.size = static_cast<std::uint16_t>(records.layout.size);
  header.alignment = static_cast<std::uint16_t>(records.layout.alignment);
  header.stride = static_cast<std::uint16_t>(records.layout.stride());
  header.tag_size = static_cast<std::uint16_t>(records.tag.size());
  header.field_count = static_cast<std::uint16_t>(records.layout.fields.size());
  header.capacity = records.capacity;
  std::string bytes = format_bytes(header).str() + records.tag;
  for (const RecordField& field : records.layout.fields) {
    RecordFieldHeader entry;
    entry.offset = static_cast<std::uint16_t>(field.offset);
    entry.size = static_cast<std::uint16_t>(field.size);
    entry.element_size = static_cast<std::uint16_t>(field.element_size);
    entry.kind = static_cast<std::uint8_t>(field.kind);
    entry.name_size = static_cast<std::uint8_t>(field.name.size());
    bytes += format_bytes(entry).str() + field.name;
  }
  return bytes;
}

[[noreturn]] void options_damaged(std::string field, std::string expected, std::string found) {
  throw CorruptionError("options", std::move(field), std::move(expected), std::move(found));
}

/// Takes bytes off the front; CorruptionError if there are not so many.
ByteView take(ByteView& bytes, std::size_t size, const char* what) {
  if (bytes.size() < size) {
    options_damaged(what, std::to_string(size) + " bytes", std::to_string(bytes.size()));
  }
  const ByteView front = bytes.sub(0, size);
  bytes = bytes.sub(size);
  return front;
}

RecordField decode_field(ByteView& bytes) {
  const auto header =
      read_format<RecordFieldHeader>(take(bytes, sizeof(RecordFieldHeader), "a field").data());
  RecordField field;
  field.offset = header.offset;
  field.size = header.size;
  field.element_size = header.element_size;
  field.kind = static_cast<RecordFieldKind>(header.kind);
  field.name = take(bytes, header.name_size, "name of a field").str();
  return field;
}

StoredRecords decode(ByteView bytes) {
  const auto header =
      read_format<RecordOptionsHeader>(take(bytes, sizeof(RecordOptionsHeader), "header").data());
  if (header.version > kRecordFormatVersion) {
    throw FormatError(FormatError::Reason::newer,
                      "its format is version " + std::to_string(header.version) +
                          ", and this program knows " + std::to_string(kRecordFormatVersion) +
                          "; use a newer one");
  }
  if (header.version == 0) options_damaged("version", "1 or more", "0");
  StoredRecords records;
  records.layout.size = header.size;
  records.layout.alignment = header.alignment;
  records.capacity = header.capacity;
  records.tag = take(bytes, header.tag_size, "tag").str();
  for (unsigned i = 0; i < header.field_count; ++i) {
    records.layout.fields.push_back(decode_field(bytes));
  }
  if (const auto fault = find_fault(records.layout)) {
    options_damaged(fault->field, fault->expected, fault->found);
  }
  const std::uint32_t stride = records.layout.stride();
  if (header.stride != stride) {
    options_damaged("stride", std::to_string(stride), std::to_string(header.stride));
  }
  if (!bytes.empty()) options_damaged("size", "nothing more", std::to_string(bytes.size()));
  return records;
}

// ---- the comparison

std::string describe(const RecordField& field) {
  static constexpr const char* kKinds[] = {"bytes", "unsigned", "signed", "floating point", "text"};
  return std::to_string(field.size) + " bytes at " + std::to_string(field.offset) + ", " +
         kKinds[static_cast<unsigned>(field.kind)] + " of " + std::to_string(field.element_size);
}

std::string difference(const std::string& what, const std::string& stored,
                       const std::string& given) {
  return what + " stored: " + stored + "; of the type given: " + given +
         "; open it with the type that it was made with";
}

/// What differs, in words; nothing if records of the layouts are the same.
std::optional<std::string> find_difference(const RecordLayout& stored, const RecordLayout& given) {
  if (stored.size != given.size) {
    return difference("size of a record", std::to_string(stored.size), std::to_string(given.size));
  }
  if (stored.alignment != given.alignment) {
    return difference("alignment of a record", std::to_string(stored.alignment),
                      std::to_string(given.alignment));
  }
  // What was stored by a type without a description says nothing that could differ.
  if (stored.fields.empty()) return std::nullopt;
  for (std::size_t i = 0; i < std::max(stored.fields.size(), given.fields.size()); ++i) {
    if (i >= stored.fields.size()) {
      return difference("field '" + given.fields[i].name + "'", "none", describe(given.fields[i]));
    }
    const RecordField& field = stored.fields[i];
    if (i >= given.fields.size()) {
      return difference("field '" + field.name + "'", describe(field), "none");
    }
    if (given.fields[i].name != field.name) {
      return difference("field " + std::to_string(i + 1), "'" + field.name + "'",
                        "'" + given.fields[i].name + "'");
    }
    if (given.fields[i] != field) {
      return difference("field '" + field.name + "'", describe(field), describe(given.fields[i]));
    }
  }
  return std::nullopt;
}

void store_options(WriteScope& scope, const StoredRecords& wanted) {
  if (const auto fault = find_fault(wanted.layout)) {
    fail(scope, InvalidArgument("the layout's " + fault->field + " must be " + fault->expected +
                                ", not " + fault->found));
  }
  if (wanted.tag.size() > kMaxTagBytes) {
    fail(scope, InvalidArgument("the tag has " + std::to_string(wanted.tag.size()) +
                                " bytes; at most 255 can be stored"));
  }
  const std::string bytes = encode(wanted);
  constexpr std::size_t kMost = 1024;
  if (bytes.size() > kMost) {
    fail(scope, InvalidArgument("tag and fields take " + std::to_string(bytes.size()) +
                                " bytes; at most 1024 can be stored: describe fewer fields, or "
                                "by shorter names"));
  }
  scope.set_options(bytes);
}

}  // namespace

StoredRecords open_records(const ReadScope& scope, const RecordLayout& wanted) {
  StoredRecords stored;
  const Value bytes = scope.options();
  try {
    stored = decode(bytes);
  } catch (Error& error) {
    scope.add_context(error);
    throw;
  }
  if (wanted.size == 0) return stored;
  if (const auto difference = find_difference(stored.layout, wanted)) {
    fail(scope, TypeMismatch(*difference));
  }
  return stored;
}

void prepare_records(WriteScope& scope, const StoredRecords& wanted) {
  if (scope.created()) store_options(scope, wanted);
  if (!scope.must_match()) return;
  const StoredRecords stored = open_records(scope, wanted.layout);
  if (stored.tag != wanted.tag) {
    fail(scope, InvalidArgument("tag is '" + wanted.tag + "', but '" + stored.tag +
                                "' is stored; open it without options, or with those"));
  }
  if (stored.capacity != wanted.capacity) {
    fail(scope, InvalidArgument("capacity is " + std::to_string(wanted.capacity) + ", but " +
                                std::to_string(stored.capacity) +
                                " is stored; open it without options, or with those"));
  }
}

void require_record_size(const ReadScope& scope, const RecordLayout& layout, ByteView record) {
  if (record.size() == layout.size) return;
  fail(scope, InvalidArgument("a record has " + std::to_string(layout.size) + " bytes, not " +
                              std::to_string(record.size())));
}

std::uint64_t record_pages(const RecordLayout& layout, std::uint64_t count) noexcept {
  const std::uint32_t per_page = layout.per_page();
  const std::uint64_t pages = count / per_page + (count % per_page != 0);
  return std::min(pages, kMaxRecordPages + 1);
}

std::shared_ptr<const std::byte> pin_records(const ReadScope& scope, const BlobView& data,
                                             std::uint64_t offset, std::size_t size,
                                             std::size_t alignment) {
  try {
    return data.pin(offset, size, alignment);
  } catch (const std::out_of_range&) {
    fail(scope, CorruptionError("data", "size", "more than " + std::to_string(offset),
                                std::to_string(data.size())));
  }
}

void require_records(const ReadScope& scope, const BlobView& data, std::uint64_t offset,
                     std::uint64_t size) {
  const std::uint64_t there = data.size();
  if (offset <= there && size <= there - offset) return;
  fail(scope, CorruptionError("data", "size", "at least " + std::to_string(offset + size),
                              std::to_string(there)));
}

}  // namespace quire::facades
