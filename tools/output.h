#pragma once

#include <string>
#include <string_view>

#include <quire/bytes.h>
#include <nlohmann/json.hpp>

namespace quire::tools {

/// JSON whose members stay in the order in which they were set.
using Json = nlohmann::ordered_json;

/// Makes descriptors 0, 1 and 2 exist, so that no database is ever opened as standard output.
void reserve_standard_descriptors();

/// Data for standard output. Failures (a full disk behind it) are IoError, here or in the flush.
void write_data(ByteView bytes);
void flush_data();

/// One line for people on standard error: "quire: ...". A failure to write it is ignored.
void print_message(std::string_view text) noexcept;

/// `text` with control characters and bytes that are not UTF-8 as \xNN, so that a name from a
/// database cannot drive the terminal.
std::string printable(std::string_view text);

/// As `text` for a pipe or file, printable on a terminal.
std::string for_standard_output(std::string_view text);

/// The document that every --json begins with: {"schema": 1, "file": path}.
Json json_document(const std::string& file);

/// Sets object[name] to the bytes as text. If they are not UTF-8, the text has replacement
/// characters, and object[name + "_base64"] has the bytes.
void set_bytes(Json& object, const std::string& name, ByteView bytes);

void print_json(const Json& document);

}  // namespace quire::tools
