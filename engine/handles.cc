#include "engine/handles.h"

namespace quire {

std::string_view ReadScope::name() const noexcept { return scope_->collection->name; }
std::uint64_t ReadScope::seq() const noexcept { return scope_->session->seq(); }
bool WriteScope::created() const noexcept { return state()->collection->created; }

}  // namespace quire
