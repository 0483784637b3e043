#include "tools/demo_words.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(DemoWordsTest, AreRunsOfTwoLettersAndMoreByTheirFirstTwo) {
  WordsByKey words;
  EXPECT_EQ(add_words("The cat; the-Cabin 12 a x\n", words), 4U);
  EXPECT_EQ(words, (WordsByKey{{"th", "The\nthe\n"}, {"ca", "cat\nCabin\n"}}));
  EXPECT_EQ(add_words("cab", words), 1U);
  EXPECT_EQ(words["ca"], "cat\nCabin\ncab\n");
}

TEST(DemoWordsTest, EndWithTheFirst4096Bytes) {
  WordsByKey words;
  std::string text(4094, ' ');
  text.append("other");
  EXPECT_EQ(add_words(text, words), 1U);
  EXPECT_EQ(words, (WordsByKey{{"ot", "ot\n"}}));
}

TEST(DemoWordsTest, OfWhatIsNoTextAreNone) {
  WordsByKey words;
  EXPECT_EQ(add_words(std::string("some\0text", 9), words), 0U);
  EXPECT_EQ(add_words("", words), 0U);
  EXPECT_TRUE(words.empty());
}

}  // namespace

}  // namespace quire::tools
