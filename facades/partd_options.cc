#include "facades/partd_options.h"

#include <quire/error.h>

#include "facades/codecs.h"
#include "facades/format_bytes.h"
#include "facades/partd_format.h"

namespace quire::facades {

namespace {

bool is_possible(const PartdElement& element) {
  if (element.type.empty()) return element.size == 1;
  return element.size > 0 && element.type.size() <= kMostElementType;
}

std::string codec_text(Codec codec) {
  if (const auto name = codec_name(codec)) return std::string(*name);
  return "number " + std::to_string(static_cast<unsigned>(codec));
}

[[noreturn]] void wrong(const char* field, const std::string& expected, const std::string& found) {
  throw CorruptionError("options", field, expected, found);
}

[[noreturn]] void differs(const char* option, const std::string& stored, const std::string& given) {
  throw InvalidArgument("option " + std::string(option) + " is " + given +
                        ", but the collection was made with " + stored +
                        "; open it without options, or name all that it was made with");
}

}  // namespace

std::string text_of(const PartdElement& element) {
  if (element.type.empty()) return "plain bytes";
  return "'" + element.type + "' of " + std::to_string(element.size) + " bytes";
}

std::string encode_partd_options(const PartdOptions& options) {
  if (!codec_name(options.codec)) {
    throw InvalidArgument("option codec is " + codec_text(options.codec) +
                          "; it can be none, zstd, lz4 or snappy");
  }
  if (!is_possible(options.element)) {
    throw InvalidArgument("option element is " + text_of(options.element) +
                          "; it needs a type of 1 to 255 bytes and a size of at least 1");
  }
  const StoredPartdOptions stored{kPartdVersion, static_cast<std::uint32_t>(options.codec),
                                  options.element.size};
  return format_bytes(stored).str() + options.element.type;
}

PartdOptions decode_partd_options(ByteView bytes) {
  constexpr std::size_t kLeast = sizeof(StoredPartdOptions);
  if (bytes.size() < kLeast) {
    wrong("length", "at least " + std::to_string(kLeast), std::to_string(bytes.size()));
  }
  const auto stored = read_format<StoredPartdOptions>(bytes.data());
  if (stored.version != kPartdVersion) {
    wrong("version", std::to_string(kPartdVersion), std::to_string(stored.version));
  }
  if (stored.codec > static_cast<std::uint32_t>(Codec::snappy)) {
    wrong("codec", "0 to 3", std::to_string(stored.codec));
  }
  PartdOptions options;
  options.codec = static_cast<Codec>(stored.codec.get());
  options.element = {bytes.sub(kLeast).str(), stored.element_size};
  if (!is_possible(options.element)) wrong("element", "a possible one", text_of(options.element));
  return options;
}

void require_same_options(const PartdOptions& stored, const PartdOptions& given) {
  if (stored.codec != given.codec) {
    differs("codec", codec_text(stored.codec), codec_text(given.codec));
  }
  if (stored.element != given.element) {
    differs("element", text_of(stored.element), text_of(given.element));
  }
}

}  // namespace quire::facades
