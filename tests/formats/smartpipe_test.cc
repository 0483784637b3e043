#include "formats/smartpipe.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <quire/error.h>

#include "tests/support/temporary_directory.h"

namespace quire::formats {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;
struct Block {
  std::string key;
  Records records;
  bool is_orphaned = false;

  friend bool operator==(const Block&, const Block&) = default;
};

std::string bytes_of(std::initializer_list<int> numbers) {
  std::string bytes;
  for (const int number : numbers) bytes += static_cast<char>(number);
  return bytes;
}

std::string little_endian(std::uint64_t number, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> 8 * i);
  return bytes;
}
std::string counted(const std::string& part) { return little_endian(part.size(), 4) + part; }
std::string record(const std::string& key, const std::string& value) {
  return counted(key) + counted(value);
}
std::string entry(const std::string& key, std::uint64_t offset, std::uint64_t raw_offset) {
  return counted(key) + little_endian(offset, 8) + little_endian(raw_offset, 8);
}

std::string zipped(const std::string& raw) {
  std::string packed(compressBound(raw.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(raw.data()), raw.size());
  packed.resize(size);
  return packed;
}

class SmartPipeTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  std::string get(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::vector<Block> all_of(SmartPipeReader& reader) {
    std::vector<Block> blocks;
    while (const auto block = reader.next_block()) {
      blocks.push_back({block->key, {}, block->is_orphaned});
      while (const auto found = reader.next_record()) {
        blocks.back().records.emplace_back(found->key.str(), found->value.str());
      }
    }
    return blocks;
  }
  std::vector<Block> read(const std::string& name = "p") const {
    SmartPipeReader reader(path(name));
    return all_of(reader);
  }
  void write(const std::vector<Block>& blocks, bool is_compressed) const {
    std::ofstream data(path(is_compressed ? "p.datz" : "p.dat"), std::ios::binary);
    std::ofstream index(path("p.idx"), std::ios::binary);
    SmartPipeWriter writer(data, index, is_compressed);
    for (const Block& block : blocks) {
      writer.begin_block(block.key);
      for (const auto& [key, value] : block.records) writer.append(key, value);
    }
    writer.finish();
  }
  /// Reading the files fails, and names `text`.
  void expect_damage(const std::string& text) const {
    try {
      read();
      ADD_FAILURE() << "was read; expected: " << text;
    } catch (const CorruptionError& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos)
          << error.what() << "\nexpected: " << text;
    }
  }

 private:
  testing::TemporaryDirectory directory_;
};

const std::vector<Block> kBlocks{{"one", {{"a", "1"}, {"", ""}, {"a", std::string(200'000, 'x')}}},
                                 {"", {{std::string(70'000, 'k'), "\xff"}}},
                                 {"three", {{"z", "26"}}}};

TEST_F(SmartPipeTest, WritesTheBytesOfTheOriginal) {
  const std::string zero = bytes_of({0});
  const std::string one = bytes_of({1});
  write({{zero, {{zero + ":v1", "test"}, {zero + ":v2", "t2"}}}, {one, {{one + ":v3", "t3"}}}},
        false);
  EXPECT_EQ(get("p.dat").size(), 44u);
  EXPECT_EQ(get("p.dat").substr(0, 16),
            bytes_of({4, 0, 0, 0, 0, 0x3a, 0x76, 0x31, 4, 0, 0, 0}) + "test");
  EXPECT_EQ(get("p.idx"), entry(zero, 0, 0) + entry(one, 30, 30));
  write({{"1", {{"k1", "v1"}}}}, true);
  EXPECT_EQ(get("p.datz"), bytes_of({0x78, 0x9c, 0x63, 0x62, 0x60, 0x60, 0xc8, 0x36, 0x64, 0x02,
                                     0x92, 0x65, 0x86, 0x00, 0x05, 0xfc, 0x01, 0x48}));
  EXPECT_EQ(get("p.idx"), entry("1", 0, 0));
}

TEST_F(SmartPipeTest, ReadsWhatItHasWritten) {
  write(kBlocks, false);
  EXPECT_TRUE(read() == kBlocks);
  EXPECT_TRUE(read("p.dat") == kBlocks);
  std::remove(path("p.dat").c_str());
  write(kBlocks, true);
  EXPECT_TRUE(read() == kBlocks);
  EXPECT_TRUE(read("p.datz") == kBlocks);
  EXPECT_TRUE(read("p.idx") == kBlocks);
}

TEST_F(SmartPipeTest, NoBlocksAreTwoEmptyFiles) {
  write({}, false);
  EXPECT_EQ(get("p.dat") + get("p.idx"), "");
  EXPECT_TRUE(read().empty());
}

TEST_F(SmartPipeTest, RawIsPreferredAndEitherMayBeNamed) {
  write({{"compressed", {{"k", "v"}}}}, true);
  put("p.idx", entry("key", 0, 0));
  put("p.dat", record("raw", ""));
  EXPECT_EQ(read()[0].records[0].first, "raw");
  EXPECT_EQ(read("p.datz")[0].records[0].first, "k");
}

TEST_F(SmartPipeTest, MissingFileIsNamed) {
  EXPECT_THROW(read(), NotFound);
  put("p.dat", "");
  EXPECT_THROW(read(), NotFound) << "no index";
  put("q.idx", "");
  EXPECT_THROW(read("q"), NotFound) << "no data";
  EXPECT_THROW(read("q.datz"), NotFound);
}

TEST_F(SmartPipeTest, EmptyBlocksAreReadRawAndCompressed) {
  const std::vector<Block> blocks{{"a", {}}, {"b", {{"k", "v"}}}, {"c", {}}, {"d", {}}};
  write(blocks, false);
  EXPECT_EQ(read(), blocks);
  std::remove(path("p.dat").c_str());
  const std::string packed = zipped(record("k", "v"));
  put("p.datz", packed);
  put("p.idx", entry("a", 0, 0) + entry("b", 0, 0) + entry("c", packed.size(), 10) +
                   entry("d", packed.size(), 10));
  EXPECT_EQ(read(), blocks);
}

TEST_F(SmartPipeTest, EmptyBlockIsNotWrittenCompressed) {
  EXPECT_THROW(write({{"a", {}}, {"b", {{"k", "v"}}}}, true), InvalidArgument);
  EXPECT_THROW(write({{"b", {{"k", "v"}}}, {"a", {}}}, true), InvalidArgument);
}

TEST_F(SmartPipeTest, RecordsBeforeTheFirstBlockAreOrphaned) {
  const std::string orphan = record("lost", "and found");
  put("p.dat", orphan + record("k", "v"));
  put("p.idx", entry("b", orphan.size(), orphan.size()));
  const std::vector<Block> both{{"", {{"lost", "and found"}}, true}, {"b", {{"k", "v"}}}};
  EXPECT_EQ(read(), both);
  put("p.idx", "");
  EXPECT_EQ(read().at(0).records.size(), 2u);
  std::remove(path("p.dat").c_str());
  put("p.datz", zipped(orphan) + zipped(record("k", "v")));
  put("p.idx", entry("b", zipped(orphan).size(), orphan.size()));
  EXPECT_EQ(read(), both);
}

TEST_F(SmartPipeTest, DuplicateKeysAreGivenAsTheyAre) {
  const std::vector<Block> blocks{{"a", {{"k", "1"}}}, {"a", {{"k", "2"}}}};
  write(blocks, false);
  EXPECT_EQ(read(), blocks);
}

TEST_F(SmartPipeTest, UpToThreeBytesBehindTheIndexAreCountedAndFourAreAnError) {
  write(kBlocks, false);
  const std::string index = get("p.idx");
  for (const std::size_t extra : {0, 1, 2, 3}) {
    put("p.idx", index + std::string(extra, '\1'));
    SmartPipeReader reader(path("p"));
    EXPECT_TRUE(all_of(reader) == kBlocks);
    EXPECT_EQ(reader.torn_index_bytes(), extra);
  }
  put("p.idx", index + std::string(4, '\0'));
  expect_damage("p.idx' at byte " + std::to_string(index.size()) + ": entry: expected 20 bytes");
}

TEST_F(SmartPipeTest, OffsetsThatFallOrLeadOutsideAreNamed) {
  put("p.dat", record("k", "v") + record("l", "w"));
  put("p.idx", entry("a", 0, 0) + entry("b", 21, 21));
  expect_damage("p.idx' at byte 21: offset: expected 0 to 20");
  put("p.idx", entry("a", 0, 0) + entry("b", UINT64_MAX, UINT64_MAX));
  expect_damage("p.idx' at byte 21: offset");
  put("p.idx", entry("a", 0, 0) + entry("b", 10, 10) + entry("c", 9, 9));
  expect_damage("p.idx' at byte 42: offset: expected 10 to 20");
  put("p.idx", entry("a", 0, 0) + entry("b", 10, 11));
  expect_damage("p.idx' at byte 21: raw offset: expected the offset, 10, found 11");
}

TEST_F(SmartPipeTest, RawOffsetsMustBeWhatTheBlocksUnpackTo) {
  const std::string first = zipped(record("k", "v"));
  put("p.datz", first + zipped(record("l", "w")));
  const auto with = [&](std::uint64_t raw) {
    put("p.idx", entry("a", 0, 0) + entry("b", first.size(), raw));
  };
  with(11);
  expect_damage("p.datz' at byte 0: raw offsets of the index at raw byte 10 of the block");
  with(9);
  expect_damage("p.datz' at byte 0: raw offsets of the index");
  put("p.idx", entry("a", 0, 5) + entry("b", first.size(), 4));
  expect_damage("p.idx' at byte 21: raw offset: expected at least 5");
}

TEST_F(SmartPipeTest, RecordThatLeavesItsBlockIsNamed) {
  put("p.dat", record("k", "v") + record("l", "w"));
  put("p.idx", entry("a", 0, 0) + entry("b", 11, 11));
  expect_damage("p.dat' at byte 10: record: expected 4 bytes, found 1 up to the end of the block");
  put("p.dat", little_endian(UINT32_MAX, 4) + record("l", "w"));
  put("p.idx", entry("a", 0, 0));
  expect_damage("p.dat' at byte 0: record: expected at most 1073741824 bytes");
  put("p.dat", record("k", "v") + counted("") + little_endian(UINT32_MAX, 4));
  expect_damage("p.dat' at byte 10: record: expected at most 1073741824 bytes");
}

TEST_F(SmartPipeTest, CompressedBlockThatIsNoSingleStreamIsNamed) {
  const std::string packed = zipped(record("k", "v"));
  put("p.idx", entry("a", 0, 0));
  put("p.datz", packed + "x");
  expect_damage("p.datz' at byte 0: block: expected one zlib stream, found more bytes behind it");
  put("p.datz", packed.substr(0, packed.size() - 1));
  expect_damage("expected a whole zlib stream, found one that is cut short");
  put("p.datz", "not of zlib");
  expect_damage("expected a zlib stream, found other bytes");
}

TEST_F(SmartPipeTest, BombIsReadAsItComesAndRefusedWhereItIsTooLong) {
  const std::string bomb = zipped(little_endian(0, 4) + little_endian(UINT32_MAX, 4) +
                                  std::string(std::size_t{64} << 20, '\0'));
  put("p.idx", entry("a", 0, 0));
  put("p.datz", bomb);
  expect_damage("record at raw byte 0 of the block: expected at most 1073741824 bytes");
  put("p.datz",
      zipped(little_endian(UINT32_MAX - 15, 4) + std::string(std::size_t{64} << 20, '\0')));
  expect_damage("record at raw byte 0 of the block: expected at most 1073741824 bytes");
  put("p.datz", zipped(little_endian(0, 4) + little_endian(1 << 30 >> 1, 4) + "short"));
  expect_damage("record at raw byte 0 of the block: expected 536870920 bytes, found 13");
}

// ---- bytes that may be anything

TEST_F(SmartPipeTest, CutAnywhereTheyAreReadOrRefused) {
  for (const bool is_compressed : {false, true}) {
    const std::vector<Block> blocks{{"a", {{"k", "v"}, {"l", "w"}}}, {"bc", {{"m", "x"}}}};
    const std::string data_name = is_compressed ? "p.datz" : "p.dat";
    write(blocks, is_compressed);
    const std::string data = get(data_name);
    const std::string index = get("p.idx");
    int refused = 0;
    const auto attempt = [&] {
      try {
        EXPECT_NE(read(), blocks);
      } catch (const CorruptionError& error) {
        EXPECT_NE(std::string(error.what()).find("' at byte "), std::string::npos) << error.what();
        ++refused;
      }
    };
    for (std::size_t size = 0; size < data.size(); ++size) {
      put(data_name, data.substr(0, size));
      attempt();
    }
    EXPECT_GT(refused, 20);
    put(data_name, data);
    for (std::size_t size = 0; size < index.size(); ++size) {
      put("p.idx", index.substr(0, size));
      attempt();
    }
    EXPECT_GT(refused, 50);
    std::remove(path(data_name).c_str());
  }
}

TEST_F(SmartPipeTest, RandomBytesAreReadOrRefused) {
  std::mt19937_64 random(1);
  for (const bool is_compressed : {false, true}) {
    const std::vector<Block> blocks{{"a", {{"k", "v"}, {"l", "w"}}}, {"bc", {{"m", "x"}}}};
    const std::string data_name = is_compressed ? "p.datz" : "p.dat";
    write(blocks, is_compressed);
    const std::string data = get(data_name);
    const std::string index = get("p.idx");
    int refused = 0;
    for (int round = 0; round < 1000; ++round) {
      const auto changed = [&](std::string bytes) {
        for (std::uint64_t i = random() % 3; i > 0; --i) {
          bytes[random() % bytes.size()] = static_cast<char>(random() % 2 ? random() : 255);
        }
        return bytes;
      };
      put(data_name, changed(data));
      put("p.idx", changed(index));
      try {
        read();
      } catch (const CorruptionError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 300);
    std::remove(path(data_name).c_str());
  }
}

// ---- another program

std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string lines_of(const std::vector<Block>& blocks) {
  std::string lines;
  for (const Block& block : blocks) {
    lines += "block " + hex(block.key) + "\n";
    for (const auto& [key, value] : block.records) lines += hex(key) + " " + hex(value) + "\n";
  }
  return lines;
}

TEST_F(SmartPipeTest, ReaderThatSharesNoCodeReadsWhatIsWritten) {
  for (const bool is_compressed : {true, false}) {
    write(kBlocks, is_compressed);
    const std::string command = QUIRE_SMARTPIPE_READER " read " + path("p") + " > " + path("out");
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_TRUE(get("out") == lines_of(kBlocks)) << is_compressed;
  }
}

TEST_F(SmartPipeTest, ReadsWhatAWriterThatSharesNoCodeHasWritten) {
  put("in", lines_of(kBlocks));
  for (const std::string ending : {".datz", ".dat"}) {
    const std::string command =
        QUIRE_SMARTPIPE_READER " write " + path("p") + " " + ending + " < " + path("in");
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_TRUE(read("p" + ending) == kBlocks) << ending;
  }
}

}  // namespace
}  // namespace quire::formats
