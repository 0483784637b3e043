// Random operations on a blob and on a model of it: blocks of bytes in a map, so that both take
// offsets of terabytes. The blocks' size has no divisor in common with the page size.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "structures/blob_format.h"
#include "tests/structures/blob_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::PageMap;
using testing::pattern;

class Model {
 public:
  std::uint64_t size() const { return size_; }

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    size_ = std::max(size_, offset + bytes.size());
    for (const char byte : bytes) blocks_[offset / kBlock][offset % kBlock] = byte, ++offset;
  }
  void resize(std::uint64_t size) {
    if (size < size_) zero(size, size_);
    size_ = size;
  }
  void zero(std::uint64_t offset, std::uint64_t end) {
    const auto stop = blocks_.lower_bound((end + kBlock - 1) / kBlock);
    for (auto it = blocks_.lower_bound(offset / kBlock); it != stop; ++it) {
      const std::uint64_t start = it->first * kBlock;
      const std::uint64_t from = offset > start ? offset - start : 0;
      const std::uint64_t to = std::min<std::uint64_t>(kBlock, end - start);
      std::fill(it->second.begin() + from, it->second.begin() + to, '\0');
    }
  }
  std::string read(std::uint64_t offset, std::size_t size) const {
    if (offset >= size_) return {};
    std::string text(std::min<std::uint64_t>(size, size_ - offset), '\0');
    for (char& byte : text) {
      const auto found = blocks_.find(offset / kBlock);
      if (found != blocks_.end()) byte = found->second[offset % kBlock];
      ++offset;
    }
    return text;
  }
  /// Offsets near which something was written at one time or another.
  std::vector<std::uint64_t> places() const {
    std::vector<std::uint64_t> offsets;
    for (const auto& [index, block] : blocks_) offsets.push_back(index * kBlock);
    return offsets;
  }

  static constexpr std::uint64_t kBlock = 1001;

 private:
  std::map<std::uint64_t, std::array<char, kBlock>> blocks_;
  std::uint64_t size_ = 0;
};

enum class BlobOp { write, append, resize, punch, read, commit, rollback };

/// Offsets near the places where the shape of a blob changes.
rc::Gen<std::uint64_t> offsets() {
  constexpr std::array<std::uint64_t, 9> kPlaces{
      0,
      kBlobInlineBytes,
      kPageSize,
      3 * kPageSize,
      blob_reach(1) * kPageSize,
      kBlobTableEntries * kPageSize,
      blob_reach(2) * kPageSize,
      blob_pages_per_entry(3) * kPageSize,
      blob_reach(3) * kPageSize,
  };
  return rc::gen::apply(
      [kPlaces](std::size_t place, int distance) {
        const auto at = static_cast<std::int64_t>(kPlaces[place]) + distance;
        return static_cast<std::uint64_t>(std::max<std::int64_t>(at, 0));
      },
      rc::gen::weightedOneOf<std::size_t>({{3, rc::gen::inRange<std::size_t>(0, 4)},
                                           {2, rc::gen::inRange<std::size_t>(0, kPlaces.size())}}),
      rc::gen::oneOf(rc::gen::inRange(-3, 4), rc::gen::inRange(-9000, 9000)));
}

class BlobRun {
 public:
  void step(BlobOp op, std::size_t variant) {
    switch (op) {
      case BlobOp::write:
        return write(*offsets(), variant);
      case BlobOp::append:
        return write(now_.size(), variant);
      case BlobOp::resize:
        return resize(*offsets());
      case BlobOp::punch:
        return punch(*offsets(), *rc::gen::oneOf(offsets(), rc::gen::just(UINT64_MAX)));
      case BlobOp::read:
        return expect_equal_at(*offsets(), *rc::gen::inRange<std::size_t>(0, 20000));
      case BlobOp::commit:
        pages_.commit();
        committed_ = now_;
        return;
      case BlobOp::rollback:
        pages_.rollback();
        now_ = committed_;
        return;
    }
  }

  void expect_sound() const {
    expect_lawful();
    RC_ASSERT(blob_.size() == now_.size());
  }
  /// The same whatever it holds.
  void expect_lawful() const {
    CollectingVisitor visitor(pages_.page_count());
    blob_.walk(visitor);
    RC_ASSERT(visitor.problems() == std::vector<std::string>());
    RC_ASSERT(visitor.all() == pages_.states());
    RC_ASSERT(blob_.pages_owned() + 1 == pages_.used());
  }

  void expect_equal() const {
    for (const std::uint64_t offset : now_.places()) expect_equal_at(offset, Model::kBlock);
  }

  void finish() {
    pages_.commit();
    expect_sound();
    expect_equal();
    take_apart();
  }

 private:
  void take_apart() {
    const auto pages = *rc::gen::inRange<std::uint32_t>(0, 40);
    while (!blob_.destroy_some(pages)) expect_lawful();
    RC_ASSERT(pages_.used() == 0u);
  }
  void write(std::uint64_t offset, std::size_t variant) {
    const std::size_t size = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 300),
                                             rc::gen::inRange<std::size_t>(0, 20000));
    const std::string bytes = pattern(size, variant);
    blob_.write(offset, bytes);
    now_.write(offset, bytes);
  }
  void resize(std::uint64_t size) {
    blob_.resize(size);
    now_.resize(size);
  }
  void punch(std::uint64_t offset, std::uint64_t count) {
    blob_.punch(offset, count);
    if (offset < now_.size()) now_.zero(offset, offset + std::min(count, now_.size() - offset));
  }
  void expect_equal_at(std::uint64_t offset, std::size_t size) const {
    std::string text(size, '?');
    text.resize(blob_.read(offset, std::as_writable_bytes(std::span(text))));
    RC_ASSERT(text == now_.read(offset, size));
  }

  PageMap pages_;
  Blob blob_{pages_, make(pages_)};
  Model now_, committed_;

  /// Committed, so that a rollback does not take the blob away.
  static Pid make(PageMap& pages) {
    const Pid root = Blob::create(pages);
    pages.commit();
    return root;
  }
};

RC_GTEST_PROP(BlobProperty, BehavesLikeBytesInMemory, ()) {
  const auto ops = *rc::gen::container<std::vector<BlobOp>>(
      rc::gen::weightedElement<BlobOp>({{6, BlobOp::write},
                                        {4, BlobOp::append},
                                        {3, BlobOp::resize},
                                        {3, BlobOp::punch},
                                        {2, BlobOp::read},
                                        {2, BlobOp::commit},
                                        {1, BlobOp::rollback}}));
  BlobRun run;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    run.step(ops[i], i);
    run.expect_sound();
    if (i % 8 == 7) run.expect_equal();
  }
  run.finish();
}

}  // namespace
}  // namespace quire::structures
