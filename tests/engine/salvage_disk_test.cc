// A disk that cannot read some pages of the damaged file, or has no room for the new one.

#include <cerrno>
#include <set>

#include "tests/engine/salvage_fixture.h"
#include "tests/support/forwarding_file_system.h"

namespace quire::testing {
namespace {

/// Files in which reads of some pages fail, and all writes once that is asked for.
class BadSectors final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::unique_ptr<File> open(const std::string& path, OpenMode how, std::uint32_t mode) override;

  std::set<std::uint64_t> unreadable;  // pages of the damaged file
  std::string full;                    // what such names hold cannot grow
};

class BadFile final : public ForwardingFile {
 public:
  BadFile(std::unique_ptr<File> inner, const BadSectors& disk)
      : ForwardingFile(std::move(inner)), disk_(disk) {}

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    if (path() == kBrokenPath && disk_.unreadable.contains(offset / kPageSize))
      throw IoError("pread", path(), EIO);
    return ForwardingFile::read_at(offset, buffer);
  }
  void allocate(std::uint64_t offset, std::uint64_t length) override {
    if (!disk_.full.empty() && path().find(disk_.full) != std::string::npos)
      throw IoError("fallocate", path(), ENOSPC);
    ForwardingFile::allocate(offset, length);
  }

 private:
  const BadSectors& disk_;
};

std::unique_ptr<File> BadSectors::open(const std::string& path, OpenMode how, std::uint32_t mode) {
  return std::make_unique<BadFile>(ForwardingFileSystem::open(path, how, mode), *this);
}

class SalvageDiskTest : public ::testing::Test {
 protected:
  SalvageDiskTest() {
    broken.commit({[](auto& change) {
      change.write("blob", 0, salvage_text(60'000, 1));
      change.put("table", "key", "value");
    }});
    options.file_system = &disk;
  }

  SalvageFiles broken;
  BadSectors disk{broken.files()};
  SalvageOptions options;
};

TEST_F(SalvageDiskTest, TakesAPageThatCannotBeReadForLost) {
  const CollectionId blob = SalvageFiles::account(broken.salvage(), "blob").id;
  broken.files().remove(kNewPath);
  disk.unreadable = {0, 2, broken.pages(blob, PageType::blob_root).front()};
  const SalvageReport report = Database::salvage(kBrokenPath, kNewPath, options);
  EXPECT_FALSE(SalvageFiles::account(report, "blob").whole);
  EXPECT_TRUE(SalvageFiles::account(report, "table").whole);
  EXPECT_EQ(broken.result().hashes.at("table").at("key"), "value");
}

TEST_F(SalvageDiskTest, LeavesNothingBehindWhereThereIsNoRoom) {
  disk.full = "-salvage.";
  EXPECT_THROW(Database::salvage(kBrokenPath, kNewPath, options), Error);
  EXPECT_EQ(broken.files().list(kSalvageDirectory).size(), 1u);
}

}  // namespace
}  // namespace quire::testing
