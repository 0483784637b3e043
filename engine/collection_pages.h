#pragma once

#include "pager/page_access.h"
#include "pager/page_pool.h"
#include "pager/private_pages.h"

namespace quire::engine {

/// The pages of one collection as of one commit. Made for one call.
class SnapshotPages final : public pager::PageReader {
 public:
  SnapshotPages(pager::PagePool& pool, Seq seq, Pid page_count, CollectionId owner,
                pager::Caching caching = pager::Caching::yes) noexcept
      : pool_(&pool), seq_(seq), page_count_(page_count), owner_(owner), caching_(caching) {}

  pager::PageRef read(Pid pid, PageType type) override;
  pager::PageRef read_data(Pid pid, Sum32 sum) override;
  Pid page_count() const override { return page_count_; }

 private:
  void require_pid(Pid pid) const;

  pager::PagePool* pool_;
  Seq seq_;
  Pid page_count_;
  CollectionId owner_;
  pager::Caching caching_;
};

/// The pages of one collection in one transaction. Made for one call.
class TransactionPages final : public pager::PageWriter {
 public:
  TransactionPages(pager::PrivatePages& pages, CollectionId owner) noexcept
      : pages_(&pages), owner_(owner) {}

  pager::PageRef read(Pid pid, PageType type) override { return pages_->read(pid, type, owner_); }
  pager::PageRef read_data(Pid pid, Sum32 sum) override { return pages_->read_data(pid, sum); }
  Pid page_count() const override { return pages_->page_count(); }
  pager::MutablePageBytes modify(Pid pid, PageType type) override {
    return pages_->modify(pid, type, owner_);
  }
  pager::MutablePageBytes modify_data(Pid pid, Sum32 sum, pager::SumPlace place) override {
    return pages_->modify_data(pid, sum, place, owner_);
  }
  pager::PageRef pin(Pid pid) override { return pages_->pin(pid); }
  Pid allocate(std::uint32_t count, PageState state) override {
    return pages_->allocate(count, state);
  }
  void free(Pid pid, std::uint32_t count) override { pages_->free(pid, count); }
  pager::MutablePageBytes renew(Pid pid, PageType type) override {
    return pages_->renew(pid, type, owner_);
  }
  pager::MutablePageBytes renew_data(Pid pid, pager::SumPlace place) override {
    return pages_->renew_data(pid, place, owner_);
  }
  void move_sum(Pid pid, pager::SumPlace place) override { pages_->move_sum(pid, place); }

 private:
  pager::PrivatePages* pages_;
  CollectionId owner_;
};

}  // namespace quire::engine
