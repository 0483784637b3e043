#include "engine/catalog.h"

#include <gtest/gtest.h>
#include <quire/error.h>

namespace quire::engine {
namespace {

CatalogEntry sample() {
  CatalogEntry entry;
  entry.kind = CollectionKind::composite;
  entry.id = 9;
  entry.parent = 4;
  entry.created_seq = 77;
  entry.kind_name = "example.queue";
  entry.options = std::string("\x01\x00\x02", 3);
  entry.children = {{10, CollectionKind::hash, "index"}, {11, CollectionKind::blob, "data"}};
  return entry;
}

TEST(CatalogEntry, HasTheseBytes) {
  CatalogEntry entry;
  entry.kind = CollectionKind::blob;
  entry.root = 0x01020304;
  entry.id = 5;
  entry.created_seq = 6;
  const std::string expected(
      "\x01\x01\x00\x00\x04\x03\x02\x01\x05\x00\x00\x00\x00\x00\x00\x00"
      "\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
      32);
  EXPECT_EQ(encode(entry), expected);
}

TEST(CatalogEntry, RoundTrips) {
  const CatalogEntry entry = sample();
  const CatalogEntry again = decode_catalog_entry("q", encode(entry));
  EXPECT_EQ(encode(again), encode(entry));
  EXPECT_EQ(again.kind_name, "example.queue");
  ASSERT_EQ(again.children.size(), 2u);
  EXPECT_EQ(again.children[1].name, "data");
  EXPECT_EQ(again.options.size(), 3u);
}

TEST(CatalogEntry, IsRefusedWhenCutOrExtended) {
  const std::string bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode_catalog_entry("q", bytes.substr(0, size)), CorruptionError) << size;
  }
  EXPECT_THROW(decode_catalog_entry("q", bytes + "x"), CorruptionError);
}

TEST(CatalogEntry, NeverReadsBeyondItsBytesWhateverOneByteSays) {
  const std::string bytes = encode(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(value);
      try {
        // What still decodes holds exactly these bytes, but for the reserved ones.
        const std::string again = encode(decode_catalog_entry("q", damaged));
        EXPECT_EQ(again.size(), damaged.size());
      } catch (const CorruptionError& error) {
        EXPECT_NE(std::string(error.what()).find("'q'"), std::string::npos);
      }
    }
  }
}

TEST(CatalogEntry, IsRefusedWhenItSaysWhatNoWriterWrites) {
  const auto refused = [](const auto& change) {
    CatalogEntry entry = sample();
    change(entry);
    EXPECT_THROW(decode_catalog_entry("q", encode(entry)), CorruptionError);
  };
  refused([](CatalogEntry& entry) { entry.kind_name = std::string(64, 'k'); });
  refused([](CatalogEntry& entry) { entry.kind_name.clear(); });
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff")}) {
    refused([&](CatalogEntry& entry) { entry.kind_name = text; });
    refused([&](CatalogEntry& entry) { entry.children.front().name = text; });
  }
  refused([](CatalogEntry& entry) { entry.children.front().name.clear(); });
  refused([](CatalogEntry& entry) { entry.options = std::string(1025, 'o'); });
  for (const char* structure : {"blob", "list", "hash"}) {
    refused([&](CatalogEntry& entry) { entry.kind_name = structure; });
  }
  refused([](CatalogEntry& entry) { entry.root = 4; });
  refused([](CatalogEntry& entry) { entry.id = kEngineOwner; });
  refused([](CatalogEntry& entry) {  // a list with children
    entry.kind = CollectionKind::list;
    entry.kind_name.clear();
    entry.root = 4;
  });
}

TEST(CollectionName, IsOneTo255BytesOfUtf8WithoutZero) {
  EXPECT_NO_THROW(require_valid_name("a"));
  EXPECT_NO_THROW(require_valid_name(std::string(255, 'n')));
  for (const std::string& name :
       {std::string(), std::string(256, 'n'), std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_THROW(require_valid_name(name), InvalidArgument);
  }
}

}  // namespace
}  // namespace quire::engine
