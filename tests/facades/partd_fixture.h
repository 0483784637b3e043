#pragma once

#include <map>
#include <string>

#include "tests/support/database_test.h"
#include "tests/support/fails.h"

namespace quire::testing {

/// What a Partd keeps in its children, to look at and to damage.
class RawPartdView {
 public:
  explicit RawPartdView(const ReadScope& scope)
      : data_(scope.child<Hash>("data")), firsts_(scope.child<Hash>("firsts")) {}
  HashView data() const noexcept { return data_; }
  HashView firsts() const noexcept { return firsts_; }

 private:
  HashView data_;
  HashView firsts_;
};

class RawPartd : public RawPartdView {
 public:
  static constexpr std::string_view kKind = Partd::kKind;
  struct Options {
    std::string stored = {};
  };
  using View = RawPartdView;

  RawPartd(WriteScope& scope, const Options& options)
      : RawPartdView(prepared(scope, options)),
        scope_(scope),
        data_(scope.child<Hash>("data")),
        firsts_(scope.child<Hash>("firsts")) {}

  Hash data() noexcept { return data_; }
  Hash firsts() noexcept { return firsts_; }
  void set_options(ByteView bytes) { scope_.set_options(bytes); }
  std::string options() const { return scope_.options().str(); }

 private:
  static WriteScope& prepared(WriteScope& scope, const Options& options) {
    if (scope.created()) scope.set_options(options.stored);
    scope.child<Hash>("data");
    scope.child<Hash>("firsts");
    return scope;
  }

  WriteScope scope_;
  Hash data_;
  Hash firsts_;
};

/// A database whose partds are checked when the test ends.
class PartdTest : public DatabaseTest {
 protected:
  PartdTest() {
    check_options.with<Partd>();
    open();
  }

  /// In a transaction that commits.
  template <class Fn>
  void in_partd(Fn&& fn) {
    database->transact([&](Transaction& txn) {
      auto partd = txn.open<Partd>("p");
      fn(partd);
    });
  }
  template <class Fn>
  void in_partd(Fn&& fn, const PartdOptions& partd_options) {
    database->transact([&](Transaction& txn) {
      auto partd = txn.open<Partd>("p", partd_options);
      fn(partd);
    });
  }
  std::string committed(ByteView key) {
    return database->snapshot().open<Partd>("p").get(key).str();
  }
};

inline constexpr Codec kAllCodecs[] = {Codec::none, Codec::zstd, Codec::lz4, Codec::snappy};

/// All values by key.
inline std::map<std::string, std::string> contents(const PartdView& partd) {
  std::map<std::string, std::string> all;
  for (const ByteView key : partd.keys()) all.emplace(key.str(), partd.get(key).str());
  return all;
}

}  // namespace quire::testing
