#include "structures/value_runs.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <functional>
#include <string>

#include "tests/structures/blob_fixture.h"
#include "tests/support/page_map.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::PageMap;
using testing::pattern;

constexpr Pid kRecordPage = 3;

class ValueRunsTest : public ::testing::Test {
 protected:
  void expect_sound(const ValueRun& run, const std::string& content) {
    EXPECT_TRUE(runs.read(run) == ByteView(content));
    EXPECT_TRUE(runs.equals(run, content));
    EXPECT_EQ(run.form, content.size() > kMaxRunBytes ? PartForm::blob : PartForm::extents);
    CollectingVisitor visitor(pages.page_count());
    EXPECT_TRUE(runs.walk(run, visitor));
    EXPECT_EQ(visitor.problems(), std::vector<std::string>());
    EXPECT_TRUE(visitor.all() == pages.states());
    EXPECT_EQ(runs.pages(run), pages.used());
    expect_described(run);
  }
  void expect_described(const ValueRun& run) {
    const RunDescription description(run);
    const ValueRun again = runs.describe(kRecordPage, description.part());
    EXPECT_TRUE(runs.read(again) == runs.read(run));
    EXPECT_EQ(runs.pages(again), runs.pages(run));
  }
  std::vector<std::uint32_t> extents(const ValueRun& run) {
    std::vector<std::uint32_t> pages_of;
    for (std::uint32_t i = 0; i < run.extent_count; ++i) pages_of.push_back(run.extents[i].pages());
    return pages_of;
  }
  std::string field_of_error(const std::function<void()>& operation) {
    try {
      operation();
    } catch (const CorruptionError& error) {
      return error.field();
    }
    return "none";
  }
  ValuePage& raw(Pid pid) { return *reinterpret_cast<ValuePage*>(pages.raw(pid)); }

  PageMap pages;
  ValueRuns runs{pages};
};

TEST_F(ValueRunsTest, HoldsAnyLength) {
  for (const std::size_t size : {0u, 1u, 1001u, 4055u, 4056u, 4057u, 8112u, 8113u, 20000u, 65535u,
                                 65536u, 65537u, 100000u, 1u << 20}) {
    const std::string content = pattern(size);
    const ValueRun run = runs.create(content);
    expect_sound(run, content);
    pages.commit();
    expect_sound(run, content);
    runs.destroy(run);
    EXPECT_EQ(pages.used(), 0u) << size;
  }
}

TEST_F(ValueRunsTest, LiesOnDiskAsTheFormatSays) {
  const ValueRun run = runs.create(pattern(5000));
  const Pid first = run.extents[0].first;
  EXPECT_EQ(raw(first).used, 4056u);
  EXPECT_EQ(raw(first).index, 0u);
  EXPECT_EQ(raw(first + 1).used, 944u);
  EXPECT_EQ(raw(first + 1).index, 1u);
  const std::string bytes(reinterpret_cast<const char*>(pages.raw(first + 1)) + 40, 944);
  EXPECT_TRUE(bytes == pattern(5000).substr(4056));
  const RunDescription description(run);
  EXPECT_EQ(description.part(1).stored.str(),
            std::string("\x01") + static_cast<char>(first) + std::string("\0\0\0\x01", 4));
}

TEST_F(ValueRunsTest, HasNoPageToSpareWhenMadeAtOnce) {
  EXPECT_EQ(extents(runs.create(pattern(4056 * 7))), (std::vector<std::uint32_t>{4, 2, 1}));
  EXPECT_EQ(extents(runs.create(pattern(65536))), (std::vector<std::uint32_t>{16, 1}));
}

TEST_F(ValueRunsTest, DoublesWithShortAppends) {
  std::string content = pattern(1001);
  ValueRun run = runs.create(content);
  for (int i = 0; content.size() + 400 <= kMaxRunBytes; ++i) {
    const std::string more = pattern(400, static_cast<std::size_t>(i));
    runs.append(run, more);
    content += more;
    expect_sound(run, content);
  }
  EXPECT_EQ(extents(run), (std::vector<std::uint32_t>{1, 1, 2, 4, 8, 1}));
}

TEST_F(ValueRunsTest, AppendsFromAnyLengthToAnyLength) {
  const std::vector<std::size_t> sizes{0, 1, 4055, 4056, 4057, 30000, 65000, 65536, 65537, 200000};
  for (const std::size_t before : sizes) {
    for (const std::size_t more : sizes) {
      const std::string content = pattern(before + more, 3);
      ValueRun run = runs.create(ByteView(content).sub(0, before));
      runs.append(run, ByteView(content).sub(before));
      expect_sound(run, content);
      runs.destroy(run);
      EXPECT_EQ(pages.used(), 0u);
    }
  }
}

TEST_F(ValueRunsTest, AppendChangesOnlyTheLastPage) {
  std::string content = pattern(20000);
  ValueRun run = runs.create(content);
  pages.commit();
  runs.append(run, pattern(100));
  EXPECT_EQ(pages.touched(), 1u);
  expect_sound(run, content += pattern(100));
  pages.commit();
  runs.append(run, pattern(4056));
  EXPECT_EQ(pages.touched(), 2u);
  expect_sound(run, content += pattern(4056));
}

TEST_F(ValueRunsTest, BecomesABlobWhenNoExtentCanBeAdded) {
  ValueRun run;  // as no writer of ours makes it: sixteen extents of one page
  for (; run.extent_count < kMaxExtents; ++run.extent_count) {
    run.extents[run.extent_count].first = pages.allocate(1, PageState::owned);
  }
  std::string content = pattern(16 * kValuePageBytes);
  runs.append(run, content);
  expect_sound(run, content);
  runs.append(run, "x");
  EXPECT_EQ(run.form, PartForm::blob);
  EXPECT_TRUE(runs.equals(run, content + "x"));
  EXPECT_EQ(runs.pages(run), pages.used()) << "the extents are free again";
}

TEST_F(ValueRunsTest, OverwritesOnlyPagesThatDiffer) {
  for (const std::size_t size : {40000u, 400000u}) {
    std::string content = pattern(size);
    const ValueRun run = runs.create(content);
    pages.commit();
    runs.overwrite(run, content);
    EXPECT_EQ(pages.touched(), 0u);
    content[size / 2] = '\0';
    runs.overwrite(run, content);
    EXPECT_LE(pages.touched(), 3u) << "a page, of a blob its root and table too";
    pages.commit();
    expect_sound(run, content);
    runs.destroy(run);
  }
}

TEST_F(ValueRunsTest, DiffersFromOtherBytesOfTheSameLength) {
  for (const std::size_t size : {1500u, 9000u, 90000u}) {
    const std::string content = pattern(size);
    const ValueRun run = runs.create(content);
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      std::string other = content;
      other[at] = '\0';
      EXPECT_FALSE(runs.equals(run, other));
    }
    EXPECT_FALSE(runs.equals(run, content.substr(1)));
  }
}

TEST_F(ValueRunsTest, RefusesDescriptionsThatDoNotFit) {
  pages.allocate(10, PageState::owned);
  const auto field = [&](const ValueRun& run) {
    const RunDescription description(run);
    return field_of_error([&] { runs.describe(kRecordPage, description.part()); });
  };
  ValueRun run{.length = 4057, .extent_count = 1};
  run.extents[0] = {4, 1};
  EXPECT_EQ(field(run), "none");
  run.extents[0] = {4, 0};
  EXPECT_EQ(field(run), "length");
  run.extents[0] = {0, 1};
  EXPECT_EQ(field(run), "extent");
  run.extents[0] = {13, 1};
  EXPECT_EQ(field(run), "extent");
  run.extents[0] = {UINT32_MAX, 1};
  EXPECT_EQ(field(run), "extent");
  run.extents[0] = {4, 5};
  EXPECT_EQ(field(run), "extent");
  run.extents[0] = {4, 255};
  EXPECT_EQ(field(run), "extent");

  const std::string seventeen = '\x11' + std::string(17 * 5, '\x04');
  EXPECT_EQ(field_of_error([&] {
              runs.describe(kRecordPage, {PartForm::extents, 5, 0, ByteView(seventeen)});
            }),
            "extent count");
}

TEST_F(ValueRunsTest, RefusesPagesOfAnotherPlaceOrLength) {
  const std::string content = pattern(9000);
  ValueRun run = runs.create(content);
  raw(run.extents[0].first + 1).index = 0;
  EXPECT_EQ(field_of_error([&] { runs.read(run); }), "index");
  EXPECT_EQ(field_of_error([&] { runs.equals(run, content); }), "index");
  raw(run.extents[0].first + 1).index = 1;
  raw(run.extents[1].first).used = 4057;
  EXPECT_EQ(field_of_error([&] { runs.read(run); }), "used");
  EXPECT_EQ(field_of_error([&] { runs.append(run, "x"); }), "used");
  CollectingVisitor visitor(pages.page_count());
  EXPECT_FALSE(runs.walk(run, visitor));
  EXPECT_EQ(visitor.problems().size(), 1u);
  CollectingVisitor shallow(pages.page_count(), false);
  EXPECT_TRUE(runs.walk(run, shallow)) << "value pages are not read";
}

TEST_F(ValueRunsTest, RefusesABlobOfAnotherLength) {
  ValueRun run = runs.create(pattern(70000));
  run.length = 70001;
  EXPECT_EQ(field_of_error([&] { runs.read(run); }), "size");
  EXPECT_EQ(field_of_error([&] { runs.append(run, "x"); }), "size");
}

TEST_F(ValueRunsTest, AllocatesNothingForABlobOfHolesLargerThanTheFile) {
  ValueRun run = runs.create(pattern(70000));
  Blob(pages, run.blob_root).resize(std::uint64_t{1} << 40);
  run.length = std::uint64_t{1} << 40;
  EXPECT_EQ(field_of_error([&] { runs.read(run); }), "size");
}

}  // namespace
}  // namespace quire::structures
