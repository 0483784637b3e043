// Catalogs that no writer makes, behind valid checksums: composites that are their own children, lie
// too deep, or say something else than their children do. Nothing may crash, hang or take more
// memory than the catalog has.

#include <functional>

#include "engine/recovery.h"
#include "engine/session.h"
#include "tests/support/bag.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using engine::Catalog;
using engine::CatalogEntry;
using engine::child_key;

class CompositeHostileTest : public DatabaseTest {
 protected:
  CompositeHostileTest() {
    checks_at_end = false;
    open().transact([](Transaction& txn) {
      txn.create<Bag>("b").put("hat", "black");
      txn.create<Shelf>("s").bag(1).put("a", "b");
    });
    EXPECT_TRUE(database->check().ok());
  }

  /// Commits a change of the catalog with valid checksums.
  void damage(const std::function<void(Catalog&)>& change) {
    database.reset();
    auto core = engine::Core::start(engine::open_file(kPath, options), options);
    auto session = engine::TransactionSession::start(core, nullptr);
    engine::TransactionPages pages(session->pages(), kEngineOwner);
    Catalog catalog(pages);
    change(catalog);
    session->commit(Durability::immediate);
    session.reset();
    core->close();
    open();
  }
  /// Changes the entry with this key.
  void damage_entry(const std::string& key, const std::function<void(CatalogEntry&)>& change) {
    damage([&](Catalog& catalog) {
      CatalogEntry entry = engine::decode_catalog_entry("entry", *catalog.table().get(key));
      change(entry);
      catalog.put(key, entry);
    });
  }

  static CatalogEntry box(CollectionId id, CollectionId parent) {
    CatalogEntry entry;
    entry.kind = CollectionKind::composite;
    entry.kind_name = "test.box";
    entry.id = id;
    entry.parent = parent;
    return entry;
  }
  static void add_child(CatalogEntry& parent, CollectionId id, const std::string& name) {
    parent.children.push_back({id, CollectionKind::composite, name});
  }

  bool has_problem(const std::string& collection, const std::string& what) {
    for (const CheckProblem& problem : database->check(CheckOptions().with<Bag>()).problems) {
      if (problem.collection == collection && problem.what.find(what) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  /// Whether every call that follows the children of `name` refuses them.
  void expect_refused(const std::string& name) {
    EXPECT_FALSE(database->check().ok());
    EXPECT_THROW(database->snapshot().collections(), CorruptionError);
    Transaction txn = database->begin();
    EXPECT_THROW(txn.drop(name), CorruptionError);
  }
};

TEST_F(CompositeHostileTest, ANameThatNobodyCouldOpenIsDamage) {
  damage([](Catalog& catalog) { catalog.put("b\xff", box(77, 0)); });
  EXPECT_THROW(database->snapshot().collections(), CorruptionError);
  EXPECT_FALSE(database->check().ok());
}

TEST_F(CompositeHostileTest, ACompositeThatIsItsOwnChildIsRefused) {
  damage([](Catalog& catalog) {
    CatalogEntry entry = box(100, 0);
    add_child(entry, 100, "self");
    catalog.put("loop", entry);
    entry.parent = 100;
    catalog.put(child_key(100, "self"), entry);
  });
  EXPECT_TRUE(has_problem("loop", "'loop/self': id: expected its own"));
  expect_refused("loop");
}

TEST_F(CompositeHostileTest, ChildrenThatShareAnIdAreRefused) {
  damage([](Catalog& catalog) {
    CatalogEntry entry = box(100, 0);
    for (int i = 0; i < 1000; ++i) add_child(entry, 101, "same");
    catalog.put("many", entry);
    catalog.put(child_key(100, "same"), box(101, 100));
  });
  EXPECT_TRUE(has_problem("many", "'many/same': id: expected its own"));
  expect_refused("many");
}

TEST_F(CompositeHostileTest, CompositesThatLieTooDeepAreRefused) {
  damage([](Catalog& catalog) {
    for (CollectionId id = 100; id < 200; ++id) {
      CatalogEntry entry = box(id, id == 100 ? 0 : id - 1);
      add_child(entry, id + 1, "in");
      catalog.put(id == 100 ? "deep" : child_key(id - 1, "in"), entry);
    }
    catalog.put(child_key(199, "in"), box(200, 199));
  });
  EXPECT_TRUE(has_problem("deep", "depth: expected at most 8"));
  expect_refused("deep");
}

TEST_F(CompositeHostileTest, AChildWithoutAnEntryOfItsOwnIsRefused) {
  damage([](Catalog& catalog) { catalog.erase(child_key(catalog.find("b")->id, "things")); });
  EXPECT_TRUE(has_problem("b", "'b/things': child: expected an entry of its own, found none"));
  EXPECT_THROW(database->snapshot().open<Bag>("b"), CorruptionError);
  expect_refused("b");
}

TEST_F(CompositeHostileTest, AChildThatSaysSomethingElseThanItsParentIsRefused) {
  const auto refused = [&](const char* field, const std::function<void(CatalogEntry&)>& change) {
    CollectionId bag = 0;
    damage([&](Catalog& catalog) { bag = catalog.find("b")->id; });
    const std::string key = child_key(bag, "things");
    std::string before;
    damage([&](Catalog& catalog) { before = catalog.table().get(key)->str(); });
    damage_entry(key, change);
    EXPECT_TRUE(has_problem("b", std::string("'b/things': ") + field)) << field;
    EXPECT_THROW(database->snapshot().open<Bag>("b"), CorruptionError);
    expect_refused("b");
    damage_entry(key, [&](CatalogEntry& entry) {
      entry = engine::decode_catalog_entry("entry", ByteView(before));
    });
    EXPECT_TRUE(database->check().ok());
  };
  refused("id", [](CatalogEntry& entry) { entry.id = 77; });
  refused("kind", [](CatalogEntry& entry) { entry.kind = CollectionKind::list; });
  refused("parent", [](CatalogEntry& entry) { entry.parent = 77; });
}

TEST_F(CompositeHostileTest, AChildThatNoParentListsIsReportedButItsPagesAreCounted) {
  damage_entry("b", [](CatalogEntry& entry) { entry.children.pop_back(); });
  const CheckReport report = database->check();
  EXPECT_EQ(report.problem_count, 1u) << "no leaked pages besides";
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_NE(report.problems[0].what.find("no sound collection has it"), std::string::npos);
  EXPECT_EQ(report.unaccounted_pages, 0u);
  EXPECT_THROW(database->snapshot().open<Bag>("b"), NotFound);
}

TEST_F(CompositeHostileTest, ACollectionWithANameAndAParentIsRefused) {
  damage_entry("b", [](CatalogEntry& entry) { entry.parent = 5; });
  EXPECT_TRUE(has_problem("b", "'b': parent: expected 0"));
  expect_refused("b");
}

TEST_F(CompositeHostileTest, ACompositeCalledHashIsNotTakenForOne) {
  damage([](Catalog& catalog) {
    CatalogEntry entry = box(100, 0);
    entry.kind_name = "hash";
    catalog.put("h", entry);
  });
  EXPECT_THROW(database->snapshot().open<Hash>("h"), CorruptionError);
  EXPECT_FALSE(database->check().ok());
}

TEST_F(CompositeHostileTest, AStructureWithChildrenIsRefused) {
  damage([](Catalog& catalog) {
    CatalogEntry entry = *catalog.find("b");
    entry.kind = CollectionKind::blob;
    entry.kind_name.clear();
    entry.root = 4;
    catalog.put("x", entry);
  });
  EXPECT_THROW(database->snapshot().open<Blob>("x"), CorruptionError);
}

TEST_F(CompositeHostileTest, ATransactionCannotUseUnderOneNameWhatItHasDroppedUnderAnother) {
  database->transact([](Transaction& txn) { txn.create<Hash>("one").put("k", "v"); });
  damage([](Catalog& catalog) { catalog.put("other", *catalog.find("one")); });
  EXPECT_FALSE(database->check().ok());
  {
    Transaction txn = database->begin();
    txn.drop("one");
    EXPECT_THROW(txn.open<Hash>("other").put("k", "w"), CorruptionError);
    EXPECT_THROW(txn.commit(), InvalidArgument) << "it was stopped half-way";
  }
  database->transact([](Transaction& txn) { txn.open<Hash>("other").put("k", "w"); });
  EXPECT_EQ(database->snapshot().open<Hash>("one").get("k")->text(), "w");
}

TEST_F(CompositeHostileTest, NoMoreChildrenAreMadeThanAnEntryCanCount) {
  damage([](Catalog& catalog) {
    CatalogEntry entry = box(100, 0);
    entry.kind_name = Shelf::kKind;
    entry.children.assign(kMaxChildren, {101, CollectionKind::hash, "x"});
    catalog.put("full", entry);
  });
  Transaction txn = database->begin();
  auto shelf = txn.open<Shelf>("full");
  EXPECT_THROW(shelf.bag(1), InvalidArgument);
}

TEST_F(CompositeHostileTest, OptionsThatTheTypeCannotReadAreAProblemOfItsCheck) {
  damage_entry("b", [](CatalogEntry& entry) { entry.children.clear(); });
  EXPECT_TRUE(has_problem("b", "it has no child 'things'"));
}

}  // namespace
}  // namespace quire::testing
