#pragma once

#include <string>

#include <quire/error.h>

#include "engine/salvage_source.h"
#include "pager/page_access.h"
#include "structures/hash_record.h"

namespace quire::engine {

/// Of which ages something is (SalvageSource).
struct PageAges {
  bool old = false;
  bool newer = false;

  void add(bool is_newer) noexcept { (is_newer ? newer : old) = true; }
  void add(const PageAges& other) noexcept {
    old = old || other.old;
    newer = newer || other.newer;
  }
  bool are_mixed() const noexcept { return old && newer; }
};

/// The pages of one collection of a damaged database. Remembers of which ages it has shown pages.
class SalvagePages final : public pager::PageReader {
 public:
  SalvagePages(SalvageSource& source, CollectionId owner) noexcept
      : source_(&source), owner_(owner) {}

  SalvageSource& source() const noexcept { return *source_; }

  pager::PageRef read(Pid pid, PageType type) override;
  pager::PageRef read_data(Pid pid, Sum32 sum) override;
  Pid page_count() const override { return source_->page_count(); }

  /// CorruptionError for `from`, whose pointer that is, unless the pages are nobody's yet and
  /// become this collection's.
  void claim(Pid from, Pid first, std::uint32_t count);

  /// Of all structure pages read since the object was made, and of the last one.
  const PageAges& ages() const noexcept { return all_; }
  bool is_last_newer() const noexcept { return is_last_newer_; }

  /// The bytes of a key or value that `record_page` describes, with all its pages claimed. Throws
  /// CorruptionError unless they are exactly what some commit held; never allocates more than has
  /// been read.
  std::string read_part(const pager::PageRef& record_page, Pid record_pid,
                        const structures::RecordPart& part);

 private:
  void note_age(const pager::PageRef& page);
  std::string read_extents(Pid record_pid, const structures::RecordPart& part);
  std::string read_blob(Pid record_pid, const structures::RecordPart& part);

  SalvageSource* source_;
  CollectionId owner_;
  PageAges all_;
  bool is_last_newer_ = false;
  PageAges part_;  // of the key or value that is being read
};

/// What keeps to `lost`, `lost_ranges` and `whole` of a collection's account.
void add_lost_range(SalvagedCollection& account, std::uint64_t begin, std::uint64_t end);
/// It lacks something that nobody can count.
void lose_unknown(SalvagedCollection& account, const std::string& remark);

}  // namespace quire::engine
