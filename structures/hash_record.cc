#include "structures/hash_record.h"

#include <cstring>

#include "base/invariant.h"

namespace quire::structures {

namespace {

constexpr unsigned kFormBits = 2;
constexpr std::uint8_t kFormMask = (1u << kFormBits) - 1;

/// Takes parts off the front of a view; after the first that is not there, nothing works any more.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) noexcept : rest_(bytes) {}

  bool ok() const noexcept { return ok_; }
  std::size_t rest() const noexcept { return rest_.size(); }

  ByteView take(std::uint64_t size) noexcept {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const ByteView taken = rest_.sub(0, size);
    rest_ = rest_.sub(size);
    return taken;
  }

  template <class T>
  T number() noexcept {
    Little<T> number;
    const ByteView taken = take(sizeof number);
    if (ok_) std::memcpy(&number, taken.data(), sizeof number);
    return number;
  }

  std::uint64_t varint() noexcept {
    const auto decoded = decode_varint(rest_);
    ok_ = ok_ && decoded.has_value();
    if (!ok_) return 0;
    rest_ = rest_.sub(decoded->size);
    return decoded->value;
  }

  /// What stands for a part of that form and length, behind the hash of a long key.
  ByteView stored(PartForm form, std::uint64_t length) noexcept {
    switch (form) {
      case PartForm::bytes:
        return take(length);
      case PartForm::extents: {
        const std::size_t count =
            ok_ && !rest_.empty() ? std::to_integer<std::size_t>(rest_[0]) : 0;
        return take(sizeof(std::uint8_t) + count * sizeof(ExtentEntry));
      }
      case PartForm::blob:
        return take(sizeof(Le32));
    }
    ok_ = false;
    return {};
  }

 private:
  ByteView rest_;
  bool ok_ = true;
};

bool is_form(std::uint8_t bits) noexcept {
  return bits <= static_cast<std::uint8_t>(PartForm::blob);
}

}  // namespace

std::optional<Record> parse_record(ByteView bytes) noexcept {
  Cursor in(bytes);
  const auto forms = in.number<std::uint8_t>();
  const std::uint8_t key_form = forms & kFormMask;
  const std::uint8_t value_form = forms >> kFormBits;  // bits that must be zero included
  if (!in.ok() || !is_form(key_form) || !is_form(value_form)) return std::nullopt;

  Record record;
  record.key.form = static_cast<PartForm>(key_form);
  record.value.form = static_cast<PartForm>(value_form);
  record.key.length = in.varint();
  record.value.length = in.varint();
  if (record.key.form != PartForm::bytes) record.key.hash = in.number<std::uint64_t>();
  record.key.stored = in.stored(record.key.form, record.key.length);
  record.value.stored = in.stored(record.value.form, record.value.length);
  if (!in.ok()) return std::nullopt;
  record.bytes = bytes.sub(0, bytes.size() - in.rest());
  return record;
}

NewRecord::NewRecord(const RecordPart& key, const RecordPart& value) {
  const std::byte forms{static_cast<std::uint8_t>(static_cast<unsigned>(key.form) |
                                                  static_cast<unsigned>(value.form) << kFormBits)};
  add(ByteView(&forms, 1));
  add(encode_varint(key.length).view());
  add(encode_varint(value.length).view());
  if (key.form != PartForm::bytes) {
    const Le64 hash = key.hash;
    add(ByteView(reinterpret_cast<const std::byte*>(&hash), sizeof hash));
  }
  add(key.stored);
  add(value.stored);
}

void NewRecord::add(ByteView bytes) {
  invariant(bytes.size() <= buffer_.size() - size_, "a record of ours fits into a bucket page");
  if (!bytes.empty()) std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

}  // namespace quire::structures
