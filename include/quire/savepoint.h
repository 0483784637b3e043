#pragma once

#include <cstdint>
#include <memory>

#include <quire/export.h>

namespace quire {

namespace engine {
class TransactionSession;
}

/// A moment of a transaction to which it can return; made by Transaction::savepoint(). Destroyed
/// before release() or the end of the transaction, it rolls back to that moment: what an exception
/// leaves half done is undone, and the transaction goes on.
///
/// Savepoints nest: ending one ends those made after it in the same way. Returning makes every
/// collection what it was: handles of those made since throw NotFound, handles of those dropped or
/// renamed since are valid again, iterators of those changed since end. A transaction that an error
/// stopped half-way through a change, so that it cannot commit, can go on afterwards.
///
/// Costs memory for the pages that are changed while it is open, or held for editing when it is made,
/// and time for those at its end.
/// Used by one thread at a time together with its transaction; movable, not copyable.
class QUIRE_API Savepoint {
 public:
  Savepoint(std::shared_ptr<engine::TransactionSession> session, std::uint64_t number) noexcept;
  Savepoint(Savepoint&&) noexcept;
  /// Rolls back to the savepoint that this object held.
  Savepoint& operator=(Savepoint&&) noexcept;
  /// Rolls back, unless it or its transaction has ended. Without memory to do so, the transaction
  /// can only be rolled back as a whole.
  ~Savepoint();

  /// Keeps the changes and ends the savepoint; an enclosing one can still undo them. ClosedError if
  /// it or its transaction has ended already.
  void release();
  /// Undoes what the transaction has changed since the savepoint was made, and ends it. ClosedError
  /// if it or its transaction has ended already.
  void rollback();

 private:
  std::shared_ptr<engine::TransactionSession> session_;  // nullptr once it has ended
  std::uint64_t number_;                                 // unique in its transaction
};

}  // namespace quire
