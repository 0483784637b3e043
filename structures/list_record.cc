#include "structures/list_record.h"

#include <cstring>

#include "base/invariant.h"

namespace quire::structures {

namespace {

/// Bytes that stand for an item of that form and length, of which `rest` holds the first.
std::uint64_t stored_size(PartForm form, std::uint64_t length, ByteView rest) noexcept {
  switch (form) {
    case PartForm::bytes:
      return length;
    case PartForm::extents: {
      const std::size_t count = rest.empty() ? 0 : std::to_integer<std::size_t>(rest[0]);
      return sizeof(std::uint8_t) + count * sizeof(ExtentEntry);
    }
    case PartForm::blob:
      break;
  }
  return sizeof(Le32);
}

}  // namespace

std::optional<ListRecord> parse_list_record(ByteView bytes) noexcept {
  if (bytes.empty() || bytes[0] > std::byte{static_cast<std::uint8_t>(PartForm::blob)}) {
    return std::nullopt;
  }
  const auto length = decode_varint(bytes.sub(1));
  if (!length) return std::nullopt;
  ListRecord record;
  record.item.form = static_cast<PartForm>(bytes[0]);
  record.item.length = length->value;
  const ByteView rest = bytes.sub(1 + length->size);
  const std::uint64_t size = stored_size(record.item.form, record.item.length, rest);
  if (size > rest.size()) return std::nullopt;
  record.item.stored = rest.sub(0, size);
  record.bytes = bytes.sub(0, 1 + length->size + size);
  return record;
}

NewListRecord::NewListRecord(const RecordPart& item) {
  const std::byte form{static_cast<std::uint8_t>(item.form)};
  add(ByteView(&form, 1));
  add(encode_varint(item.length).view());
  add(item.stored);
}

void NewListRecord::add(ByteView bytes) {
  invariant(bytes.size() <= buffer_.size() - size_, "a record of ours fits into a leaf");
  if (!bytes.empty()) std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

}  // namespace quire::structures
