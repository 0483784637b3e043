#include "tools/demo_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/demo_content.h"

namespace quire::tools {

namespace {

char lower(char letter) {
  return static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

bool is_letter(char byte) { return lower(byte) >= 'a' && lower(byte) <= 'z'; }

}  // namespace

std::uint64_t add_words(ByteView text, WordsByKey& words) {
  const std::string_view bytes = text.text().substr(0, kDemoTextBytes);
  if (bytes.find('\0') != std::string_view::npos) return 0;
  std::uint64_t count = 0;
  for (auto begin = bytes.begin(); begin != bytes.end();) {
    begin = std::find_if(begin, bytes.end(), is_letter);
    const auto end = std::find_if_not(begin, bytes.end(), is_letter);
    if (end - begin >= 2) {
      words[{lower(begin[0]), lower(begin[1])}].append(begin, end).push_back('\n');
      ++count;
    }
    begin = end;
  }
  return count;
}

std::uint64_t add_words(const BlobView& blob, WordsByKey& words) {
  std::array<std::byte, kDemoTextBytes> text;
  const std::size_t size = blob.read(0, text);
  return add_words(ByteView(text.data(), size), words);
}

std::string wrong_words(const Snapshot& snapshot, const WordsByKey& expected) {
  const auto words = snapshot.find<Partd>(kDemoWords);
  const std::uint64_t keys = words ? words->size() : 0;
  if (keys != expected.size()) {
    return fmt::format("'{}' has {} keys instead of {}", kDemoWords, keys, expected.size());
  }
  for (const auto& [key, value] : expected) {
    if (words->get(key) != ByteView(value)) {
      return fmt::format("'{}' has other words of '{}' than the files", kDemoWords, key);
    }
  }
  return {};
}

}  // namespace quire::tools
