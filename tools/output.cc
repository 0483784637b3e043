#include "tools/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <quire/error.h>

namespace quire::tools {

namespace {

// Length of the UTF-8 character that `text` begins with, or 0: not UTF-8 (too long, a surrogate, or
// beyond U+10FFFF included).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t index = 2; index < length; ++index) {
    if ((byte(index) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string base64(ByteView bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t offset = 0; offset < bytes.size(); offset += 3) {
    const ByteView group = bytes.sub(offset, 3);
    unsigned bits = 0;
    for (std::size_t index = 0; index < 3; ++index) {
      bits = bits << 8 | (index < group.size() ? std::to_integer<unsigned>(group[index]) : 0);
    }
    for (std::size_t index = 0; index < 4; ++index) {
      text += index <= group.size() ? kDigits[bits >> (18 - 6 * index) & 63] : '=';
    }
  }
  return text;
}

}  // namespace

void reserve_standard_descriptors() {
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= 2) descriptor = open("/dev/null", O_RDWR);
  if (descriptor > 2) close(descriptor);
}

void write_data(ByteView bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) {
    throw IoError("write", "standard output", errno);
  }
}

void flush_data() {
  if (std::fflush(stdout) != 0) throw IoError("write", "standard output", errno);
}

void print_message(std::string_view text) noexcept {
  // Not fmt::print, which throws when nobody reads standard error.
  const std::string line = fmt::format("quire: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x20 || lead == 0x7F ? 0 : utf8_length(text);
    // U+0080 to U+009F are control characters too.
    const bool control = length == 2 && lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || control) {
      shown += fmt::format("\\x{:02x}", lead);
      text.remove_prefix(1);
    } else {
      shown += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return shown;
}

std::string for_standard_output(std::string_view text) {
  return isatty(STDOUT_FILENO) != 0 ? printable(text) : std::string(text);
}

Json json_document(const std::string& file) {
  Json document;
  document["schema"] = 1;
  set_bytes(document, "file", file);
  return document;
}

void set_bytes(Json& object, const std::string& name, ByteView bytes) {
  object[name] = bytes.text();
  if (!is_utf8(bytes.text())) object[name + "_base64"] = base64(bytes);
}

void print_json(const Json& document) {
  write_data(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace quire::tools
