#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "tests/os/contract.h"

// What include/quire/file_system.h promises of names and directories, for every file system.

namespace quire::os {
namespace {

class FileSystemContract : public ContractTest {
 protected:
  std::vector<std::string> names() {
    std::vector<std::string> names = files().list(directory());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string content(std::string_view name) {
    return read_text(*files().open(path(name), OpenMode::read_only));
  }
};
INSTANTIATE_TEST_SUITE_P(Os, FileSystemContract, ::testing::ValuesIn(kDiskMakers), disk_name);

using Names = std::vector<std::string>;

TEST_P(FileSystemContract, CreatesOnlyWhatIsNotThere) {
  create("f", "first");
  EXPECT_EQ(errno_of([&] { create("f"); }), EEXIST);
  EXPECT_EQ(content("f"), "first");
}

TEST_P(FileSystemContract, CreatesWithExactlyTheModeAskedFor) {
  for (const std::uint32_t mode : {0600u, 0644u, 0666u, 0777u, 0400u}) {
    const std::string name = "f" + std::to_string(mode);
    EXPECT_EQ(files().open(path(name), OpenMode::create, mode)->status().mode, mode);
  }
  EXPECT_EQ(create("default")->status().mode, 0600u);
}

TEST_P(FileSystemContract, AFileCreatedWithoutWritePermissionIsStillWritable) {
  const auto file = files().open(path("f"), OpenMode::create, 0400);
  file->write_at(0, "content");
  EXPECT_EQ(read_text(*file), "content");
}

TEST_P(FileSystemContract, RefusesToOpenWhatIsNotThere) {
  EXPECT_EQ(errno_of([&] { files().open(path("none"), OpenMode::read_only); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().open(path("none"), OpenMode::read_write); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().open("", OpenMode::read_only); }), ENOENT);
}

TEST_P(FileSystemContract, RefusesToOpenADirectory) {
  create("f");
  EXPECT_EQ(errno_of([&] { files().open(directory(), OpenMode::read_only); }), EISDIR);
  EXPECT_EQ(errno_of([&] { files().open(directory(), OpenMode::read_write); }), EISDIR);
  EXPECT_EQ(errno_of([&] { files().open(directory(), OpenMode::create); }), EEXIST);
}

TEST_P(FileSystemContract, RefusesAFileAsADirectory) {
  create("f");
  const std::string below = path("f") + "/g";
  EXPECT_EQ(errno_of([&] { files().open(below, OpenMode::create); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().open(below, OpenMode::read_only); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().open_unnamed(path("f")); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().list(path("f")); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().sync_directory(path("f")); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().remove(below); }), ENOTDIR);
  EXPECT_EQ(errno_of([&] { files().rename(path("f"), below); }), ENOTDIR);
}

TEST_P(FileSystemContract, TellsTheStatusOfANameOrThatThereIsNone) {
  create("f", "12345");
  EXPECT_EQ(files().status(path("f"))->size, 5u);
  EXPECT_EQ(files().status(directory())->kind, FileKind::directory);
  EXPECT_FALSE(files().status(path("none")));
  EXPECT_FALSE(files().status(path("none/deeper")));
  EXPECT_FALSE(files().status(path("f") + "/below"));
}

TEST_P(FileSystemContract, AnUnnamedFileHasNoName) {
  const auto file = files().open_unnamed(directory());
  file->write_at(0, "spilled");
  EXPECT_EQ(read_text(*file), "spilled");
  EXPECT_EQ(file->status().kind, FileKind::regular);
  EXPECT_EQ(file->status().mode, 0600u);
  EXPECT_EQ(names(), Names());
  EXPECT_NE(file->status().identity, files().open_unnamed(directory())->status().identity);
}

TEST_P(FileSystemContract, RenameReplacesAndLeavesNoOldName) {
  create("from", "new");
  const auto old = create("to", "old");
  files().rename(path("from"), path("to"));
  EXPECT_EQ(names(), Names{"to"});
  EXPECT_EQ(content("to"), "new");
  EXPECT_EQ(read_text(*old), "old") << "who has it open keeps the replaced file";
}

TEST_P(FileSystemContract, RenameOntoAnotherNameOfTheSameFileKeepsBoth) {
  create("f", "x");
  files().link_without_replace(path("f"), path("g"));
  files().rename(path("f"), path("g"));
  files().rename(path("f"), path("f"));
  EXPECT_EQ(names(), (Names{"f", "g"}));
}

TEST_P(FileSystemContract, RenameRefusesWhatIsNotThereOrADirectory) {
  create("f");
  EXPECT_EQ(errno_of([&] { files().rename(path("none"), path("g")); }), ENOENT);
  EXPECT_THROW(files().rename(path("f"), directory()), IoError);
  EXPECT_EQ(names(), Names{"f"});
}

TEST_P(FileSystemContract, LinkGivesASecondNameToTheSameFile) {
  const auto file = create("f", "x");
  files().link_without_replace(path("f"), path("g"));
  EXPECT_EQ(files().status(path("f"))->identity, files().status(path("g"))->identity);
  files().open(path("g"), OpenMode::read_write)->write_at(0, "y");
  EXPECT_EQ(read_text(*file), "y");
  files().remove(path("f"));
  EXPECT_EQ(content("g"), "y");
}

TEST_P(FileSystemContract, LinkLeavesATakenNameUntouched) {
  create("f", "new");
  create("g", "old");
  EXPECT_EQ(errno_of([&] { files().link_without_replace(path("f"), path("g")); }), EEXIST);
  EXPECT_EQ(errno_of([&] { files().link_without_replace(path("f"), path("f")); }), EEXIST);
  EXPECT_EQ(errno_of([&] { files().link_without_replace(path("f"), directory()); }), EEXIST);
  EXPECT_EQ(errno_of([&] { files().link_without_replace(path("none"), path("h")); }), ENOENT);
  EXPECT_EQ(content("g"), "old");
  EXPECT_EQ(names(), (Names{"f", "g"}));
}

TEST_P(FileSystemContract, RemovesANameAndNotTheOpenFile) {
  const auto file = create("f", "x");
  files().remove(path("f"));
  EXPECT_FALSE(files().status(path("f")));
  EXPECT_EQ(read_text(*file), "x");
  const auto again = create("f", "y");
  EXPECT_NE(again->status().identity, file->status().identity);
}

TEST_P(FileSystemContract, RefusesToRemoveWhatIsNotThereOrADirectory) {
  create("f");
  EXPECT_EQ(errno_of([&] { files().remove(path("none")); }), ENOENT);
  EXPECT_EQ(errno_of([&] { files().remove(directory()); }), EISDIR);
  EXPECT_EQ(names(), Names{"f"});
}

TEST_P(FileSystemContract, ListsTheNamesInADirectory) {
  EXPECT_EQ(names(), Names());
  create("b");
  create("a");
  create(".hidden");
  EXPECT_EQ(names(), (Names{".hidden", "a", "b"}));
}

TEST_P(FileSystemContract, SyncsADirectory) {
  create("f");
  files().sync_directory(directory());
  EXPECT_EQ(names(), Names{"f"});
}

TEST_P(FileSystemContract, CanonicalPathsHaveNoDetours) {
  create("f");
  const std::string expected = path("f");
  EXPECT_EQ(files().canonical(expected), expected);
  EXPECT_EQ(files().canonical(directory() + "//.//f"), expected);
  EXPECT_EQ(
      files().canonical(directory() + "/../" + directory().substr(directory().rfind('/')) + "/f"),
      expected);
  EXPECT_EQ(files().canonical(path("none")), path("none")) << "the last component may be missing";
  EXPECT_EQ(files().canonical("/"), "/");
  EXPECT_EQ(files().canonical("/none-of-this-name"), "/none-of-this-name");
  EXPECT_EQ(errno_of([&] { files().canonical(""); }), ENOENT);
}

TEST_P(FileSystemContract, FilesMayOutliveNamesAndSurviveManyOpens) {
  create("f", "x");
  std::vector<std::unique_ptr<File>> opens;
  for (int i = 0; i < 100; ++i) opens.push_back(files().open(path("f"), OpenMode::read_write));
  opens.front()->write_at(0, "y");
  EXPECT_EQ(read_text(*opens.back()), "y");
}

}  // namespace
}  // namespace quire::os
