#pragma once

#include <string>

namespace quire::schedule {

/// What the process writes to standard error should a run kill it, by abort() or by touching what is
/// not there; the last call counts. For a search, which is then over: the text says how to repeat it.
void set_last_words(const std::string& text);

}  // namespace quire::schedule
