#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <quire/export.h>

namespace quire {

/// How the numbers of a field are to be shown.
enum class RecordFieldKind : std::uint8_t {
  bytes = 0,
  unsigned_integer = 1,  // bool too
  signed_integer = 2,
  floating_point = 3,
  text = 4,  // chars; what follows the first NUL is not shown
};

/// A field of a record, or an array of equal numbers. Made by record_field().
struct RecordField {
  std::string name;  // 1 to 255 bytes
  std::uint32_t offset = 0;
  std::uint32_t size = 0;          // of all its elements
  std::uint32_t element_size = 0;  // of one number; divides `size`
  RecordFieldKind kind = RecordFieldKind::bytes;

  friend bool operator==(const RecordField&, const RecordField&) = default;
};

/// How records of a type lie in memory, and so in the file.
struct RecordLayout {
  static constexpr std::uint32_t kPageSize = 4096;

  std::uint32_t size = 0;  // 1 to 4096; 0: not known
  std::uint32_t alignment = 1;
  std::vector<RecordField> fields;  // none: the type does not describe itself

  /// Bytes from one record to the next.
  std::uint32_t stride() const noexcept { return (size + alignment - 1) / alignment * alignment; }
  /// Records in a page; none lies across two.
  std::uint32_t per_page() const noexcept { return kPageSize / stride(); }

  friend bool operator==(const RecordLayout&, const RecordLayout&) = default;
};

namespace detail {

template <class M>
constexpr RecordFieldKind record_field_kind() noexcept {
  if constexpr (std::is_same_v<M, std::byte>) {
    return RecordFieldKind::bytes;
  } else if constexpr (std::is_enum_v<M>) {
    return record_field_kind<std::underlying_type_t<M>>();
  } else if constexpr (std::is_same_v<M, char>) {
    return RecordFieldKind::text;
  } else if constexpr (std::is_integral_v<M>) {
    return std::is_signed_v<M> ? RecordFieldKind::signed_integer
                               : RecordFieldKind::unsigned_integer;
  } else if constexpr (std::is_same_v<M, float> || std::is_same_v<M, double>) {
    return RecordFieldKind::floating_point;
  } else {
    return RecordFieldKind::bytes;
  }
}

/// What an array, of any number of dimensions, is made of.
template <class M>
struct RecordElement {
  using Type = M;
};
template <class M, std::size_t kCount>
struct RecordElement<M[kCount]> : RecordElement<M> {};
template <class M, std::size_t kCount>
struct RecordElement<std::array<M, kCount>> : RecordElement<M> {};

}  // namespace detail

/// A description of one member: record_field("balance", &Account::balance). Numbers, enumerations,
/// and arrays of them are shown as such; arrays of char as text; all else as bytes.
template <class T, class M>
RecordField record_field(std::string_view name, M T::*member) {
  using Element = typename detail::RecordElement<M>::Type;
  alignas(T) static const std::byte place[sizeof(T)] = {};
  const auto* const record = reinterpret_cast<const T*>(place);
  const auto* const field = reinterpret_cast<const std::byte*>(&(record->*member));
  RecordField description;
  description.name = name;
  description.offset = static_cast<std::uint32_t>(field - place);
  description.size = sizeof(M);
  description.kind = detail::record_field_kind<Element>();
  description.element_size =
      description.kind == RecordFieldKind::bytes ? sizeof(M) : sizeof(Element);
  return description;
}

/// What a type that describes itself looks like. The list is stored with a collection of such
/// records, compared when it is opened, and used to show its content:
///
///     struct Account {
///       std::uint64_t balance = 0;
///       std::uint32_t owner = 0;
///       std::uint32_t unused = 0;  // named, so that no undefined byte goes into the file
///       static auto record_fields() {
///         return std::array{quire::record_field("balance", &Account::balance),
///                           quire::record_field("owner", &Account::owner)};
///       }
///     };
template <class T>
concept DescribedRecord = requires {
  T::record_fields();
};

/// The layout of T, with its fields if it describes itself. T is copied as bytes, also to other
/// machines of the same byte order and layout, so it must hold no pointers; bytes of padding are
/// stored as they are, so name them. Costs an allocation or two for each field.
template <class T>
RecordLayout record_layout() {
  static_assert(std::is_trivially_copyable_v<T>,
                "a record is stored as the bytes it has in memory: its type must be trivially "
                "copyable, so no std::string or std::vector in it");
  static_assert(sizeof(T) <= RecordLayout::kPageSize && alignof(T) <= RecordLayout::kPageSize,
                "a record lies in one page: its type can have at most 4096 bytes");
  static_assert(!std::is_const_v<T> && !std::is_pointer_v<T>);
  RecordLayout layout{sizeof(T), alignof(T), {}};
  if constexpr (DescribedRecord<T>) {
    for (const RecordField& field : T::record_fields()) layout.fields.push_back(field);
  }
  return layout;
}

}  // namespace quire
