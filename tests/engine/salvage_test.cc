// What a salvage brings back for each kind of loss. The result is always checked, deeply, and the
// damaged files compared with what they were: salvage_fixture.h does both.

#include <quire/salvage_report.h>

#include "tests/engine/salvage_fixture.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr std::size_t kEntries = 600;
constexpr std::size_t kItems = 900;

void fill_table(ModelledTransaction& change) {
  for (std::size_t i = 0; i < kEntries; ++i) {
    change.put("table", "key " + std::to_string(i), salvage_text(40 + i % 90, i));
  }
  change.put("table", "run", salvage_text(20'000, 7));
  change.put("table", "blob", salvage_text(80'000, 8));
}

void fill_list(ModelledTransaction& change) {
  for (std::size_t i = 0; i < kItems; ++i) change.push_back("list", salvage_text(30 + i % 50, i));
}

void fill_all(ModelledTransaction& change) {
  fill_table(change);
  fill_list(change);
  change.write("short", 0, salvage_text(1000, 1));
  change.write("blob", 0, salvage_text(50'000, 2));
  change.put_in_bag("bag", "stone", salvage_text(40, 3));
  change.put_in_bag("bag", "stick", salvage_text(50, 4));
}

void fill_large(ModelledTransaction& change) {
  change.write("large", 0, salvage_text(std::size_t{530} * kPageSize, 5));
}

SalvageOptions with_bags() {
  SalvageOptions options;
  options.checks.with<Bag>();
  return options;
}

class SalvageTest : public ::testing::Test {
 protected:
  void make(const std::vector<ModelledTransaction::Change>& changes = {fill_all}) {
    broken.commit(changes);
  }

  /// The id of a collection of the undamaged database, or of a child.
  CollectionId id_of(const std::string& name) {
    return SalvageFiles::account(broken.salvage(), name).id;
  }
  std::vector<Pid> pages_of(const std::string& name, PageType type) {
    return broken.pages(id_of(name), type);
  }

  SalvageReport salvage(SalvageOptions options = {}) {
    SalvageReport report = broken.salvage(std::move(options));
    result = broken.result();
    expect_committed(result, report, broken.history());
    return report;
  }

  /// The one collection that has lost something, which nothing else has.
  const SalvagedCollection& only_loss(const SalvageReport& report) {
    const SalvagedCollection* loss = nullptr;
    for (const SalvagedCollection& collection : report.collections) {
      if (collection.whole) continue;
      EXPECT_EQ(loss, nullptr) << loss->former_name << " and " << collection.former_name;
      loss = &collection;
    }
    EXPECT_NE(loss, nullptr);
    static const SalvagedCollection kNone;
    return loss ? *loss : kNone;
  }

  SalvageFiles broken;
  Model result;
};

// ---- nothing is lost

TEST_F(SalvageTest, BringsASoundDatabaseOverAsItIs) {
  make({fill_all, fill_large});
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(result, broken.newest());
  EXPECT_EQ(report.seq, 2u);
  EXPECT_EQ(report.unreadable_page_count, 0u);
  EXPECT_FALSE(report.header_lost);
  const SalvagedCollection& table = SalvageFiles::account(report, "table");
  EXPECT_EQ(table.found, kEntries + 2);
  EXPECT_EQ(table.lost, 0u);
  EXPECT_EQ(table.kind, "hash");
  EXPECT_EQ(SalvageFiles::account(report, "list").found, kItems);
  EXPECT_EQ(SalvageFiles::account(report, "blob").found, 50'000u);
  EXPECT_EQ(SalvageFiles::account(report, "bag").found, 2u);
  EXPECT_EQ(SalvageFiles::account(report, "bag/things").name, "bag/things");
  EXPECT_TRUE(SalvageFiles::account(report, "bag/things").child);
  EXPECT_FALSE(SalvageFiles::account(report, "bag").child);
}

TEST_F(SalvageTest, BringsAnEmptyDatabaseOver) {
  make({});
  EXPECT_TRUE(salvage().ok());
  EXPECT_EQ(result, Model{});
}

TEST_F(SalvageTest, TakesWhatTheLogHolds) {
  broken.commit({fill_all});
  broken.commit({fill_large, [](auto& change) { change.erase("list", 3, 100); },
                 [](auto& change) { change.drop("short"); }},
                SalvageFiles::End::crashed);
  EXPECT_TRUE(salvage().ok());
  EXPECT_EQ(result, broken.newest());
}

TEST_F(SalvageTest, KeepsHolesOfABlobHoles) {
  make({[](auto& change) { change.write("sparse", 40'000'000, "end"); }});
  EXPECT_TRUE(salvage().ok());
  EXPECT_EQ(result, broken.newest());
  EXPECT_LT(broken.files().status(kNewPath)->size, 1'000'000u);
}

// ---- headers

TEST_F(SalvageTest, DoesWithOneHeaderSlot) {
  for (const Pid slot : {0u, 1u}) {
    SalvageFiles files;
    files.commit({fill_all});
    files.zero(slot);
    const SalvageReport report = files.salvage();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(files.result(), files.newest());
  }
}

TEST_F(SalvageTest, VouchesForNothingWithoutAHeaderAndWithoutAnUuid) {
  make();
  broken.damage_headers();
  const SalvageReport report = salvage();
  EXPECT_FALSE(report.ok());
  EXPECT_TRUE(report.header_lost);
  EXPECT_FALSE(report.sums_compared);
  EXPECT_FALSE(report.is_certain);
  EXPECT_EQ(report.seq, std::nullopt);
  EXPECT_EQ(result.hashes.at("salvaged/unverified/table"), broken.newest().hashes.at("table"));
  EXPECT_EQ(result.lists.at("salvaged/unverified/list"), broken.newest().lists.at("list"));
  EXPECT_EQ(result.blobs.at("salvaged/unverified/blob"), broken.newest().blobs.at("blob"));
  EXPECT_EQ(result.bags.at("salvaged/unverified/bag"), broken.newest().bags.at("bag"));
  EXPECT_EQ(report.collections.size(), 7u);
}

TEST_F(SalvageTest, FindsTheUuidInWhatIsLeftOfAHeaderSlot) {
  make();
  broken.flip(0, 100);
  broken.zero(1);
  broken.zero(pages_of("blob", PageType::blob_root).front());
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.header_lost);
  EXPECT_TRUE(report.sums_compared);
  EXPECT_FALSE(report.is_certain) << "there may have been a log";
  EXPECT_FALSE(SalvageFiles::account(report, "blob").whole);
  EXPECT_EQ(result.hashes.at("salvaged/unverified/table"), broken.newest().hashes.at("table"));
}

TEST_F(SalvageTest, TakesTheUuidFromItsCaller) {
  make();
  const std::string uuid = broken.uuid();
  const Pid bucket = pages_of("table", PageType::hash_bucket).front();
  broken.damage_headers();
  broken.flip(bucket, 3000);
  SalvageOptions how;
  how.uuid = std::string(32, 'a');
  const SalvageReport wrong = broken.salvage(how);
  EXPECT_FALSE(wrong.sums_compared) << "no page agrees with it";
  EXPECT_TRUE(wrong.uuid_rejected);
  how.uuid = uuid;
  const SalvageReport report = salvage(how);
  EXPECT_FALSE(report.uuid_rejected);
  EXPECT_TRUE(report.sums_compared);
  EXPECT_FALSE(SalvageFiles::account(report, "table").whole);
  how.uuid = "not one";
  EXPECT_THROW(broken.salvage(how), InvalidArgument);
}

TEST_F(SalvageTest, IsCertainWithoutAHeaderIfTheLogIsWhole) {
  broken.commit({fill_all});
  broken.commit({[](auto& change) { change.erase("list", 3, 100); }}, SalvageFiles::End::crashed);
  broken.damage_headers();
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.header_lost);
  EXPECT_TRUE(report.is_certain);
  EXPECT_EQ(report.seq, 2u);
  EXPECT_EQ(result, broken.newest());
}

// ---- the catalog and the space map

TEST_F(SalvageTest, FindsNamesWithoutTheRootOfTheCatalog) {
  make();
  broken.zero(3);
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.catalog_lost);
  EXPECT_EQ(result, broken.newest());
}

TEST_F(SalvageTest, FindsCollectionsWithoutTheirNames) {
  make();
  make({[](auto& change) { change.drop("short"); }});  // its page keeps what it held
  const CollectionId table = id_of("table"), list = id_of("list"), blob = id_of("blob");
  for (const Pid bucket : broken.pages(kEngineOwner, PageType::hash_bucket)) broken.zero(bucket);
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.catalog_lost);
  const Model& was = broken.newest();
  const std::string found = "salvaged/found/" + std::to_string(table) + " hash";
  EXPECT_EQ(result.hashes.at(found), was.hashes.at("table"));
  EXPECT_EQ(result.lists.at("salvaged/found/" + std::to_string(list) + " list"),
            was.lists.at("list"));
  bool has_blob = false;
  for (const auto& [name, bytes] : result.blobs) {
    has_blob = has_blob || bytes == was.blobs.at("blob");
    EXPECT_NE(bytes, broken.history()[1].blobs.at("short")) << "it was dropped";
  }
  EXPECT_TRUE(has_blob);
  for (const SalvagedCollection& collection : report.collections) {
    if (collection.name == found) {
      EXPECT_TRUE(collection.whole);
      EXPECT_EQ(collection.former_name, "");
    }
    if (collection.id == list) {
      EXPECT_EQ(collection.found, kItems);
    }
  }
  EXPECT_NE(blob, 0u);
}

TEST_F(SalvageTest, NeedsNoSpaceMapAsLongAsAllElseIsThere) {
  make();
  make({[](auto& change) { change.drop("short"); }});
  broken.zero(2);
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(result, broken.newest());
}

// ---- hashes

TEST_F(SalvageTest, CountsTheEntriesOfALostBucket) {
  make();
  broken.zero(pages_of("table", PageType::hash_bucket)[2]);
  const SalvageReport report = salvage();
  const SalvagedCollection& loss = only_loss(report);
  EXPECT_EQ(loss.former_name, "table");
  EXPECT_EQ(loss.name, "salvaged/incomplete/table");
  EXPECT_GT(loss.lost, 0u);
  EXPECT_LT(loss.lost, kEntries / 4);
  EXPECT_EQ(loss.found + *loss.lost, kEntries + 2);
  EXPECT_EQ(result.hashes.at(loss.name).size(), loss.found);
  EXPECT_EQ(report.unreadable_page_count, 1u);
}

TEST_F(SalvageTest, FindsAllEntriesWithoutTheRoot) {
  make();
  broken.zero(pages_of("table", PageType::hash_root).front());
  const SalvageReport report = salvage();
  const SalvagedCollection& loss = only_loss(report);
  EXPECT_EQ(result.hashes.at("salvaged/incomplete/table"), broken.newest().hashes.at("table"));
  EXPECT_EQ(loss.lost, std::nullopt);
  EXPECT_EQ(loss.loose, kEntries + 2);
}

TEST_F(SalvageTest, FindsTheRestOfAChainThatHasLostItsBeginning) {
  // Four to a page, and three on the average: some page of two hundred overflows under any seed.
  make({[](auto& change) {
    for (std::size_t i = 0; i < kEntries; ++i) {
      change.put("table", "key " + std::to_string(i), salvage_text(900, i));
    }
  }});
  const std::vector<Pid> overflow = pages_of("table", PageType::hash_overflow);
  ASSERT_FALSE(overflow.empty());
  std::vector<Pid> buckets = pages_of("table", PageType::hash_bucket);
  for (const Pid bucket : buckets) broken.zero(bucket);
  const SalvageReport report = salvage();
  EXPECT_GT(only_loss(report).loose, 0u);
}

TEST_F(SalvageTest, LosesAnEntryWithAPageOfItsValue) {
  make();
  const Pid value = pages_of("table", PageType::value)[1];
  broken.flip(value, 2000);
  const SalvageReport report = salvage();
  EXPECT_EQ(only_loss(report).lost, 1u);
  Model::Entries expected = broken.newest().hashes.at("table");
  expected.erase("run");
  EXPECT_EQ(result.hashes.at("salvaged/incomplete/table"), expected);
}

TEST_F(SalvageTest, LeavesOutLongValuesWhoseRecordsAreLost) {
  make({fill_table});
  for (const PageType type : {PageType::hash_bucket, PageType::hash_overflow}) {
    for (const Pid page : pages_of("table", type)) broken.zero(page);
  }
  const SalvageReport report = salvage();
  EXPECT_EQ(only_loss(report).found, 0u);
  EXPECT_EQ(only_loss(report).lost, kEntries + 2);
  EXPECT_TRUE(result.blobs.empty());
}

TEST_F(SalvageTest, FindsTheBlobsOfLongValuesIfNothingTellsWhatTheyBelongTo) {
  make({fill_table});
  const CollectionId table = id_of("table");
  for (const PageType type :
       {PageType::hash_root, PageType::hash_bucket, PageType::hash_overflow}) {
    for (const CollectionId owner : {table, CollectionId{kEngineOwner}}) {
      for (const Pid page : broken.pages(owner, type)) broken.zero(page);
    }
  }
  EXPECT_FALSE(salvage().ok());
  ASSERT_EQ(result.blobs.size(), 1u);
  const auto& [name, bytes] = *result.blobs.begin();
  EXPECT_TRUE(name.starts_with("salvaged/found/" + std::to_string(table) + " blob")) << name;
  EXPECT_EQ(bytes, broken.newest().hashes.at("table").at("blob"));
}

// ---- lists

TEST_F(SalvageTest, NamesTheItemsOfALostLeaf) {
  make();
  const std::vector<Pid> nodes = pages_of("list", PageType::list_node);
  ASSERT_GT(nodes.size(), 5u);
  broken.zero(nodes[3]);
  const SalvageReport report = salvage();
  const SalvagedCollection& loss = only_loss(report);
  ASSERT_EQ(loss.lost_ranges.size(), 1u);
  const auto [begin, end] = loss.lost_ranges.front();
  EXPECT_EQ(loss.lost, end - begin);
  std::vector<std::string> expected = broken.newest().lists.at("list");
  expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(begin),
                 expected.begin() + static_cast<std::ptrdiff_t>(end));
  EXPECT_EQ(result.lists.at("salvaged/incomplete/list"), expected);
}

TEST_F(SalvageTest, FindsAllItemsWithoutTheRoot) {
  make();
  const Pid root = pages_of("list", PageType::list_node).front();
  broken.zero(root);
  const SalvageReport report = salvage();
  std::vector<std::string> items = result.lists.at("salvaged/incomplete/list");
  std::vector<std::string> expected = broken.newest().lists.at("list");
  EXPECT_EQ(only_loss(report).loose, expected.size());
  std::sort(items.begin(), items.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(items, expected);
}

// ---- blobs

TEST_F(SalvageTest, NamesTheBytesOfALostPageAndReadsThemAsZeros) {
  make({fill_all, fill_large});
  const std::string bytes = broken.newest().blobs.at("blob");
  const std::vector<std::byte> file = broken.read(kBrokenPath);
  const std::string part = bytes.substr(2 * kPageSize, kPageSize);
  const std::size_t at = ByteView(file).text().find(part);
  ASSERT_EQ(at % kPageSize, 0u);
  broken.flip(static_cast<Pid>(at / kPageSize), 17);
  const SalvageReport report = salvage();
  const SalvagedCollection& loss = only_loss(report);
  EXPECT_EQ(loss.former_name, "blob");
  ASSERT_EQ(loss.lost_ranges.size(), 1u);
  EXPECT_EQ(loss.lost_ranges.front().begin, 2 * kPageSize);
  EXPECT_EQ(loss.lost_ranges.front().end, 3 * kPageSize);
  EXPECT_EQ(loss.found, bytes.size() - kPageSize);
  std::string expected = bytes;
  std::fill_n(expected.begin() + 2 * kPageSize, kPageSize, '\0');
  EXPECT_EQ(result.blobs.at("salvaged/incomplete/blob"), expected);
}

TEST_F(SalvageTest, NamesTheBytesBelowALostTable) {
  make({fill_large});
  const std::vector<Pid> tables = pages_of("large", PageType::blob_table);
  ASSERT_EQ(tables.size(), 2u);
  broken.zero(tables.back());
  const SalvageReport report = salvage();
  const SalvagedCollection& loss = only_loss(report);
  ASSERT_EQ(loss.lost_ranges.size(), 1u);
  EXPECT_EQ(loss.lost_ranges.front().begin % (508 * kPageSize), 0u);
  EXPECT_EQ(*loss.lost + loss.found, std::size_t{530} * kPageSize);
}

TEST_F(SalvageTest, FindsStretchesOfABlobThatHasLostItsRoot) {
  make({fill_large});
  broken.zero(pages_of("large", PageType::blob_root).front());
  const SalvageReport report = salvage();
  EXPECT_EQ(SalvageFiles::account(report, "large").lost, std::nullopt);
  std::size_t found = 0;
  for (const auto& [name, bytes] : result.blobs) {
    if (name.starts_with("salvaged/found/")) found += bytes.size();
  }
  EXPECT_EQ(found, std::size_t{530} * kPageSize);
}

// ---- composites

TEST_F(SalvageTest, TakesACompositeApartThatHasLostSomethingAndFailsItsCheck) {
  make();
  broken.zero(pages_of("bag/order", PageType::list_node).front());
  const SalvageReport report = salvage(with_bags());
  EXPECT_TRUE(result.bags.empty());
  EXPECT_EQ(result.hashes.at("salvaged/incomplete/bag/things"),
            broken.newest().bags.at("bag").things);
  EXPECT_TRUE(SalvageFiles::account(report, "bag/things").whole);
  EXPECT_EQ(SalvageFiles::account(report, "bag").name, "");
  EXPECT_FALSE(SalvageFiles::account(report, "bag/order").whole);
}

TEST_F(SalvageTest, LeavesACompositeWhatItIsIfItPassesItsCheck) {
  make();
  broken.zero(pages_of("bag/order", PageType::list_node).front());
  SalvageOptions lenient;
  lenient.checks.kinds["test.bag"] = [](const ReadScope&, CheckSink&) {};
  salvage(lenient);
  EXPECT_EQ(result.bags.at("salvaged/incomplete/bag").things,
            broken.newest().bags.at("bag").things);
}

// ---- the log

TEST_F(SalvageTest, WithoutItsLogBringsWhatTheFileHolds) {
  broken.commit({fill_all});
  broken.commit({[](auto& change) { change.erase("list", 3, 100); },
                 [](auto& change) { change.put("table", "new", "entry"); }},
                SalvageFiles::End::crashed);
  for (const std::string& segment : broken.segments()) broken.files().remove(segment);
  const SalvageReport report = salvage();
  EXPECT_FALSE(report.ok());
  EXPECT_NE(report.log_damage.find("wal.000001"), std::string::npos);
  EXPECT_EQ(report.log_damage.find("salvage"), std::string::npos) << report.log_damage;
  EXPECT_EQ(report.seq, 1u);
  EXPECT_EQ(result, broken.history()[1]);
}

TEST_F(SalvageTest, TakesTheLogUpToItsDamage) {
  broken.commit({fill_all});
  std::vector<ModelledTransaction::Change> changes;
  for (std::size_t i = 0; i < 60; ++i) {
    changes.emplace_back([i](auto& change) { change.write("short", i, salvage_text(3000, i)); });
  }
  broken.commit(changes, SalvageFiles::End::crashed);
  ASSERT_GT(broken.segments().size(), 2u);
  std::vector<std::byte> bytes = broken.read(broken.segments()[1]);
  bytes[bytes.size() / 2] ^= std::byte{1};
  bytes[bytes.size() / 2 + 4096] ^= std::byte{1};
  broken.write(broken.segments()[1], bytes);
  const SalvageReport report = salvage();
  EXPECT_NE(report.log_damage, "");
  ASSERT_TRUE(report.seq.has_value());
  EXPECT_GT(*report.seq, 10u);
  EXPECT_LT(*report.seq, 60u);
  EXPECT_EQ(result, broken.history()[*report.seq]);
}

// ---- several losses

TEST_F(SalvageTest, BringsTheBeginningOfAFileThatWasCut) {
  make({fill_all, fill_large});
  const std::vector<std::byte> whole = broken.read(kBrokenPath);
  for (std::size_t pages = 8; pages < whole.size() / kPageSize; pages += 37) {
    auto cut = whole;
    cut.resize(pages * kPageSize + 100);
    broken.write(kBrokenPath, cut);
    const SalvageReport report = salvage();
    EXPECT_FALSE(report.ok());
    EXPECT_EQ(report.missing_pages, whole.size() / kPageSize - pages);
    const std::string length = "length of the file: expected " +
                               std::to_string(report.unreadable_pages.front().page + 1) +
                               " pages or more, found " + std::to_string(pages);
    EXPECT_TRUE(report.unreadable_pages.front().what.ends_with(length))
        << report.unreadable_pages.front().what;
  }
  tried("salvages of files cut short", whole.size() / kPageSize / 37);
}

TEST_F(SalvageTest, SaysThatNothingIsLeftWhenNothingIs) {
  make();
  for (Pid pid = 2; pid < broken.page_count(); ++pid) broken.zero(pid);
  const SalvageReport report = salvage();
  EXPECT_TRUE(report.catalog_lost);
  EXPECT_TRUE(report.collections.empty());
  broken.damage_headers();
  EXPECT_THROW(broken.salvage(), FormatError);
}

TEST_F(SalvageTest, LosesNoMoreThanWhatAPageHeld) {
  broken.commit({[](auto& change) {
                   for (std::size_t i = 0; i < 150; ++i) {
                     change.put("table", "key " + std::to_string(i), salvage_text(90, i));
                     change.push_back("list", salvage_text(60, i));
                   }
                   change.put("table", "run", salvage_text(9000, 7));
                   change.put("table", "blob", salvage_text(70'000, 8));
                   change.write("short", 0, salvage_text(1000, 1));
                   change.write("blob", 0, salvage_text(9'000, 2));
                   change.put_in_bag("bag", "stone", salvage_text(40, 3));
                 },
                 [](auto& change) { change.write("gone", 0, salvage_text(9000, 9)); },
                 [](auto& change) { change.drop("gone"); }});
  const SalvageReport sound = broken.salvage(with_bags());
  const std::vector<std::byte> whole = broken.read(kBrokenPath);
  for (Pid pid = 0; pid < broken.page_count(); ++pid) {
    SCOPED_TRACE("page " + std::to_string(pid));
    const StructurePageHeader header = broken.header(pid);
    const CollectionId owner = header.pid == pid ? header.owner.get() : 0;
    broken.zero(pid);
    const SalvageReport report = salvage(with_bags());
    std::size_t losses = 0;
    for (const SalvagedCollection& collection : sound.collections) {
      if (pid == 4) break;  // the catalog's only bucket: nothing has a name
      const SalvagedCollection& now = SalvageFiles::account(report, collection.former_name);
      losses += now.whole ? 0 : 1;
      if (owner != 0 && owner != collection.id) {
        EXPECT_TRUE(now.whole) << collection.former_name;
      }
    }
    EXPECT_LE(losses, 1u);
    broken.write(kBrokenPath, whole);
  }
  tried("salvages without one page", broken.page_count());
}

// ---- what is refused

TEST_F(SalvageTest, RefusesToOverwrite) {
  make();
  SalvageOptions options;
  options.file_system = &broken.files();
  broken.files().open(kNewPath, OpenMode::create);
  EXPECT_THROW(Database::salvage(kBrokenPath, kNewPath, options), InvalidArgument);
  EXPECT_THROW(Database::salvage(kBrokenPath, kBrokenPath, options), InvalidArgument);
  EXPECT_THROW(Database::salvage(kBrokenPath, "", options), InvalidArgument);
  EXPECT_EQ(broken.files().status(kNewPath)->size, 0u);
}

TEST_F(SalvageTest, RefusesADatabaseThatIsOpenOrMissingOrNone) {
  make();
  SalvageOptions options;
  options.file_system = &broken.files();
  {
    Options how;
    how.file_system = &broken.files();
    const Database open = Database::open(kBrokenPath, how);
    EXPECT_THROW(Database::salvage(kBrokenPath, kNewPath, options), LockedError);
  }
  EXPECT_THROW(Database::salvage("/dir/nothing", kNewPath, options), NotFound);
  broken.write(kBrokenPath, std::vector<std::byte>(50'000, std::byte{'x'}));
  EXPECT_THROW(Database::salvage(kBrokenPath, kNewPath, options), FormatError);
  EXPECT_FALSE(broken.files().status(kNewPath));
}

TEST_F(SalvageTest, LeavesNothingBehindIfItIsInterrupted) {
  make({fill_all, fill_large});
  SalvageOptions options;
  options.file_system = &broken.files();
  struct Interrupted {};
  std::uint64_t calls = 0;
  const auto interrupt = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    if (++calls == 2) throw Interrupted();
  };
  EXPECT_THROW(Database::salvage(kBrokenPath, kNewPath, options, interrupt), Interrupted);
  EXPECT_EQ(broken.files().list(kSalvageDirectory).size(), 1u);
}

TEST_F(SalvageTest, KeepsNamesThatLookLikeItsOwnApart) {
  make({[](auto& change) {
    change.write("salvaged/incomplete/blob", 0, salvage_text(900, 1));
    change.write("blob", 0, salvage_text(9000, 2));
  }});
  broken.zero(pages_of("blob", PageType::blob_root).front());
  salvage();
  EXPECT_EQ(result.blobs.at("salvaged/incomplete/blob"), salvage_text(900, 1));
  EXPECT_TRUE(result.blobs.contains("salvaged-2/incomplete/blob"));
}

}  // namespace
}  // namespace quire::testing
