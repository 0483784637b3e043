#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <quire/salvage_report.h>

#include "engine/core.h"
#include "engine/handles.h"

namespace quire::engine {

/// The database that a salvage fills. It has a temporary name until finish(), so a salvage that is
/// cut short leaves no database; what it leaves under that name is removed by the destructor. Used
/// by one thread.
class SalvageTarget {
 public:
  using SessionPtr = std::shared_ptr<TransactionSession>;

  /// InvalidArgument if `path` exists. Else throws what Database::open() throws.
  SalvageTarget(FileSystem& files, const std::string& path, const SalvageOptions& options);
  ~SalvageTarget();
  SalvageTarget(const SalvageTarget&) = delete;
  SalvageTarget& operator=(const SalvageTarget&) = delete;

  /// Calls `fn(const SessionPtr&)` in a transaction of any size and commits it.
  template <class Fn>
  void transact(Fn&& fn) {
    const SessionPtr session = TransactionSession::start(core_, nullptr);
    fn(session);
    session->commit(Durability::relaxed);
  }

  /// Closes it and gives it its name; everything is on the disk then. InvalidArgument if the name has
  /// been taken meanwhile.
  void finish();

 private:
  void remove_files() noexcept;

  FileSystem& files_;
  std::string path_;
  std::string temporary_;
  std::shared_ptr<Core> core_;  // nullptr: closed
};

using CollectionPtr = std::shared_ptr<OpenCollection>;

// Changes of the new database's catalog, in one of its transactions.

/// A collection with a name of its own, or a child if there is a parent. The names are valid and
/// free.
CollectionPtr create_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& parent,
                        std::string_view name, std::string_view kind, ByteView options);
CollectionPtr find_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& parent,
                      std::string_view name, std::string_view kind);
bool is_taken(const SalvageTarget::SessionPtr& session, std::string_view name);
void rename_in(const SalvageTarget::SessionPtr& session, std::string_view from,
               std::string_view to);
/// Makes a child a collection with a name of its own. Its parents are to be forgotten next.
void detach_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& child,
               std::string_view name);
/// Removes the entry of a composite whose children have none any more or are detached.
void forget_in(const SalvageTarget::SessionPtr& session, const CollectionPtr& composite);

}  // namespace quire::engine
