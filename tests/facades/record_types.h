#pragma once

#include <quire/quire.h>

#include <array>
#include <cstdint>

#include "tests/support/database_test.h"

namespace quire::testing {

/// A type that describes itself.
struct Account {
  std::uint64_t balance = 0;
  std::int32_t limit = 0;
  std::uint32_t unused = 0;
  char owner[16] = {};
  double rates[2] = {};

  static auto record_fields() {
    return std::array{
        record_field("balance", &Account::balance), record_field("limit", &Account::limit),
        record_field("owner", &Account::owner), record_field("rates", &Account::rates)};
  }
  friend bool operator==(const Account&, const Account&) = default;
};

/// A type that does not, of `kSize` bytes.
template <std::size_t kSize, std::size_t kAlignment = 1>
struct alignas(kAlignment) Plain {
  std::array<std::uint8_t, kSize> bytes{};
  friend bool operator==(const Plain&, const Plain&) = default;
};

/// Filled with bytes that tell one from another.
template <class T>
T filled(unsigned seed) {
  T record;
  for (std::size_t i = 0; i < record.bytes.size(); ++i) {
    record.bytes[i] = static_cast<std::uint8_t>(seed * 31 + i * 7 + 1);
  }
  return record;
}

template <class T>
bool is_aligned(const T* record) {
  return reinterpret_cast<std::uintptr_t>(record) % alignof(T) == 0;
}

/// A database whose end check knows the laws of records.
class RecordTest : public DatabaseTest {
 protected:
  RecordTest() {
    check_options.with<RecordStore>().with<RecordArrayStore>().with<RingStore>();
    open();
  }
};

/// Whether `call()` throws a quire::Error of this code with every one of `texts` in its message.
template <class Call>
::testing::AssertionResult fails(ErrorCode code, const std::vector<std::string_view>& texts,
                                 const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    const std::string_view what = error.what();
    bool has_all = error.code() == code;
    for (const std::string_view text : texts) has_all = has_all && what.find(text) != what.npos;
    if (has_all) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << to_string(error.code()) << ": " << what;
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace quire::testing
