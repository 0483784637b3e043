#pragma once

#include <cstdint>
#include <string>

#include <quire/database.h>

namespace quire::fuzz {

/// What a program sees that reads all of a database.
struct Content {
  std::uint64_t digest = 0;  // of what could be read
  std::uint64_t errors = 0;  // collections that could not be read to their end
  std::string first_error;   // with the name of its collection

  /// The same content and as much damage, whatever the first of it is.
  friend bool operator==(const Content& a, const Content& b) noexcept {
    return a.digest == b.digest && a.errors == b.errors;
  }
};

/// Reads every collection through its own type, as far as it can be read. What is damaged is an
/// error of Content; any other exception comes out, and is a finding. Of what a hostile file makes
/// out to be huge, only some is read: of a blob 256 KiB, of a list or an array 4096 items, of a
/// block 4096 pairs.
Content read_everything(const Database& database);

/// Whether an error says that the file is damaged, rather than the program wrong.
bool is_damage(const Error& error) noexcept;

}  // namespace quire::fuzz
