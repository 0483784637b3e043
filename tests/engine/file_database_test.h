#pragma once

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/database_test.h"
#include "tests/support/temporary_directory.h"

namespace quire::testing {

/// A database on the real file system, in a directory of its own, with content that a test can ask
/// for again after it has done its worst.
class FileDatabaseTest : public ::testing::Test {
 protected:
  using Contents = std::map<std::string, std::string>;  // file name -> bytes

  FileDatabaseTest() {
    std::filesystem::create_directory(directory);
    options.wal_segment_size = std::size_t{64} << 10;  // so that a short log has several segments
  }

  /// A place beside the directory of the database.
  std::string elsewhere(std::string_view name) const { return temporary_ / name; }

  /// A closed database with the content of generation 1.
  void make_clean() {
    Database database = Database::open(path, options);
    store(database, 1);
    database.close();
  }

  /// What a process leaves that is killed after the content of generation 2: the file complete as
  /// of generation 1 and grown since, and a live log of at least three segments.
  void make_crashed() {
    make_clean();
    Database database = Database::open(path, options);
    for (const int generation : {3, 6, 2}) store(database, generation);
    const Contents left = contents_of(directory);
    database.close();
    replace_contents(directory, left);
  }

  /// Replaces the content by that of `generation`, in one transaction.
  static void store(Database& database, int generation) {
    database.transact([&](Transaction& transaction) {
      auto table = transaction.open<Hash>("table");
      for (const auto& [key, value] : table_of(generation)) table.put(key, value);
      auto bytes = transaction.open<Blob>("bytes");
      const std::string content = bytes_of(generation);
      bytes.resize(content.size());
      bytes.write(0, content);
    });
  }

  /// Fails the test unless the database is sound and its content that of `generation`.
  static void expect_content(const Database& database, int generation) {
    const Snapshot snapshot = database.snapshot();
    EXPECT_EQ(contents(snapshot.open<Hash>("table")), table_of(generation));
    EXPECT_EQ(contents(snapshot.open<Blob>("bytes")), bytes_of(generation));
    expect_sound(database);
  }
  /// The same for the file: it is opened, and closed again.
  void expect_content(int generation) const {
    Database database = Database::open(path, options);
    expect_content(database, generation);
    database.close();
  }

  /// Whether `call()` throws a quire::Error of this code whose message names the database file and
  /// holds each of `texts`.
  template <class Call>
  ::testing::AssertionResult fails(ErrorCode code, std::initializer_list<std::string_view> texts,
                                   Call&& call) const {
    try {
      call();
    } catch (const Error& error) {
      if (error.code() != code) {
        return ::testing::AssertionFailure()
               << "wrong error, " << to_string(error.code()) << ": " << error.what();
      }
      const std::string_view what = error.what();
      if (what.find(path) == what.npos) {
        return ::testing::AssertionFailure() << "the file is not named: " << what;
      }
      for (const std::string_view text : texts) {
        if (what.find(text) == what.npos) {
          return ::testing::AssertionFailure() << "no '" << text << "' in: " << what;
        }
      }
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "nothing was thrown";
  }
  /// The same for opening the database, as `changed` options say.
  ::testing::AssertionResult open_fails(ErrorCode code,
                                        std::initializer_list<std::string_view> texts,
                                        const Options& changed) const {
    return fails(code, texts, [&] { Database::open(path, changed); });
  }
  ::testing::AssertionResult open_fails(ErrorCode code,
                                        std::initializer_list<std::string_view> texts) const {
    return open_fails(code, texts, options);
  }

  Options read_only() const {
    Options changed = options;
    changed.read_only = true;
    return changed;
  }

  static std::string read_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  static void write_file(const std::string& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  /// Every file in a directory.
  static Contents contents_of(const std::string& where) {
    Contents found;
    for (const auto& entry : std::filesystem::directory_iterator(where)) {
      found.emplace(entry.path().filename().string(), read_file(entry.path().string()));
    }
    return found;
  }
  static void replace_contents(const std::string& where, const Contents& files) {
    std::filesystem::remove_all(where);
    std::filesystem::create_directory(where);
    for (const auto& [name, bytes] : files) write_file(where + "/" + name, bytes);
  }

  /// The path of a log segment.
  std::string segment(int number) const {
    const std::string digits = std::to_string(number);
    return path + "-wal." + std::string(6 - digits.size(), '0') + digits;
  }

 private:
  static std::map<std::string, std::string> table_of(int generation) {
    std::map<std::string, std::string> entries;
    for (int number = 0; number < 200; ++number) {
      entries["key " + std::to_string(number)] =
          "value " + std::to_string(number * 1000 + generation);
    }
    entries["long"] = std::string(10'000, static_cast<char>('a' + generation));
    return entries;
  }
  static std::string bytes_of(int generation) {
    return std::string(30'000u * static_cast<unsigned>(generation),
                       static_cast<char>('A' + generation));
  }

  const TemporaryDirectory temporary_;

 protected:
  const std::string directory = temporary_ / "db";
  const std::string path = directory + "/shop.quire";
  Options options;
};

}  // namespace quire::testing
