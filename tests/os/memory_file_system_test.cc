#include "os/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/os/contract.h"

namespace quire::os {
namespace {

TEST(MemoryFileSystem, NeedsNoDirectoriesToBeMade) {
  MemoryFileSystem files;
  EXPECT_TRUE(files.list("/a/b").empty());
  files.sync_directory("/a/b");
  EXPECT_FALSE(files.status("/a/b"));
  files.open("/a/b/c", OpenMode::create);
  EXPECT_EQ(files.status("/a/b")->kind, FileKind::directory);
  EXPECT_EQ(files.status("/a")->kind, FileKind::directory);
  EXPECT_EQ(files.status("/")->kind, FileKind::directory);
  EXPECT_EQ(files.list("/"), std::vector<std::string>{"a"});
  files.remove("/a/b/c");
  EXPECT_FALSE(files.status("/a"));
}

TEST(MemoryFileSystem, ListsASubdirectoryOnce) {
  MemoryFileSystem files;
  for (const char* path : {"/d/x/1", "/d/x/2", "/d/x-y", "/d/x0", "/dd/z"}) {
    files.open(path, OpenMode::create);
  }
  auto names = files.list("/d");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"x", "x-y", "x0"}));
}

TEST(MemoryFileSystem, TakesRelativePathsFromTheRoot) {
  MemoryFileSystem files;
  files.open("shop.quire", OpenMode::create)->write_at(0, "x");
  EXPECT_EQ(files.canonical("shop.quire"), "/shop.quire");
  EXPECT_EQ(files.status("/./a/../shop.quire")->size, 1u);
  EXPECT_EQ(files.canonical("../../x"), "/x");
}

TEST(MemoryFileSystem, CountsSyncsOfAFileUnderAllItsNames) {
  MemoryFileSystem files;
  const auto file = files.open("/f", OpenMode::create);
  EXPECT_EQ(files.sync_count("/f"), 0u);
  file->sync_data();
  files.link_without_replace("/f", "/g");
  files.open("/g", OpenMode::read_write)->sync_all();
  EXPECT_EQ(files.sync_count("/f"), 2u);
  EXPECT_EQ(files.sync_count("/g"), 2u);
  EXPECT_EQ(files.sync_count("/none"), 0u);
}

TEST(MemoryFileSystem, CountsSyncsOfADirectory) {
  MemoryFileSystem files;
  files.sync_directory("/d");
  files.sync_directory("/d/");
  EXPECT_EQ(files.sync_count("/d"), 2u);
  EXPECT_EQ(files.sync_count("/"), 0u);
}

TEST(MemoryFileSystem, IsOutlivedByItsFiles) {
  auto files = std::make_unique<MemoryFileSystem>();
  const auto file = files->open("/f", OpenMode::create);
  files.reset();
  file->write_at(0, "still here");
  EXPECT_EQ(read_text(*file), "still here");
}

TEST(MemoryFileSystem, SharesNothingWithAnother) {
  MemoryFileSystem one;
  MemoryFileSystem other;
  const auto file = one.open("/f", OpenMode::create);
  EXPECT_FALSE(other.status("/f"));
  EXPECT_NE(file->status().identity, other.open("/f", OpenMode::create)->status().identity);
}

TEST(MemoryFileSystem, SaysThatThereIsNoRoomWhenMemoryIsShort) {
  MemoryFileSystem files;
  const auto file = files.open("/f", OpenMode::create);
  file->write_at(0, "keep");
  EXPECT_EQ(errno_of([&] { file->allocate(0, std::uint64_t{1} << 62); }), ENOSPC);
  EXPECT_EQ(errno_of([&] { file->truncate((std::uint64_t{1} << 63) - 1); }), ENOSPC);
  EXPECT_EQ(read_text(*file), "keep");
}

TEST(MemoryFileSystem, GivesEachOfSeveralThreadsItsOwnFile) {
  MemoryFileSystem files;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&files, thread] {
      for (int round = 0; round < 100; ++round) {
        const std::string name = "/t" + std::to_string(thread) + "-" + std::to_string(round);
        files.open(name, OpenMode::create)->write_at(0, name);
        files.rename(name, name + "-renamed");
        files.list("/");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto names = files.list("/");
  EXPECT_EQ(names.size(), 400u);
  for (const std::string& name : names) {
    EXPECT_EQ(read_text(*files.open(name, OpenMode::read_only)) + "-renamed", "/" + name);
  }
}

}  // namespace
}  // namespace quire::os
