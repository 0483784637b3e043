#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <quire/database.h>

namespace quire::torture {

/// One thing that a program does to a database. What a change writes tells of its stamp, so that
/// no two changes leave the same content and what is old can be told from what is new.
struct Operation {
  enum class Kind {
    commit,          // a transaction with `change`, immediate
    commit_relaxed,  // the same, relaxed
    rollback,        // a transaction with `change` that is rolled back
    sync,            // Database::sync()
    checkpoint,      // Database::checkpoint()
    reopen,          // Database::close(), and open again
  };
  using Change = void (*)(Transaction& transaction, std::uint64_t stamp);

  std::string_view name;
  Kind kind = Kind::commit;
  Change change = nullptr;  // of the three that have a transaction
};

/// Templates of everything that changes pages in its own way: each structure, each facade, the
/// catalog, savepoints, and what a database does between commits. A change that finds nothing to do
/// in a database does nothing.
std::span<const Operation> operations();

/// What another database has been through before: makes one of five starting states.
struct Start {
  std::string_view name;
  void (*prepare)(Database& database) = nullptr;
};

/// Nothing; a little of everything; pages filled to the last byte; the same behind a checkpoint,
/// with room that was freed; a log with more than the file.
std::span<const Start> starts();

/// `count` bytes, of which no eight in a row are those of another stamp or place.
std::string stamped_bytes(std::size_t count, std::uint64_t stamp);

}  // namespace quire::torture
