#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace quire {

/// A field of an on-disk structure, as the tables of docs/file-format.md show it.
struct Field {
  std::string_view name;
  std::size_t offset;
  std::size_t size;
};

/// A table of fields with the structure's name in the documentation.
struct FieldTable {
  std::string_view structure;
  std::span<const Field> fields;
  std::size_t size;
};

/// True if the fields follow one another without gap or overlap and fill `size` bytes. Format
/// headers assert it, so a structure whose layout the compiler would pad or a reader would misread
/// does not compile.
constexpr bool fields_tile(std::span<const Field> fields, std::size_t size) {
  std::size_t at = 0;
  for (const Field& field : fields) {
    if (field.offset != at) return false;
    at += field.size;
  }
  return at == size;
}

/// QUIRE_FIELD(Struct, member, offset): an entry of a field table; does not compile if the member
/// lies elsewhere.
#define QUIRE_FIELD(Struct, member, at)                                      \
  ::quire::Field {                                                           \
#member, []() consteval {                                                \
      static_assert(offsetof(Struct, member) == (at), #member " has moved"); \
      return std::size_t{at};                                                \
    }                                                                        \
    (), sizeof(Struct::member)                                               \
  }

}  // namespace quire
