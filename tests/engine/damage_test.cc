#include <algorithm>
#include <array>
#include <iostream>
#include <set>

#include "tests/support/budget.h"
#include "tests/support/database_test.h"
#include "tests/support/tried.h"
#include "tests/testing/modelled_transaction.h"

// Files that are not as they were written: a byte flipped, an end cut off, pages and blocks of the
// log swapped or put in each other's place. Whoever reads everything gets what was written or a
// quire::Error, never anything else; and what a read finds, check() finds.

namespace quire::testing {
namespace {

constexpr std::size_t kStride = kIsSanitized ? 7 : 1;
constexpr std::size_t kWriteOneIn = 50;  // of the damaged files is opened for writing too
constexpr std::size_t kBlockBytes = 4096;
constexpr std::size_t kSectorBytes = 512;
const std::string kDirectory = "/dir";
const std::string kPath = kDirectory + "/damaged.quire";

std::string letters(std::size_t count, std::size_t from) {
  std::string text;
  for (std::size_t at = 0; at < count; ++at) {
    text += static_cast<char>('a' + (at * (from + 7) + at / 26) % 26);
  }
  return text;
}

/// A little of everything that has pages of its own kind.
void fill_each_kind(ModelledTransaction& change) {
  change.write("short blob", 0, letters(100, 1));
  change.write("blob", 3000, letters(9000, 2));
  change.write("blob", 40'000, letters(10, 3));
  for (std::size_t number = 0; number < 30; ++number) {
    change.push_back("list", letters(number * 13 % 300, number));
    change.put("hash", letters(5 + number, number), letters(number * 29 % 500, number));
  }
  change.put("hash", "long", letters(6000, 5));
  change.put_in_bag("bag", "stone", letters(40, 6));
  change.write("dropped", 0, letters(9000, 7));
}

void drop_some(ModelledTransaction& change) {
  change.drop("dropped");
  change.erase("list", 3, 2);
}

void change_some(ModelledTransaction& change) {
  change.write("blob", 100, letters(3000, 8));
  change.put("hash", "long", letters(300, 9));
  change.insert("list", 2, letters(60, 10));
  change.put_in_bag("bag", "stick", letters(10, 11));
}

/// What reading everything has come to.
struct Found {
  enum class Reading { right, refused, wrong } reading = Reading::refused;
  std::optional<CheckReport> report;  // nothing if it does not open

  bool is_noticed() const { return !report || !report->ok(); }
};

class DamageTest : public ::testing::Test {
 protected:
  using Bytes = std::vector<std::byte>;

  DamageTest() {
    options_.file_system = files_.get();
    options_.wal_segment_size = std::size_t{64} << 10;
    options_.cache_size = std::size_t{1} << 20;
  }

  /// A closed file with free pages.
  void make_clean() {
    Database database = Database::open(kPath, options_);
    commit(database, fill_each_kind);
    commit(database, drop_some);
    database.close();
    acceptable_ = {model_};
  }

  /// What a process leaves that dies after three commits behind a checkpoint. Nothing in the log
  /// says that the last one was durable; nor that the last two were, if both are damaged.
  void make_crashed(bool may_lose_two = false) {
    make_clean();
    Database database = Database::open(kPath, options_);
    commit(database, change_some);
    acceptable_ = {model_};
    commit(database, [](ModelledTransaction& change) { change.drop("hash"); });
    if (!may_lose_two) acceptable_.clear();
    acceptable_.push_back(model_);
    commit(database, [](ModelledTransaction& change) { change.write("blob", 0, letters(9, 12)); });
    acceptable_.push_back(model_);
    take_over(copy_of(*files_, kDirectory));
  }

  Found look(FileSystem& files, bool read_only = true) const {
    Options how = options_;
    how.file_system = &files;
    how.read_only = read_only;
    Found found;
    std::optional<Database> database;
    try {
      database.emplace(Database::open(kPath, how));
    } catch (const Error&) {
      return found;
    }
    try {
      const Model model = read_all(*database);
      const bool is_right =
          std::find(acceptable_.begin(), acceptable_.end(), model) != acceptable_.end();
      found.reading = is_right ? Found::Reading::right : Found::Reading::wrong;
    } catch (const Error&) {
    }
    found.report = database->check();
    return found;
  }

  /// Looks at the files as they are now.
  Found expect_right_or_refused(const std::string& damage) {
    const Found found = look(*files_);
    EXPECT_NE(found.reading, Found::Reading::wrong) << damage;
    if (found.reading == Found::Reading::refused) {
      EXPECT_TRUE(found.is_noticed()) << "check() finds nothing: " << damage;
    }
    if (++looks_ % kWriteOneIn == 0) {
      const auto copy = copy_of(*files_, kDirectory);
      EXPECT_EQ(look(*copy, false).reading, found.reading) << "opened for writing: " << damage;
    }
    return found;
  }

  /// Flips each byte of a file in turn, or one in `stride`. Returns those of which nobody has
  /// noticed anything.
  std::vector<std::uint64_t> flip_each(const std::string& path, std::size_t stride = kStride) {
    const auto file = files_->open(path, OpenMode::read_write);
    const Bytes whole = read(path);
    std::vector<std::uint64_t> unnoticed;
    for (std::uint64_t offset = 0; offset < whole.size(); offset += stride) {
      const auto bit = static_cast<std::byte>(1u << offset % 8);
      const std::byte flipped = whole[offset] ^ bit;
      file->write_at(offset, ByteView(&flipped, 1));
      const Found found = expect_right_or_refused("byte " + std::to_string(offset) + " of " + path);
      if (!found.is_noticed()) unnoticed.push_back(offset);
      file->write_at(offset, ByteView(&whole[offset], 1));
      if (HasFailure()) break;
    }
    tried("flipped bytes", looks_);
    return unnoticed;
  }

  Bytes read(const std::string& path) {
    const auto file = files_->open(path, OpenMode::read_only);
    Bytes bytes(file->status().size);
    file->read_at(0, bytes);
    return bytes;
  }
  void write(const std::string& path, const Bytes& bytes) {
    const auto file = files_->open(path, OpenMode::read_write);
    file->truncate(0);
    file->write_at(0, ByteView(bytes));
  }
  std::vector<std::string> paths() {
    std::vector<std::string> found;
    for (const std::string& name : files_->list(kDirectory))
      found.push_back(kDirectory + "/" + name);
    return found;
  }

  /// Cuts each file at each sector.
  void cut_everywhere() {
    for (const std::string& path : paths()) {
      const Bytes whole = read(path);
      for (std::size_t size = 0; size < whole.size(); size += kSectorBytes) {
        files_->open(path, OpenMode::read_write)->truncate(size);
        expect_right_or_refused(path + " cut to " + std::to_string(size) + " bytes");
        write(path, whole);
        if (HasFailure()) return;
      }
    }
    tried("files cut short", looks_);
  }

  /// Puts each block of a file in the place of each other one, and swaps them.
  void misplace_blocks() {
    for (const std::string& path : paths()) {
      const Bytes whole = read(path);
      const std::size_t count = whole.size() / kBlockBytes;
      for (std::size_t from = 0; from < count; ++from) {
        for (std::size_t to = 0; to < count; to += kStride) misplace(path, whole, from, to);
        if (HasFailure()) return;
      }
    }
    tried("blocks in the wrong place", looks_);
  }

  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();

 private:
  void commit(Database& database, const ModelledTransaction::Change& change) {
    Transaction transaction = database.begin();
    ModelledTransaction on_pages(transaction);
    change(on_pages);
    transaction.commit();
    ModelledTransaction on_model(model_);
    change(on_model);
  }

  void take_over(std::unique_ptr<os::MemoryFileSystem> files) {
    left_behind_ = std::exchange(files_, std::move(files));
    options_.file_system = files_.get();
  }

  void misplace(const std::string& path, const Bytes& whole, std::size_t from, std::size_t to) {
    const auto block = [&](std::size_t index) {
      return ByteView(whole.data() + index * kBlockBytes, kBlockBytes);
    };
    if (block(from) == block(to)) return;
    const auto file = files_->open(path, OpenMode::read_write);
    const std::string places = std::to_string(from) + " at " + std::to_string(to) + " of " + path;
    file->write_at(to * kBlockBytes, block(from));
    expect_right_or_refused("block " + places);
    file->write_at(from * kBlockBytes, block(to));
    expect_right_or_refused("swapped block " + places);
    file->write_at(0, ByteView(whole));
  }

  Options options_;
  Model model_;
  std::vector<Model> acceptable_;
  std::unique_ptr<os::MemoryFileSystem> left_behind_;
  std::uint64_t looks_ = 0;
};

TEST_F(DamageTest, EveryFlippedByteOfACleanFileIsNoticedUnlessItMeansNothing) {
  make_clean();
  const Found sound = look(*files_);
  ASSERT_TRUE(sound.report && sound.report->ok());
  std::map<std::uint64_t, std::size_t> unnoticed;  // by page
  for (const std::uint64_t offset : flip_each(kPath)) ++unnoticed[offset / kBlockBytes];
  unnoticed.erase(0);  // behind the slot, or in the one of two slots that is not needed
  unnoticed.erase(1);
  // A hash has buckets ahead that it has not split into.
  constexpr std::size_t kUnusedBuckets = 1;
  EXPECT_EQ(unnoticed.size(), sound.report->free_pages + kUnusedBuckets);
  for (const auto& [page, count] : unnoticed) {
    EXPECT_GE(count, kBlockBytes / kStride) << "a part of page " << page;
  }
}

TEST_F(DamageTest, FlippedBytesOfALiveLogLeaveWhatSomeCommitLeftOrAreRefused) {
  make_crashed();
  for (const std::string& path : paths()) {
    if (path != kPath) flip_each(path);
  }
}

TEST_F(DamageTest, FlippedBytesOfAFileBesideItsLiveLogAreRepairedOrRefused) {
  make_crashed();
  flip_each(kPath, 10 * kStride);
}

TEST_F(DamageTest, FilesCutShortAreReadRightOrRefused) {
  make_clean();
  cut_everywhere();
}

TEST_F(DamageTest, FilesCutShortBesideALiveLogAreReadRightOrRefused) {
  make_crashed();
  cut_everywhere();
}

TEST_F(DamageTest, MisplacedPagesAreNoticed) {
  make_clean();
  misplace_blocks();
}

TEST_F(DamageTest, MisplacedBlocksOfTheLogAreNoticed) {
  make_crashed(true);
  misplace_blocks();
}

}  // namespace
}  // namespace quire::testing
