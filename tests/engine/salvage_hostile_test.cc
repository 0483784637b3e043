// Pages made to deceive, with right sums: a salvage ends, with a sound database that is not larger
// than what it was made from.

#include <array>
#include <cstring>
#include <random>

#include "base/checksum.h"
#include "tests/engine/salvage_fixture.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr std::size_t kTries = kIsSanitized ? 30 : 150;
constexpr std::uint64_t kSlack = std::uint64_t{1} << 20;

void fill(ModelledTransaction& change) {
  for (std::size_t i = 0; i < 200; ++i) {
    change.put("table", "key " + std::to_string(i), salvage_text(80, i));
    change.push_back("list", salvage_text(70, i));
  }
  for (std::size_t i = 0; i < 5; ++i) {
    change.put("table", "run " + std::to_string(i), salvage_text(9000, i));
    change.put("table", "blob " + std::to_string(i), salvage_text(70'000, i));
    change.push_back("list", salvage_text(70'000, i));
  }
  change.write("blob", 0, salvage_text(30'000, 2));
  change.write("large", 0, salvage_text(std::size_t{520} * kPageSize, 3));
  change.put_in_bag("bag", "stone", salvage_text(40, 3));
  change.write("x", 0, "content");
}

class SalvageHostileTest : public ::testing::Test {
 protected:
  SalvageHostileTest() {
    broken.commit({fill, [](auto& change) { change.write("gone", 0, salvage_text(9000, 4)); },
                   [](auto& change) { change.drop("gone"); }});
    whole = broken.read(kBrokenPath);
    std::array<std::uint8_t, 16> uuid{};
    const std::string digits = broken.uuid();
    for (std::size_t i = 0; i < uuid.size(); ++i)
      uuid[i] = static_cast<std::uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
    uuid_hash = checksum64(uuid, 0);
    for (Pid pid = 2; pid < broken.page_count(); ++pid) {
      if (broken.header(pid).pid == pid) structure_pages.push_back(pid);
    }
  }

  void seal(std::vector<std::byte>& bytes, Pid pid) const {
    std::byte* page = bytes.data() + std::size_t{pid} * kPageSize;
    const Le64 sum = checksum64(ByteView(page + 8, kPageSize - 8), page_seed(uuid_hash, pid));
    std::memcpy(page, &sum, sizeof sum);
  }

  /// Puts a number that may mean something into a place that may, and gives the page its sum.
  void deceive(std::vector<std::byte>& bytes, std::mt19937_64& random) const {
    const Pid pid = structure_pages[random() % structure_pages.size()];
    const std::size_t reach = random() % 2 == 0 ? 128 : kPageSize;
    const std::size_t width = std::size_t{1} << (random() % 4);
    const std::size_t at = 8 + random() % (reach - 16);
    const std::uint64_t numbers[] = {0,    1,    random() % 300, broken.page_count() - 1,
                                     ~0ul, pid,  0x7fffffff,     random(),
                                     4096, 4032, 1ul << 40};
    const Le64 number = numbers[random() % std::size(numbers)];
    std::memcpy(bytes.data() + std::size_t{pid} * kPageSize + at, &number, width);
    seal(bytes, pid);
  }

  SalvageFiles broken;
  std::vector<std::byte> whole;
  std::vector<Pid> structure_pages;
  std::uint64_t uuid_hash = 0;
};

TEST_F(SalvageHostileTest, EndsWithASoundDatabaseOfBoundedSize) {
  for (std::size_t seed = 0; seed < kTries; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::vector<std::byte> bytes = whole;
    for (std::size_t i = 1 + random() % 12; i > 0; --i) deceive(bytes, random);
    if (seed % 5 == 0) std::fill_n(bytes.begin() + 3 * kPageSize, kPageSize, std::byte{0});
    broken.write(kBrokenPath, bytes);
    broken.salvage();
    EXPECT_LE(broken.files().status(kNewPath)->size, 2 * whole.size() + kSlack);
    if (HasFailure()) return;
  }
  tried("salvages of hostile databases", kTries);
}

TEST_F(SalvageHostileTest, UsesNoPageTwice) {
  const std::vector<Pid> roots =
      broken.pages(SalvageFiles::account(broken.salvage(), "large").id, PageType::blob_root);
  const std::vector<Pid> tables =
      broken.pages(broken.header(roots.front()).owner, PageType::blob_table);
  std::vector<std::byte> bytes = whole;
  // Every entry of every table is the same.
  for (const Pid table : tables) {
    std::byte* page = bytes.data() + std::size_t{table} * kPageSize;
    for (std::size_t at = 40; at < kPageSize; at += 8) std::memcpy(page + at, page + 32, 8);
    seal(bytes, table);
  }
  broken.write(kBrokenPath, bytes);
  const SalvageReport report = broken.salvage();
  EXPECT_LT(SalvageFiles::account(report, "large").found, 20 * kPageSize);
  EXPECT_LE(broken.files().status(kNewPath)->size, whole.size());
}

TEST_F(SalvageHostileTest, IgnoresReservedBytesOfIntactPages) {
  std::vector<std::byte> bytes = whole;
  for (const Pid pid : structure_pages) {
    bytes[std::size_t{pid} * kPageSize + offsetof(StructurePageHeader, zero)] = std::byte{1};
    seal(bytes, pid);
  }
  broken.write(kBrokenPath, bytes);
  EXPECT_TRUE(broken.salvage().ok());
}

TEST_F(SalvageHostileTest, TakesAHiddenKeyThatIsTooShortForOne) {
  std::vector<std::byte> bytes = whole;
  const Pid bucket = broken.pages(kEngineOwner, PageType::hash_bucket).front();
  const ByteView page = ByteView(bytes).sub(std::size_t{bucket} * kPageSize, kPageSize);
  const std::size_t record = page.text().find(std::string_view("\0\1\x20x", 4));
  ASSERT_NE(record, std::string_view::npos);
  bytes[std::size_t{bucket} * kPageSize + record + 3] = std::byte{0};
  seal(bytes, bucket);
  broken.write(kBrokenPath, bytes);
  broken.salvage();
  bool is_found = false;
  for (const auto& [name, content] : broken.result().blobs)
    is_found = is_found || (name.starts_with("salvaged/found/") && content == "content");
  EXPECT_TRUE(is_found);
}

}  // namespace
}  // namespace quire::testing
