#pragma once

#include <quire/quire.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::testing {

/// Options of a Bag: how many things fit, and a note that is not stored.
struct BagOptions {
  std::uint64_t limit = 10;
  std::string note = {};
};

/// A composite as a user would write it: things by name in a hash, their order of arrival in a list.
class BagView {
 public:
  explicit BagView(const ReadScope& scope)
      : scope_(scope),
        limit_(std::stoull(scope.options().str())),
        things_(scope.child<Hash>("things")),
        order_(scope.child<List>("order")) {}

  const ReadScope& scope() const noexcept { return scope_; }
  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t size() const { return things_.size(); }
  std::string get(std::string_view name) const { return things_.get(name)->str(); }
  const HashView& things() const noexcept { return things_; }
  const ListView& order() const noexcept { return order_; }

 private:
  ReadScope scope_;
  std::uint64_t limit_;
  HashView things_;
  ListView order_;
};

class Bag : public BagView {
 public:
  static constexpr std::string_view kKind = "test.bag";
  using Options = BagOptions;
  using View = BagView;

  Bag(WriteScope& scope, const BagOptions& options)
      : BagView(prepared(scope, options)),
        things_(scope.child<Hash>("things")),
        order_(scope.child<List>("order")) {}

  void put(std::string_view name, std::string_view thing) {
    if (things_.put(name, thing)) order_.push_back(name);
  }
  /// Breaks the law that check() knows.
  void forget_order() { order_.clear(); }

  static void check(const BagView& bag, CheckSink& sink) {
    if (bag.things().size() != bag.order().size()) sink.problem("things without a place");
  }

 private:
  static const ReadScope& prepared(WriteScope& scope, const BagOptions& options) {
    const std::string limit = std::to_string(options.limit);
    if (scope.created()) {
      scope.child<Hash>("things");
      scope.child<List>("order");
      if (options.limit == 0) throw InvalidArgument("limit is 0; it must be at least 1");
      scope.set_options(limit);
    } else if (scope.must_match() && scope.options() != limit) {
      throw InvalidArgument("limit is " + limit + ", but the bag has " + scope.options().str());
    }
    return scope;
  }

  Hash things_;
  List order_;
};

struct ShelfOptions {};

/// A composite of composites: bags by number, made when they are asked for.
class ShelfView {
 public:
  explicit ShelfView(const ReadScope& scope) : scope_(scope) {}
  BagView bag(int number) const { return scope_.child<Bag>(std::to_string(number)); }

 private:
  ReadScope scope_;
};

class Shelf : public ShelfView {
 public:
  static constexpr std::string_view kKind = "test.shelf";
  using Options = ShelfOptions;
  using View = ShelfView;

  Shelf(WriteScope& scope, const ShelfOptions&) : ShelfView(scope), scope_(scope) {}
  Bag bag(int number) { return scope_.child<Bag>(std::to_string(number)); }
  Bag bag(int number, const BagOptions& options) {
    return scope_.child<Bag>(std::to_string(number), options);
  }

 private:
  WriteScope scope_;
};

}  // namespace quire::testing
