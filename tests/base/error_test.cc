#include <quire/error.h>

#include <gtest/gtest.h>

#include <cerrno>

namespace quire {
namespace {

TEST(Error, NamesFileAndCollectionBeforeTheMessage) {
  NotFound error("no such key");
  EXPECT_STREQ(error.what(), "no such key");
  error.add_file("shop.quire");
  error.add_collection("users");
  EXPECT_STREQ(error.what(), "shop.quire: collection 'users': no such key");
  EXPECT_EQ(error.message(), "no such key");
  EXPECT_EQ(error.file(), "shop.quire");
}

TEST(Error, KeepsTheFirstContext) {
  NotFound error("x");
  error.add_collection("inner");
  error.add_collection("outer");
  EXPECT_EQ(error.collection(), "inner");
}

TEST(Error, SurvivesARethrowWithMoreContext) {
  try {
    try {
      throw CorruptionError(7, "type", "hash_root", "blob_root");
    } catch (Error& error) {
      error.add_file("a.quire");
      throw;
    }
  } catch (const CorruptionError& error) {
    EXPECT_EQ(error.page(), 7u);
    EXPECT_EQ(error.field(), "type");
    EXPECT_NE(std::string(error.what()).find("a.quire: page 7: type"), std::string::npos);
  }
}

TEST(Error, AboutDamageKeepsWhatWasFoundApartFromTheAdvice) {
  const CorruptionError error(7, "type", "hash_root", "blob_root");
  EXPECT_EQ(error.finding(), "page 7: type: expected hash_root, found blob_root");
  EXPECT_EQ(
      error.message(),
      error.finding() +
          "; restore a backup, or bring what is left into a new database with `quire salvage`");
  const CorruptionError advised("line 3", "key", "a number", "x", "mend the line");
  EXPECT_EQ(advised.finding(), "line 3: key: expected a number, found x");
  EXPECT_EQ(advised.message(), advised.finding() + "; mend the line");
}

TEST(Error, OfTheSystemTellsCallPathAndReason) {
  const IoError error("open", "/x/y", ENOENT, "give another path");
  EXPECT_EQ(error.error_number(), ENOENT);
  EXPECT_NE(std::string(error.what()).find("open '/x/y': No such file or directory; give another"),
            std::string::npos);
}

TEST(Error, ShowsControlCharactersEscapedSoThatNoNulEndsTheMessage) {
  using namespace std::string_literals;
  InvalidArgument error("the name 'a\0b' is refused"s);
  error.add_file("two\nlines");
  EXPECT_STREQ(error.what(), "two\\x0alines: the name 'a\\x00b' is refused");
  EXPECT_EQ(error.file(), "two\nlines");
}

}  // namespace
}  // namespace quire
