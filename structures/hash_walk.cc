// HashView::walk(): every page of a table and every law of hash.cc that does not hold.

#include <quire/error.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "structures/hash.h"
#include "structures/hash_chain.h"
#include "structures/hash_root.h"
#include "structures/value_runs.h"

namespace quire::structures {

namespace {

class Walk {
 public:
  Walk(pager::PageReader& pages, const HashRoot& root, PageVisitor& visitor)
      : pages_(pages), root_(root), runs_(pages), visitor_(visitor) {}

  void run();

 private:
  /// A record and where it was read, kept until its bucket is done.
  struct Key {
    std::uint64_t hash;
    Pid page;
    RecordPart part;
  };

  /// Does one step; a page that cannot be read is a problem, and the counters are then not
  /// compared.
  template <class Step>
  void attempt(Pid page, Step step);
  void visit_directories();
  void expect_unused(Pid page, std::span<const Le32> slots);
  void visit_segment(std::uint32_t segment);
  void visit_chain(std::uint32_t bucket);
  void visit_page(const ChainReader& chain, std::vector<Key>& keys);
  bool visit_run(Pid page, const RecordPart& part);
  void check_place(const ChainReader& chain, std::size_t index, std::uint64_t hash);
  void check_long_key(const Key& key);
  void check_keys_differ(std::vector<Key>& keys);
  bool same_key(const Key& a, const Key& b) const;
  Value read_key(const Key& key) const;
  void check_counters();
  void compare(const char* what, std::uint64_t counted, std::uint64_t said);

  pager::PageReader& pages_;
  const HashRoot& root_;
  ValueRunsView runs_;
  PageVisitor& visitor_;
  bool complete_ = true;
  std::uint64_t entries_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint64_t overflow_pages_ = 0;
  std::uint64_t pages_owned_ = 0;
};

template <class Step>
void Walk::attempt(Pid page, Step step) {
  try {
    step();
  } catch (const CorruptionError& error) {
    visitor_.problem(page, error.finding());
    complete_ = false;
  }
}

void Walk::run() {
  visit_directories();
  for (std::uint32_t s = 0; s < root_.segment_count(); ++s) {
    attempt(root_.pid(), [&] { visit_segment(s); });
  }
  check_counters();
}

void Walk::visit_directories() {
  const HashRootPage& root = root_.fields();
  const HashGeometry& geometry = root_.geometry();
  expect_unused(root_.pid(), std::span(root.directories).subspan(root.directory_pages));
  expect_unused(
      root_.pid(),
      std::span(root.segments).subspan(std::min(root_.segment_count(), geometry.root_segments)));
  pages_owned_ += root.directory_pages;
  for (std::uint32_t d = 0; d < root.directory_pages; ++d) {
    const Pid pid = root.directories[d];
    visitor_.visit(pid, 1, PageState::structure);
    attempt(pid, [&] {
      const pager::PageRef page = pages_.read(pid, PageType::hash_directory);
      const std::uint32_t used =
          root_.segment_count() - geometry.root_segments - d * geometry.directory_segments;
      expect_unused(pid, std::span(page.as<HashDirectoryPage>().segments)
                             .subspan(std::min(used, geometry.directory_segments)));
    });
  }
}

void Walk::expect_unused(Pid page, std::span<const Le32> slots) {
  if (std::any_of(slots.begin(), slots.end(), [](const Le32& pid) { return pid != kNoPid; })) {
    visitor_.problem(page, "a segment or directory beyond the last bucket");
  }
}

void Walk::visit_segment(std::uint32_t segment) {
  const SegmentLayout layout = root_.layout();
  const Pid first = root_.segment_first(segment);
  if (!visitor_.visit(first, layout.pages(segment), PageState::owned)) {
    complete_ = false;
    return;
  }
  const auto begin = static_cast<std::uint32_t>(layout.first_bucket(segment));
  const std::uint64_t end =
      std::min<std::uint64_t>(root_.fields().bucket_count, begin + layout.pages(segment));
  for (std::uint32_t bucket = begin; bucket < end; ++bucket) {
    attempt(first + (bucket - begin), [&] { visit_chain(bucket); });
  }
}

void Walk::visit_chain(std::uint32_t bucket) {
  std::vector<Key> keys;
  std::vector<pager::PageRef> pins;  // `keys` views the pages
  ChainReader chain(pages_, root_, bucket);
  for (bool there = true; there; there = chain.next()) {
    if (chain.type() == PageType::hash_overflow) {
      if (!visitor_.visit(chain.pid(), 1, PageState::structure)) {
        complete_ = false;
        break;
      }
      ++overflow_pages_;
      ++pages_owned_;
      if (chain.page().count() == 0) visitor_.problem(chain.pid(), "an overflow page is empty");
    }
    pins.push_back(chain.ref());
    visit_page(chain, keys);
  }
  check_keys_differ(keys);
}

void Walk::visit_page(const ChainReader& chain, std::vector<Key>& keys) {
  const BucketView& page = chain.page();
  for (const std::string& law : page.broken_laws()) {
    visitor_.problem(chain.pid(), law);
    complete_ = false;
  }
  for (std::size_t i = 0; i < page.count(); ++i) {
    attempt(chain.pid(), [&] {
      const Record record = page.record(i);
      ++entries_;
      record_bytes_ += record.bytes.size();
      const Key key{root_.hash(record.key), chain.pid(), record.key};
      check_place(chain, i, key.hash);
      visit_run(chain.pid(), record.value);
      // A run that many keys claim is read for the first of them only.
      if (!visit_run(chain.pid(), record.key)) return;
      keys.push_back(key);
      check_long_key(key);
    });
  }
}

bool Walk::visit_run(Pid page, const RecordPart& part) {
  if (part.form == PartForm::bytes) return true;
  const ValueRun run = runs_.describe(page, part);
  const bool sound = runs_.walk(run, visitor_);
  pages_owned_ += runs_.pages(run);
  return sound;
}

void Walk::check_place(const ChainReader& chain, std::size_t index, std::uint64_t hash) {
  const std::string entry = "entry " + std::to_string(index);
  if (root_.bucket_of(hash) != chain.bucket()) {
    visitor_.problem(chain.pid(), entry + " belongs to another bucket");
  }
  if (fingerprint_of(hash) != chain.page().fingerprint(index)) {
    visitor_.problem(chain.pid(), entry + " has the fingerprint of another key");
  }
}

void Walk::check_long_key(const Key& key) {
  if (key.part.form == PartForm::bytes || !visitor_.deep()) return;
  if (root_.hash(read_key(key).view()) != key.hash) {
    visitor_.problem(key.page, "a long key has another hash than its record says");
  }
}

/// Neighbours only: three different keys of one hash value do not occur, and a page made up to hold
/// thousands must not cost their square.
void Walk::check_keys_differ(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.hash < b.hash; });
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i - 1].hash != keys[i].hash) continue;
    attempt(keys[i].page, [&] {
      if (same_key(keys[i - 1], keys[i])) visitor_.problem(keys[i].page, "a key stands twice");
    });
  }
}

bool Walk::same_key(const Key& a, const Key& b) const {
  return a.part.length == b.part.length && read_key(a) == read_key(b);
}

Value Walk::read_key(const Key& key) const {
  if (key.part.form == PartForm::bytes) return Value::copy(key.part.stored);
  return runs_.read(runs_.describe(key.page, key.part));
}

void Walk::check_counters() {
  if (!complete_) return;
  const HashRootPage& root = root_.fields();
  compare("entries", entries_, root.entries);
  compare("record_bytes", record_bytes_, root.record_bytes);
  compare("overflow_pages", overflow_pages_, root.overflow_pages);
  compare("pages_owned", pages_owned_, root.pages_owned);
}

void Walk::compare(const char* what, std::uint64_t counted, std::uint64_t said) {
  if (counted == said) return;
  visitor_.problem(root_.pid(), std::string(what) + ": counted " + std::to_string(counted) +
                                    ", the root says " + std::to_string(said));
}

}  // namespace

void HashView::walk(PageVisitor& visitor) const {
  if (!visitor.visit(root_, 1, PageState::structure)) return;
  try {
    const HashRoot root(*reader_, root_, geometry_);
    Walk(*reader_, root, visitor).run();
  } catch (const CorruptionError& error) {
    visitor.problem(root_, error.finding());
  }
}

}  // namespace quire::structures
