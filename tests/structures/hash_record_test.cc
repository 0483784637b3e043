#include "structures/hash_record.h"

#include <gtest/gtest.h>

#include <string>

namespace quire::structures {
namespace {

std::string long_part(int extents) {
  return static_cast<char>(extents) + std::string(5 * static_cast<std::size_t>(extents), 'e');
}

TEST(HashRecord, LiesOnDiskAsTheFormatSays) {
  const NewRecord record(inline_part("key"), inline_part("value"));
  EXPECT_EQ(record.bytes().text(), std::string("\x00\x03\x05", 3) + "keyvalue");

  const std::string extents = long_part(2);
  const NewRecord with_long_key({PartForm::extents, 5000, 0x0807060504030201, ByteView(extents)},
                                {PartForm::blob, 70000, 0, "root"});
  EXPECT_EQ(with_long_key.bytes().text(),
            "\x09\x88\x27\xf0\xa2\x04\x01\x02\x03\x04\x05\x06\x07\x08" + extents + "root");
}

TEST(HashRecord, ComesBackAsItWasMade) {
  const std::string key = long_part(16), tail = "bytes of the next record";
  const NewRecord record({PartForm::extents, 65536, 99, ByteView(key)}, inline_part("v"));
  const std::string heap = record.bytes().str() + tail;
  const auto parsed = parse_record(heap);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->bytes, record.bytes());
  EXPECT_EQ(parsed->key.form, PartForm::extents);
  EXPECT_EQ(parsed->key.length, 65536u);
  EXPECT_EQ(parsed->key.hash, 99u);
  EXPECT_EQ(parsed->key.stored, ByteView(key));
  EXPECT_EQ(parsed->value.form, PartForm::bytes);
  EXPECT_EQ(parsed->value.stored, ByteView("v"));
}

TEST(HashRecord, MayHoldTwoEmptyParts) {
  const NewRecord record(inline_part({}), inline_part({}));
  EXPECT_EQ(record.size(), 3u);
  const auto parsed = parse_record(record.bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->bytes.size(), 3u);
  EXPECT_TRUE(parsed->key.stored.empty() && parsed->value.stored.empty());
}

TEST(HashRecord, IsNoneWhereItIsCutShort) {
  const std::string key = long_part(3), value = long_part(1);
  for (const NewRecord& record :
       {NewRecord(inline_part("some key"), inline_part("some value")),
        NewRecord({PartForm::extents, 9000, 7, ByteView(key)}, {PartForm::blob, 70000, 0, "root"}),
        NewRecord({PartForm::blob, 70000, 7, "root"},
                  {PartForm::extents, 2000, 0, ByteView(value)})}) {
    for (std::size_t size = 0; size < record.size(); ++size) {
      EXPECT_FALSE(parse_record(record.bytes().sub(0, size))) << size;
    }
    EXPECT_TRUE(parse_record(record.bytes()));
  }
}

TEST(HashRecord, IsNoneWithAnUnknownForm) {
  for (const char form : {'\x03', '\x0c', '\x10', '\x80'}) {
    EXPECT_FALSE(parse_record(form + std::string(20, '\0')));
  }
}

TEST(HashRecord, IsNoneWhereALengthReachesBeyondTheBytes) {
  const std::string endless = std::string(9, '\xff') + "\x01";
  EXPECT_FALSE(parse_record(std::string(1, '\0') + endless + std::string(1, '\0') + "abc"));
  EXPECT_FALSE(parse_record(std::string(2, '\0') + endless + "abc"));
}

}  // namespace
}  // namespace quire::structures
