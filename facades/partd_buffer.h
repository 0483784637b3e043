#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <quire/bytes.h>
#include <quire/codec.h>
#include <quire/collection.h>
#include <quire/partd.h>

namespace quire::facades {

/// Appends of one transaction to one partd that are not in its table yet, by key, in order. Used by
/// the transaction's thread.
class PartdBuffer final : public PendingChanges {
 public:
  /// Bytes of memory that the buffer takes, about.
  std::size_t memory() const noexcept { return memory_; }
  bool empty() const noexcept { return values_.empty(); }

  void append(ByteView key, ByteView bytes);
  /// All pairs, or none if memory runs out.
  void append(const detail::PartdBatch& batch);
  /// What waits to be appended to the key; nullptr if nothing does.
  const std::string* find(ByteView key) const;
  /// Forgets what waits for the key; false if nothing did.
  bool erase(ByteView key);
  void clear() noexcept;

  /// Costs an append to the table for each key.
  void flush(WriteScope& scope) override;

 private:
  struct HashText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using Values = std::unordered_map<std::string, std::string, HashText, std::equal_to<>>;

  /// What it takes to take an append back.
  struct Extension {
    Values::value_type* entry;
    std::size_t former_size;
    bool made;
  };
  Extension extend(ByteView key, ByteView bytes);
  void take_back(const Extension& extension) noexcept;
  static std::size_t memory_of(const Values::value_type& entry) noexcept;

  Values values_;
  std::size_t memory_ = 0;
};

}  // namespace quire::facades
