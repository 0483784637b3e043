#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quire {

/// What some values were when each open savepoint was set: a value is kept when it first changes
/// after a savepoint, so a savepoint costs what was touched since and nothing when it is set.
///
/// Savepoints nest and are numbered from 0, the outermost. Used by one thread at a time.
template <class Key, class Value>
class FormerValues {
 public:
  /// Open savepoints.
  std::size_t size() const noexcept { return levels_.size(); }
  bool empty() const noexcept { return levels_.empty(); }

  /// Sets a savepoint inside all others.
  void push() { levels_.emplace_back(); }

  /// Call before the value of `key` changes: takes `former()` unless there is no savepoint or the
  /// innermost has this key already. True if it was taken.
  template <class Former>
  bool keep(const Key& key, Former&& former) {
    if (levels_.empty() || levels_.back().contains(key)) return false;
    levels_.back().emplace(key, std::forward<Former>(former)());
    return true;
  }

  /// How many values savepoint `index` and those inside it have kept.
  std::size_t kept_since(std::size_t index) const noexcept {
    std::size_t kept = 0;
    for (; index < levels_.size(); ++index) kept += levels_[index].size();
    return kept;
  }

  /// What the innermost savepoint has kept; nullptr: nothing, the value is what it was.
  const Value* innermost(const Key& key) const {
    if (levels_.empty()) return nullptr;
    const auto kept = levels_.back().find(key);
    return kept == levels_.back().end() ? nullptr : &kept->second;
  }

  /// Whether any savepoint has kept a value of `key` for which `is_wanted(value)` holds.
  template <class IsWanted>
  bool any(const Key& key, IsWanted&& is_wanted) const {
    for (const Level& level : levels_) {
      const auto kept = level.find(key);
      if (kept != level.end() && is_wanted(kept->second)) return true;
    }
    return false;
  }

  /// Calls `restore(key, value)` for what has changed since savepoint `index`, newest savepoint
  /// first, and ends it and those inside it. If restore() throws, the rest can be rolled back once
  /// more.
  template <class Restore>
  void roll_back_to(std::size_t index, Restore&& restore) {
    while (levels_.size() > index) {
      for (const auto& [key, value] : levels_.back()) restore(key, value);
      levels_.pop_back();
    }
  }

  /// Ends savepoint `index` and those inside it; what they have kept, the one around them keeps.
  void release(std::size_t index) {
    while (levels_.size() > index) {
      if (levels_.size() > 1) {
        Level& outer = levels_[levels_.size() - 2];
        outer.reserve(outer.size() + levels_.back().size());  // so that merging cannot fail
        outer.merge(levels_.back());
      }
      levels_.pop_back();
    }
  }

  void clear() noexcept { levels_.clear(); }

 private:
  using Level = std::unordered_map<Key, Value>;
  std::vector<Level> levels_;
};

}  // namespace quire
