#pragma once

#include <cstdint>

namespace quire::os {

/// How many forks lie between the process in which this was first called and the calling one:
/// remember the number at open, and another number later means "we are a forked child", where
/// threads are gone and locks may be held by nobody (F4). The first call installs the hook; forks
/// before it are not counted. Costs an atomic load; safe from any thread and in a child. Blind to
/// vfork() and to a bare clone(), whose children may do no more than exec anyway.
std::uint64_t fork_count() noexcept;

}  // namespace quire::os
