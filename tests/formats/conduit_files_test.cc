#include "formats/conduit_files.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace quire::formats {
namespace {

class ConduitFilesTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::remove(path(name));  // ext4 writes a file at once that replaces what it had
    std::ofstream(path(name), std::ios::binary) << content;
  }
  std::string path(const std::string& name) const { return directory_ / name; }
  const std::string& directory() const { return directory_.path(); }
  static ConduitFile open(const std::string& path,
                          ConduitFile::Frames frames = ConduitFile::Frames::by_table) {
    return ConduitFile(path, frames, [] {});
  }
  static std::string read(ConduitFile& file, std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '\0');
    file.read(offset, std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }
  /// The whole list.
  std::vector<ConduitLocation> list(const std::string& content) const {
    write("list", content);
    ConduitLocationList locations(path("list"));
    std::vector<ConduitLocation> all;
    while (const auto location = locations.next()) all.push_back(*location);
    return all;
  }
  void expect_refused(const std::string& content, const std::string& text) const {
    try {
      list(content);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const CorruptionError& error) {
      EXPECT_NE(std::string(error.what()).find("'" + path("list") + "' line " + text),
                std::string::npos)
          << error.what();
    }
  }

 private:
  testing::TemporaryDirectory directory_;
};

// ---- names

TEST_F(ConduitFilesTest, NamesAreEightDigitsAndOneOfTwoSuffixes) {
  EXPECT_EQ(ConduitName::parse("data_00000012.dat"), (ConduitName{12, false}));
  EXPECT_EQ(ConduitName::parse("data_99999999.dat.zst"), (ConduitName{99'999'999, true}));
  for (const char* other :
       {"", "data_", "data_0000001.dat", "data_000000012.dat", "data_00000012", "data_00000012.txt",
        "data_-0000001.dat", "data_0000001x.dat", "Data_00000012.dat", "data_00000012.dat.zst2"}) {
    EXPECT_EQ(ConduitName::parse(other), std::nullopt) << other;
  }
  EXPECT_EQ((ConduitName{12, false}).text(), "data_00000012.dat");
  EXPECT_EQ((ConduitName{0, true}).text(), "data_00000000.dat.zst");
}

// ---- directories

TEST_F(ConduitFilesTest, FilesComeByNumberWhateverIsMissing) {
  for (const char* name : {"data_00000010.dat", "data_00000002.dat", "data_00000003.dat.zst"}) {
    write(name, "");
  }
  const ConduitDirectory found(directory());
  ASSERT_EQ(found.files().size(), 3u);
  EXPECT_EQ(found.files()[0].number, 2u);
  EXPECT_EQ(found.files()[2].number, 10u);
  EXPECT_EQ(found.path_of(found.files()[1]), path("data_00000003.dat.zst"));
  EXPECT_TRUE(found.others().empty());
  found.require_one_kind();
}

TEST_F(ConduitFilesTest, StrayFilesAreNamedAndNeverTakenForDataAsConduitTakesThem) {
  for (const char* name : {"notes.txt", "data_1.dat", "data_00000000.dat", "db.lock", "a.tmp"}) {
    write(name, "");
  }
  const ConduitDirectory found(directory());
  EXPECT_EQ(found.files().size(), 1u);
  const std::string reason = "no data file by its name";
  EXPECT_EQ(found.others(), (std::vector<ConduitDirectory::Other>{
                                {"a.tmp", reason}, {"data_1.dat", reason}, {"notes.txt", reason}}));
}

TEST_F(ConduitFilesTest, LinksAndDirectoriesAreNoDataFilesWhateverTheirNames) {
  write("data_00000000.dat", "mine");
  std::filesystem::create_symlink("/etc/passwd", path("data_00000001.dat"));
  std::filesystem::create_directory(path("data_00000002.dat"));
  const ConduitDirectory found(directory());
  EXPECT_EQ(found.files(), std::vector<ConduitName>{ConduitName{}});
  EXPECT_EQ(found.others(),
            (std::vector<ConduitDirectory::Other>{{"data_00000001.dat", "a symbolic link"},
                                                  {"data_00000002.dat", "no regular file"}}));
}

TEST_F(ConduitFilesTest, APlainAndACompressedFileOfOneNumberAreRefusedByName) {
  write("data_00000000.dat", "");
  write("data_00000000.dat.zst", "");
  const ConduitDirectory found(directory());
  try {
    found.require_one_kind();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what())
                  .find(directory() + "' has data_00000000.dat and data_00000000.dat.zst"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(ConduitFilesTest, ADirectoryThatIsMissingOrAFileIsNamed) {
  EXPECT_THROW(ConduitDirectory{path("none")}, NotFound);
  write("file", "");
  EXPECT_THROW(ConduitDirectory{path("file")}, IoError);
}

// ---- files

TEST_F(ConduitFilesTest, APlainFileIsReadAsItIs) {
  write("data_00000000.dat", "0123456789");
  ConduitFile file = open(path("data_00000000.dat"));
  EXPECT_EQ(file.size(), 10u);
  EXPECT_EQ(read(file, 3, 4), "3456");
  EXPECT_THROW(read(file, 8, 3), CorruptionError);
}

TEST_F(ConduitFilesTest, TheFirstFileMayHaveNoBytesAtAll) {
  for (const char* name : {"data_00000000.dat", "data_00000000.dat.zst"}) {
    write(name, "");
    EXPECT_EQ(open(path(name)).size(), 0u);
  }
}

TEST_F(ConduitFilesTest, ACompressedFileIsReadByItsTableOrScanned) {
  const std::string raw(1000, 'x');
  std::string frame(ZSTD_compressBound(raw.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), raw.data(), raw.size(), 3));
  write("data_00000001.dat.zst", frame + frame.substr(0, 5));
  EXPECT_THROW(open(path("data_00000001.dat.zst")), CorruptionError);
  ConduitFile scanned = open(path("data_00000001.dat.zst"), ConduitFile::Frames::by_scanning);
  EXPECT_EQ(read(scanned, 0, scanned.size()), raw);
  EXPECT_EQ(scanned.left_over().bytes, 5u);
  EXPECT_EQ(scanned.path(), path("data_00000001.dat.zst"));
  std::ostringstream table;
  SeekableZstdWriter writer(table);
  writer.add_frame(frame, raw.size());
  writer.finish();
  write("data_00000001.dat.zst", table.str());
  ConduitFile file = open(path("data_00000001.dat.zst"));
  EXPECT_EQ(read(file, 998, 2), "xx");
  EXPECT_EQ(file.left_over().bytes, 0u);
}

// ---- lists of locations

TEST_F(ConduitFilesTest, AListIsAnObjectALine) {
  const auto all = list(
      "{\"file\": \"data_00000001.dat\", \"start\": 5, \"end\": 9}\n\n"
      "{\"end\":7,\"start\":7,\"file\":\"/old/place/data_00000002.dat.zst\",\"more\":true}\r\n"
      "\r\n{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":18446744073709551615}");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].file, (ConduitName{1, false}));
  EXPECT_EQ(all[0].start, 5u);
  EXPECT_EQ(all[0].end, 9u);
  EXPECT_EQ(all[1].file, (ConduitName{2, true}));
  EXPECT_EQ(all[2].end, UINT64_MAX);
  EXPECT_TRUE(list("").empty());
  EXPECT_TRUE(list("\n\n").empty());
}

TEST_F(ConduitFilesTest, LinesThatAreNoLocationAreRefusedByNumber) {
  const std::string good = "{\"file\":\"data_00000001.dat\",\"start\":5,\"end\":9}\n";
  expect_refused(good + "nonsense\n", "2: line: expected a JSON object, found none");
  expect_refused("[]\n", "1: line: expected a JSON object, found none");
  expect_refused(good + "\n{\"file\":\"data_00000001.dat\",\"start\":5}",
                 "3: end: expected a number, found nothing of that name");
  expect_refused("{\"file\":\"data_00000001.dat\",\"start\":-5,\"end\":9}", "1: start");
  expect_refused("{\"file\":\"data_00000001.dat\",\"start\":\"5\",\"end\":9}", "1: start");
  expect_refused("{\"file\":\"data_00000001.dat\",\"start\":5.5,\"end\":9}", "1: start");
  expect_refused("{\"file\":\"data_00000001.dat\",\"start\":5,\"end\":4}",
                 "1: end: expected at least 5, found 4");
  expect_refused("{\"start\":5,\"end\":9}", "1: file: expected a string");
  expect_refused("{\"file\":7,\"start\":5,\"end\":9}", "1: file: expected a string");
  expect_refused("{\"file\":\"../../etc/passwd\",\"start\":5,\"end\":9}",
                 "1: file: expected data_NNNNNNNN.dat");
  expect_refused(good + std::string(1 << 20, ' '), "2: length: expected less than 64 KiB");
}

TEST_F(ConduitFilesTest, AListSaysHowMuchOfItWasRead) {
  const std::string line = "{\"file\":\"data_00000001.dat\",\"start\":5,\"end\":9}\n";
  write("list", line + line);
  ConduitLocationList locations(path("list"));
  EXPECT_EQ(locations.bytes(), 2 * line.size());
  locations.next();
  EXPECT_EQ(locations.bytes_read(), line.size());
  EXPECT_EQ(ConduitLocationList("/dev/null").bytes(), std::nullopt);
}

TEST_F(ConduitFilesTest, AListCutAnywhereIsReadAsFarAsItGoesOrRefused) {
  const std::string text =
      "{\"file\":\"data_00000001.dat\",\"start\":5,\"end\":9}\n"
      "{\"file\":\"data_00000002.dat\",\"start\":7,\"end\":9}\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    try {
      EXPECT_LE(list(text.substr(0, size)).size(), 2u);
    } catch (const CorruptionError&) {
    }
  }
}

TEST_F(ConduitFilesTest, AListThatIsMissingIsNamed) {
  EXPECT_THROW(ConduitLocationList{path("none")}, NotFound);
}

}  // namespace
}  // namespace quire::formats
