#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <quire/quire.h>

namespace quire::tools {

/// Words, each ended by '\n', by the first two letters that they begin with, in lower case.
using WordsByKey = std::map<std::string, std::string>;

/// Bytes of a file whose words the demo shuffles.
inline constexpr std::size_t kDemoTextBytes = 4096;

/// Adds the words of a text, runs of two and more letters of ASCII, in their order; returns how many
/// they are. Of the first kDemoTextBytes bytes only, and none if there is a byte 0 among them: that
/// is no text.
std::uint64_t add_words(ByteView text, WordsByKey& words);
/// The same for the text that a blob holds.
std::uint64_t add_words(const BlobView& blob, WordsByKey& words);

/// What "words" of the demo's database has else than it should, in words; empty if nothing. Takes
/// the memory of its largest value.
std::string wrong_words(const Snapshot& snapshot, const WordsByKey& expected);

}  // namespace quire::tools
