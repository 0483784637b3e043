#include "formats/zstd_seekable.h"

#include <gtest/gtest.h>
#include <xxhash.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace quire::formats {
namespace {

std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string frame_of(const std::string& raw, bool checked = true) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checked ? 1 : 0);
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), raw.data(), raw.size()));
  ZSTD_freeCCtx(context);
  return packed;
}

std::string u32(std::uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

/// A file as another program would write it, any part of which may be made to lie.
struct Seekable {
  std::string frames;
  std::string entries;
  std::uint32_t count = 0;
  char descriptor = 0;

  Seekable& add(const std::string& raw, bool with_checksum = false) {
    const std::string frame = frame_of(raw, !with_checksum);
    frames += frame;
    entries += u32(frame.size()) + u32(raw.size());
    if (with_checksum) entries += u32(XXH64(raw.data(), raw.size(), 0));
    if (with_checksum) descriptor = '\x80';
    ++count;
    return *this;
  }
  std::string text() const {
    return frames + u32(0x184D2A5E) + u32(entries.size() + 9) + entries + u32(count) + descriptor +
           u32(0x8F92EAB1);
  }
};

class SeekableZstdTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_ / "data.zst"; }
  ForeignFile write(const std::string& content) const {
    std::filesystem::remove(path());  // ext4 writes a file at once that replaces what it had
    std::ofstream(path(), std::ios::binary) << content;
    return ForeignFile(path());
  }
  SeekableZstdFile file_of(const std::string& content) const {
    return SeekableZstdFile(write(content));
  }
  static std::string read(SeekableZstdFile& file, std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '\0');
    file.read(offset, std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }
  /// The file is refused, at the latest when all of it is read, with a message that names it and has
  /// `text` in it.
  void expect_refused(const std::string& content, const std::string& text) {
    try {
      SeekableZstdFile file = file_of(content);
      read(file, 0, file.size());
      ADD_FAILURE() << "nothing was thrown for " << text;
    } catch (const CorruptionError& error) {
      EXPECT_NE(std::string(error.what()).find("'" + path() + "' at byte "), std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  }

 private:
  testing::TemporaryDirectory directory_;
};

TEST_F(SeekableZstdTest, ReadsAnywhereInAnyOrder) {
  const std::string raw = noise(300'000) + std::string(300'000, 'x') + noise(7, 2);
  SeekableZstdFile file =
      file_of(Seekable().add(raw.substr(0, 250'000)).add("").add(raw.substr(250'000)).text());
  EXPECT_EQ(file.size(), raw.size());
  EXPECT_EQ(file.frame_count(), 3u);
  EXPECT_EQ(read(file, 0, raw.size()), raw);
  for (const std::size_t at : {600'000, 0, 249'999, 250'000, 10, 400'000, 400'005, 599'999}) {
    EXPECT_EQ(read(file, at, 7), raw.substr(at, 7)) << at;
  }
  EXPECT_EQ(read(file, raw.size(), 0), "");
}

TEST_F(SeekableZstdTest, ChecksumsOfTheTableAreVerified) {
  const std::string raw = noise(1000);
  Seekable made = Seekable().add(raw, true).add("more", true);
  SeekableZstdFile file = file_of(made.text());
  EXPECT_EQ(read(file, 0, 1004), raw + "more");
  made.entries[8] = static_cast<char>(made.entries[8] ^ 1);
  expect_refused(made.text(), "checksum of the frame: expected");
}

TEST_F(SeekableZstdTest, AnEmptyFileHasNoBytesOrATableOf17) {
  EXPECT_EQ(Seekable().text().size(), 17u);
  for (const std::string& empty : {std::string(), Seekable().text()}) {
    SeekableZstdFile file = file_of(empty);
    EXPECT_EQ(file.size(), 0u);
    EXPECT_EQ(file.frame_count(), 0u);
    EXPECT_EQ(read(file, 0, 0), "");
    EXPECT_THROW(read(file, 0, 1), CorruptionError);
  }
}

TEST_F(SeekableZstdTest, BitsOfTheDescriptorThatMeanNothingAreIgnoredAndReservedOnesRefused) {
  Seekable made = Seekable().add("value");
  made.descriptor = 3;
  SeekableZstdFile file = file_of(made.text());
  EXPECT_EQ(read(file, 0, 5), "value");
  for (const char bit : {4, 8, 16, 32, 64}) {
    made.descriptor = bit;
    expect_refused(made.text(), "descriptor: expected 0 in bits 2 to 6");
  }
}

TEST_F(SeekableZstdTest, AFileThatWasNotClosedIsRefusedAndCanBeScanned) {
  const std::string raw = noise(200'000);
  const std::string frames = frame_of(raw) + frame_of("second");
  expect_refused(frames, "--scan-frames reads it all the same");
  int steps = 0;
  SeekableZstdFile file = SeekableZstdFile::by_scanning(write(frames), [&] { ++steps; });
  EXPECT_EQ(file.frame_count(), 2u);
  EXPECT_EQ(file.left_over().bytes, 0u);
  EXPECT_EQ(read(file, 0, 200'006), raw + "second");
  EXPECT_GE(steps, 3);
}

TEST_F(SeekableZstdTest, AScanEndsBeforeAFrameThatIsNotComplete) {
  const std::string whole = frame_of("first");
  const std::string half = frame_of(noise(1000));
  for (std::size_t size = 1; size < half.size(); ++size) {
    SeekableZstdFile file =
        SeekableZstdFile::by_scanning(write(whole + half.substr(0, size)), [] {});
    EXPECT_EQ(file.size(), 5u);
    EXPECT_EQ(file.left_over().bytes, size);
    EXPECT_FALSE(file.left_over().is_zeros);
  }
}

TEST_F(SeekableZstdTest, AScanPassesOverZerosUpToTheEnd) {
  const std::string frame = frame_of("first");
  for (const std::size_t zeros : {1, 3, 4, 5, 300'000}) {
    SeekableZstdFile file =
        SeekableZstdFile::by_scanning(write(frame + std::string(zeros, '\0')), [] {});
    EXPECT_EQ(read(file, 0, file.size()), "first");
    EXPECT_EQ(file.left_over().bytes, zeros);
    EXPECT_TRUE(file.left_over().is_zeros);
  }
}

TEST_F(SeekableZstdTest, AScanRefusesOtherBytesBehindAFrameAndSaysWhereToCut) {
  const std::string frame = frame_of("first");
  const std::string place = std::to_string(frame.size());
  const std::string zeros(200'000, '\0');
  for (const std::string& tail : {std::string("junk"), zeros + "x", "x" + zeros, zeros + frame}) {
    try {
      SeekableZstdFile::by_scanning(write(frame + tail), [] {});
      ADD_FAILURE() << "nothing was thrown";
    } catch (const CorruptionError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("at byte " + place + ": zstd frame"), std::string::npos) << text;
      EXPECT_NE(text.find("`truncate -s " + place + "`"), std::string::npos) << text;
    }
  }
}

TEST_F(SeekableZstdTest, AScanTakesTheFramesBehindATableToo) {
  const std::string first = Seekable().add("first").text();
  SeekableZstdFile file = SeekableZstdFile::by_scanning(write(first + frame_of("second")), [] {});
  EXPECT_EQ(read(file, 0, file.size()), "firstsecond");
}

TEST_F(SeekableZstdTest, AScanDoesNotBelieveTheTable) {
  Seekable made = Seekable().add("first").add("second");
  made.entries = u32(1) + u32(1);
  SeekableZstdFile file = SeekableZstdFile::by_scanning(write(made.text()), [] {});
  EXPECT_EQ(read(file, 0, 11), "firstsecond");
  EXPECT_EQ(file.left_over().bytes, 0u);
}

TEST_F(SeekableZstdTest, AScanRefusesOtherBytesAndCanBeStopped) {
  EXPECT_THROW(SeekableZstdFile::by_scanning(write("this is no zstd frame"), [] {}),
               CorruptionError);
  EXPECT_THROW(SeekableZstdFile::by_scanning(write(frame_of("value")),
                                             [] { throw std::runtime_error("stop"); }),
               std::runtime_error);
}

// ---- what lies

TEST_F(SeekableZstdTest, TablesThatLieAreRefused) {
  const Seekable sound = Seekable().add(noise(100)).add("second");
  Seekable made = sound;
  made.count = 3;
  expect_refused(made.text(), "seek table");
  made.count = 1;
  expect_refused(made.text(), "seek table: expected its magic number");
  made.count = 0xFFFFFFFF;
  expect_refused(made.text(), "number of frames: expected what the file has room for");
  made = sound;
  made.descriptor = '\x80';
  expect_refused(made.text(), "seek table: expected its magic number");
  made = sound;
  made.entries = u32(5) + made.entries.substr(4);
  expect_refused(made.text(), "stored size: expected that of a frame");
  made.entries = u32(0xFFFFFFFF) + sound.entries.substr(4);
  expect_refused(made.text(), "stored size: expected that of a frame");
  made = sound;
  made.frames += "extra";
  expect_refused(made.text(), "frames: expected some that end where the seek table begins");
  std::string text = sound.text();
  text[made.frames.size() - 5 + 4] = '\x10';
  expect_refused(text, "size of the seek table: expected 25, found");
}

TEST_F(SeekableZstdTest, FramesOfAnotherSizeThanTheTableSaysAreRefused) {
  const std::string frame = frame_of("twelve bytes");
  for (const int size : {0, 1, 11, 13, 1000}) {
    Seekable made;
    made.frames = frame + frame_of("next");
    made.entries = u32(frame.size()) + u32(size) + u32(made.frames.size() - frame.size()) + u32(4);
    made.count = 2;
    expect_refused(made.text(), "uncompressed size of the frame: expected");
  }
  Seekable shifted;  // the first entry claims a byte of the second frame
  shifted.frames = frame + frame_of("next");
  shifted.entries =
      u32(frame.size() + 1) + u32(12) + u32(shifted.frames.size() - frame.size() - 1) + u32(4);
  shifted.count = 2;
  expect_refused(shifted.text(), "stored size of the frame: expected");
}

TEST_F(SeekableZstdTest, ABombIsRefusedAfterTheBytesItsEntryAllows) {
  Seekable made;
  made.frames = frame_of(std::string(std::size_t{64} << 20, '\0'));
  ASSERT_LT(made.frames.size(), 10'000u);
  made.entries = u32(made.frames.size()) + u32(100);
  made.count = 1;
  expect_refused(made.text(), "uncompressed size of the frame: expected 100, found more");
}

TEST_F(SeekableZstdTest, AWindowOfGigabytesIsRefused) {
  Seekable made;
  made.frames = std::string("\x28\xb5\x2f\xfd\x00\xA8\x01\x00\x00", 9);  // a window of 2 GiB
  made.entries = u32(9) + u32(100);
  made.count = 1;
  expect_refused(made.text(), "zstd frame: expected a sound one");
}

TEST_F(SeekableZstdTest, CutAnywhereOrWithAnyByteChangedItIsRefusedOrTheSame) {
  const std::string raw = noise(60) + std::string(60, 'x');
  const std::string text = Seekable().add(raw).add("second").text();
  const std::string all = raw + "second";
  for (std::size_t size = 1; size < text.size(); ++size) {
    expect_refused(text.substr(0, size), "seek table");
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {1, 16, 128}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      try {
        SeekableZstdFile file = file_of(changed);
        EXPECT_EQ(read(file, 0, file.size()), all) << at;
      } catch (const CorruptionError&) {
      }
    }
  }
}

// ---- the writer

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(SeekableZstdTest, WhatIsWrittenIsReadByThisReaderAndByTheZstdCommand) {
  const std::string raw = noise(100'000) + std::string(100'000, 'x');
  {
    std::ofstream out(path(), std::ios::binary);
    SeekableZstdWriter writer(out);
    writer.add_frame(frame_of(raw), raw.size());
    writer.pack("second");
    writer.finish();
  }
  SeekableZstdFile file{ForeignFile(path())};
  EXPECT_EQ(file.frame_count(), 2u);
  EXPECT_EQ(read(file, 0, file.size()), raw + "second");
  ASSERT_EQ(std::system(("zstd -q -d -f -o '" + path() + ".raw' '" + path() + "'").c_str()), 0);
  EXPECT_EQ(content_of(path() + ".raw"), raw + "second");
}

TEST_F(SeekableZstdTest, AnEmptyFileIsWrittenAs17Bytes) {
  std::ostringstream out;
  SeekableZstdWriter(out).finish();
  EXPECT_EQ(out.str(), Seekable().text());
}

TEST_F(SeekableZstdTest, AFrameOf4GiBIsNotWritten) {
  std::ostringstream out;
  EXPECT_THROW(SeekableZstdWriter(out).add_frame("frame", std::uint64_t{1} << 32), InvalidArgument);
}

}  // namespace
}  // namespace quire::formats
