#include <quire/savepoint.h>

#include <utility>

#include "engine/handles.h"

namespace quire {
namespace {

void require_not_ended(const std::shared_ptr<engine::TransactionSession>& session) {
  if (!session) throw ClosedError("this savepoint has ended, or was moved from; make another one");
}

}  // namespace

Savepoint::Savepoint(std::shared_ptr<engine::TransactionSession> session,
                     std::uint64_t number) noexcept
    : session_(std::move(session)), number_(number) {}
Savepoint::Savepoint(Savepoint&&) noexcept = default;

Savepoint& Savepoint::operator=(Savepoint&& other) noexcept {
  Savepoint taken(std::move(other));
  std::swap(session_, taken.session_);
  std::swap(number_, taken.number_);
  return *this;
}

Savepoint::~Savepoint() {
  if (session_) session_->abandon_savepoint(number_);
}

void Savepoint::release() {
  require_not_ended(session_);
  engine::in_session(session_, {}, [&] { session_->release(number_); });
  session_.reset();
}

void Savepoint::rollback() {
  require_not_ended(session_);
  engine::in_session(session_, {}, [&] { session_->roll_back_to(number_); });
  session_.reset();
}

}  // namespace quire
