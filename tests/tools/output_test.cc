#include "tools/output.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(OutputTest, PrintableKeepsTextAndEscapesTheRest) {
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("\x1b[2J\n\x7f"), "\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");           // a control character in two bytes
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");           // too long
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");           // cut off
}

TEST(OutputTest, JsonHasTheBytesOnlyOfWhatIsNoText) {
  Json object;
  set_bytes(object, "name", "caf\xC3\xA9");
  EXPECT_EQ(object.dump(), "{\"name\":\"caf\xC3\xA9\"}");
  set_bytes(object, "key", "\xff\xfe\xfd\xfc");
  EXPECT_EQ(object["key_base64"], "//79/A==");
}

TEST(OutputTest, Base64PadsToWholeGroups) {
  const auto encoded = [](std::string_view bytes) {
    Json object;
    set_bytes(object, "b", bytes);
    return object["b_base64"].get<std::string>();
  };
  EXPECT_EQ(encoded("\xff"), "/w==");
  EXPECT_EQ(encoded("\xff\xff"), "//8=");
  EXPECT_EQ(encoded("\xff\xff\xff"), "////");
  EXPECT_EQ(encoded(std::string_view("\xff\0\0\0", 4)), "/wAAAA==");
}

}  // namespace

}  // namespace quire::tools
