#pragma once

#include <string>

#include <quire/quire.h>

// Collection types that the golden files hold: a composite with options and three children, one of
// which is a composite itself.

namespace quire::testing {

class BoxView {
 public:
  explicit BoxView(const ReadScope& scope) : scope_(scope) {}

  BlobView content() const { return scope_.child<Blob>("content"); }

 private:
  ReadScope scope_;
};

class Box : public BoxView {
 public:
  static constexpr std::string_view kKind = "golden.box";
  using View = BoxView;
  struct Options {};

  Box(WriteScope& scope, const Options&) : BoxView(scope), scope_(scope) { content(); }

  Blob content() { return scope_.child<Blob>("content"); }

 private:
  WriteScope scope_;
};

class ShelfView {
 public:
  explicit ShelfView(const ReadScope& scope) : scope_(scope) {}

  Value label() const { return scope_.options(); }
  BoxView box() const { return scope_.child<Box>("box, größer"); }
  HashView index() const { return scope_.child<Hash>("index"); }
  ListView items() const { return scope_.child<List>("items"); }

 private:
  ReadScope scope_;
};

class Shelf : public ShelfView {
 public:
  static constexpr std::string_view kKind = "golden.shelf";
  using View = ShelfView;
  struct Options {
    std::string label;  // any bytes
  };

  Shelf(WriteScope& scope, const Options& options) : ShelfView(scope), scope_(scope) {
    if (!scope.created()) return;
    scope.set_options(options.label);
    box();
    index();
    items();
  }

  Box box() { return scope_.child<Box>("box, größer"); }
  Hash index() { return scope_.child<Hash>("index"); }
  List items() { return scope_.child<List>("items"); }

 private:
  WriteScope scope_;
};

}  // namespace quire::testing
