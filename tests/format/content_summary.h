#pragma once

#include <quire/database.h>

#include <string>

namespace quire::testing {

/// All collections of a database that consists of blobs, lists, hashes and Shelf composites
/// (golden_types.h), as the JSON that reader.py prints: sizes, and one sum over the content of each.
/// Reads everything.
std::string content_summary(const Database& database);

}  // namespace quire::testing
