#pragma once

#include <cstdint>
#include <string>

#include <quire/database.h>

namespace quire::torture {

/// A record of the collections of records that operations() change.
struct Item {
  std::uint64_t number = 0;
  std::uint8_t bytes[40] = {};
};

/// Everything that the newest commit holds, as a text: equal for two databases if and only if their
/// collections have equal names, kinds and contents. Reads everything. InvalidArgument for a
/// collection of a kind or with records that operations() do not make.
std::string content_of(const Database& database);

}  // namespace quire::torture
