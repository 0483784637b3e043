#pragma once

#include <cstdint>
#include <string>

#include <quire/error.h>

#include "base/ids.h"
#include "pager/page_format.h"

namespace quire::structures {

/// Receives every page that a structure owns and every law that it breaks; implemented by the
/// checker.
class PageVisitor {
 public:
  virtual ~PageVisitor() = default;

  /// The structure owns pages [first, first + count) and expects the space map to say `state` of
  /// them. Returns false if one of them was visited before or lies outside the file: then do not
  /// descend (it may be a cycle).
  virtual bool visit(Pid first, std::uint32_t count, PageState state) = 0;
  /// A law is broken, or a page cannot be read. The walk goes on where it can.
  virtual void problem(Pid page, const std::string& what) = 0;
  /// True if data and value pages are to be read too, not only the pages that describe them.
  virtual bool deep() const = 0;
};

}  // namespace quire::structures
