#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pager/page_access.h"
#include "structures/walk.h"

namespace quire::testing {

/// PageWriter over a map of pages, so that structures are tested with no engine. It checks what the
/// engine would: type, owner and sum of what is read, pages used after free, sum places that are
/// not the transaction's own.
///
/// commit() seals: sums go to their places and the pages become immutable (the next modify copies
/// them). rollback() returns to the last commit.
class PageMap final : public pager::PageWriter {
 public:
  static constexpr CollectionId kOwner = 7;

  explicit PageMap(Pid first_pid = 4) : next_(first_pid) {}

  pager::PageRef read(Pid pid, PageType type) override;
  pager::PageRef read_data(Pid pid, Sum32 sum) override;
  Pid page_count() const override { return next_; }
  pager::MutablePageBytes modify(Pid pid, PageType type) override;
  pager::MutablePageBytes modify_data(Pid pid, Sum32 sum, pager::SumPlace place) override;
  pager::PageRef pin(Pid pid) override;
  Pid allocate(std::uint32_t count, PageState state) override;
  void free(Pid pid, std::uint32_t count) override;
  pager::MutablePageBytes renew(Pid pid, PageType type) override;
  pager::MutablePageBytes renew_data(Pid pid, pager::SumPlace place) override;
  void move_sum(Pid pid, pager::SumPlace place) override;

  void commit();
  void rollback();

  /// Pages in use, whatever their state.
  std::size_t used() const { return now_.state.size(); }
  /// The same pages with their states, to be compared with what a walk visits.
  const std::map<Pid, PageState>& states() const { return now_.state; }
  /// Pages that this transaction has written so far.
  std::size_t touched() const { return private_.size(); }
  /// Raw access for tests that damage a page. The page is neither copied nor made the transaction's
  /// own.
  std::byte* raw(Pid pid) { return now_.frame.at(pid)->data(); }

 private:
  using Frame = std::array<std::byte, kPageSize>;
  struct State {
    std::map<Pid, PageState> state;
    std::map<Pid, std::shared_ptr<Frame>> frame;
  };

  pager::MutablePageBytes own(Pid pid, bool keep_content);
  void require_owned(Pid pid) const;
  void require_data(Pid pid, bool expected) const;
  Sum32 sum_of(Pid pid, const Frame& frame) const;

  State now_, committed_;
  std::set<Pid> private_;
  std::map<Pid, pager::SumPlace> places_;  // of the private data pages
  Pid next_, committed_next_ = next_;
};

/// Collects what a walk says; all() is every page that was visited.
class CollectingVisitor final : public structures::PageVisitor {
 public:
  explicit CollectingVisitor(Pid page_count, bool deep = true)
      : page_count_(page_count), deep_(deep) {}

  bool visit(Pid first, std::uint32_t count, PageState state) override;
  void problem(Pid page, const std::string& what) override;
  bool deep() const override { return deep_; }

  const std::map<Pid, PageState>& all() const { return all_; }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::map<Pid, PageState> all_;
  std::vector<std::string> problems_;
  Pid page_count_;
  bool deep_;
};

}  // namespace quire::testing
