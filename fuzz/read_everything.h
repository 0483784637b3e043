#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <quire/database.h>

namespace quire::fuzz {

/// What a program sees that reads all of a database.
struct Content {
  struct Collection {
    std::string kind;
    std::uint64_t pages = 0;
    std::uint64_t digest = 0;  // of what could be read
    bool is_read = true;       // to its end, without an error
    /// Everything that counts is in the digest: no items left out that have no order, and a lookup
    /// finds what an iterator does.
    bool is_comparable = true;

    friend bool operator==(const Collection& a, const Collection& b) noexcept = default;
  };

  std::map<std::string, Collection> collections;  // by name
  std::uint64_t errors = 0;                       // collections that could not be read to their end
  std::string first_error;                        // with the name of its collection

  /// The same content and as much damage, whatever the first of it is.
  friend bool operator==(const Content& a, const Content& b) noexcept {
    return a.collections == b.collections && a.errors == b.errors;
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
