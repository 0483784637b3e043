#include "formats/partd_files.h"

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <filesystem>
#include <fstream>

#include "tests/support/fails.h"
#include "tests/support/temporary_directory.h"

namespace quire::formats {
namespace {

using testing::fails;

class PartdFilesTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path(); }
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << content;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> all;
    for (const PartdFile& file : find_partd_files(path())) all.push_back(file.key);
    return all;
  }
  void import(const std::vector<PartdFile>& files, const PartdOptions& options = {}) {
    database_.transact([&](Transaction& txn) {
      auto partd = txn.create<Partd>("p", options);
      import_partd_files(path(), files, partd, [&](std::uint64_t bytes) { imported_ += bytes; });
    });
  }
  std::string imported(const std::string& key) {
    return database_.snapshot().open<Partd>("p").get(key).str();
  }

  Database database_ = Database::create_in_memory();
  std::uint64_t imported_ = 0;

 private:
  testing::TemporaryDirectory directory_;
};

// ---- import

TEST_F(PartdFilesTest, KeysArePathsAndTheLockIsNone) {
  write(".lock", "");
  write("x", "1");
  write("a/b", "22");
  write("a/.lock", "is a key");
  write("Foo bar(1)", "");
  EXPECT_EQ(keys(), (std::vector<std::string>{"Foo bar(1)", "a/.lock", "a/b", "x"}));
  EXPECT_EQ(find_partd_files(path()).at(2).size, 2u);
  import(find_partd_files(path()));
  const PartdView partd = database_.snapshot().open<Partd>("p");
  EXPECT_EQ(partd.size(), 4u);
  EXPECT_EQ(imported("a/b"), "22");
  EXPECT_EQ(imported("a/.lock"), "is a key");
  EXPECT_TRUE(partd.contains("Foo bar(1)")) << "an empty file is an empty value";
  EXPECT_EQ(imported_, 11u);
}

TEST_F(PartdFilesTest, LongFilesComeInPieces) {
  std::string content;
  for (int i = 0; content.size() < (std::size_t{5} << 19); ++i) content += std::to_string(i);
  write("x", content);
  import(find_partd_files(path()), {.codec = Codec::lz4, .buffer_size = 0});
  EXPECT_EQ(imported("x"), content);
}

TEST_F(PartdFilesTest, WhatPartdDoesNotMakeIsRefusedByName) {
  write("x", "1");
  std::filesystem::create_symlink("/etc/passwd", path("link"));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {path("link"), "remove it"},
                    [&] { find_partd_files(path()); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, {path("none")}, [&] { find_partd_files(path("none")); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {path("x"), "is not a directory"},
                    [&] { find_partd_files(path("x")); }));
}

TEST_F(PartdFilesTest, AFileThatGoesAwayMeanwhileFailsTheImportAsAWhole) {
  write("a", "1");
  write("b", "2");
  const std::vector<PartdFile> files = find_partd_files(path());
  std::filesystem::remove(path("b"));
  EXPECT_TRUE(fails(ErrorCode::not_found, {path("b")}, [&] { import(files); }));
  EXPECT_FALSE(database_.snapshot().find<Partd>("p"));
}

TEST_F(PartdFilesTest, AFileThatBecomesShorterMeanwhileIsNamedWithTheOffset) {
  write("b", std::string(3 << 20, 'x'));
  const std::vector<PartdFile> files = find_partd_files(path());
  const auto cut = [&](std::uint64_t) { std::filesystem::resize_file(path("b"), 1 << 20); };
  EXPECT_TRUE(fails(ErrorCode::corruption, {path("b"), "at byte 1048576"}, [&] {
    database_.transact([&](Transaction& txn) {
      auto partd = txn.create<Partd>("p");
      import_partd_files(path(), files, partd, cut);
    });
  }));
  EXPECT_FALSE(database_.snapshot().find<Partd>("p"));
}

// ---- arrays of NumPy

TEST_F(PartdFilesTest, NumpyArraysBecomeElements) {
  write("x", std::string(16, '\0'));
  write("x.dtype", "<f8");
  write("a/b", std::string(8, '\0'));
  write("a/b.dtype", "<f8");
  std::vector<PartdFile> files = find_partd_files(path());
  const PartdElement element = take_numpy_element(path(), files);
  EXPECT_EQ(element, (PartdElement{"f8", 8}));
  ASSERT_EQ(files.size(), 2u);
  import(files, {.element = element});
  EXPECT_EQ(database_.snapshot().open<TypedPartd<double>>("p").get("x"),
            (std::vector<double>{0, 0}));
}

TEST_F(PartdFilesTest, NumpyDirectoriesThatAreNotOneArrayTypeAreRefused) {
  const auto refused = [&](std::string_view why) {
    return fails(ErrorCode::invalid_argument, {path(), why, "plain bytes"}, [&] {
      std::vector<PartdFile> files = find_partd_files(path());
      take_numpy_element(path(), files);
    });
  };
  EXPECT_TRUE(refused("no arrays"));
  write("x", "12345678");
  EXPECT_TRUE(refused("there is no 'x.dtype'"));
  for (const std::string& dtype : {std::string(">f8"), std::string("|O"), std::string("<U3"),
                                   std::string(), std::string(1000, '<')}) {
    write("x.dtype", dtype);
    EXPECT_TRUE(refused("'x.dtype' names no little-endian number")) << dtype;
  }
  write("x.dtype", "<i4");
  write("y", "12345678");
  write("y.dtype", "<f8");
  EXPECT_TRUE(refused("'y.dtype' says f8, others i4"));
}

TEST_F(PartdFilesTest, AnArrayOfHalfAnElementIsRefusedByKey) {
  write("x", "1234567");
  write("x.dtype", "<f4");
  std::vector<PartdFile> files = find_partd_files(path());
  const PartdElement element = take_numpy_element(path(), files);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"key 'x'", "7 bytes"},
                    [&] { import(files, {.element = element}); }));
}

TEST_F(PartdFilesTest, DtypesAreThoseOfNumpy) {
  EXPECT_EQ(numpy_dtype({"f8", 8}), "<f8");
  EXPECT_EQ(numpy_dtype({"u1", 1}), "|u1");
  EXPECT_EQ(numpy_dtype({"b1", 1}), "|b1");
  EXPECT_EQ(numpy_dtype({"f8", 4}), std::nullopt);
  EXPECT_EQ(numpy_dtype({"trade.1", 16}), std::nullopt);
  EXPECT_EQ(numpy_dtype({}), std::nullopt);
}

// ---- export

TEST_F(PartdFilesTest, KeysThatPartdWouldLookForElsewhereAreRefused) {
  for (const char* good : {"x", "a/b", "A-Z_0.9 (x)", "a/.lock", "...", ".x", "..x"}) {
    EXPECT_EQ(reason_against_partd_key(good), "") << good;
  }
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "empty"},
      {"/x", "absolute"},
      {"../x", "'..'"},
      {"a/../b", "'..'"},
      {"a/.", "'.'"},
      {"a//b", "name in it is empty"},
      {"a/", "name in it is empty"},
      {".lock", "locks"},
      {".lock/x", "locks"},
      {"Foo!bar?", "drops its character '!'"},
      {"\xc3\xa4", "drops"},
      {std::string("a\0b", 3), "drops"}};
  for (const auto& [key, reason] : bad) {
    EXPECT_NE(reason_against_partd_key(key).find(reason), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace quire::formats
