#include "facades/zstd_stream.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>
#include <string>
#include <thread>

#include <quire/error.h>

namespace quire::facades {
namespace {

std::string text(std::size_t size) {
  std::string lines;
  for (std::size_t i = 0; lines.size() < size; ++i) lines += "line " + std::to_string(i * i) + "\n";
  return lines.substr(0, size);
}

std::string packed(const std::string& raw, std::size_t part, int level = 3,
                   std::shared_ptr<const PackingDictionary> dictionary = nullptr) {
  std::string frame;
  const auto keep = [&](ByteView bytes) { frame += bytes.text(); };
  ZstdPacker packer(level, std::move(dictionary));
  std::size_t at = 0;
  for (; at + part < raw.size(); at += part) packer.put(ByteView(raw).sub(at, part), keep);
  packer.finish(ByteView(raw).sub(at), keep);
  return frame;
}

/// What a frame holds, unpacked in parts; nothing if it is damaged or does not end.
std::optional<std::string> unpacked(const std::string& frame, std::size_t part,
                                    std::shared_ptr<const UnpackingDictionary> dictionary = {}) {
  ZstdUnpacker unpacker(std::move(dictionary));
  std::string raw;
  std::vector<std::byte> out(part);
  for (std::size_t at = 0;;) {
    const auto step = unpacker.step(ByteView(frame).sub(at, part), out);
    if (!step) {
      EXPECT_FALSE(unpacker.problem().empty());
      return std::nullopt;
    }
    EXPECT_LE(step->produced, out.size());
    raw += ByteView(out).sub(0, step->produced).text();
    at += step->consumed;
    if (step->is_end) return at == frame.size() ? std::optional(raw) : std::nullopt;
    if (step->consumed == 0 && step->produced == 0) return std::nullopt;
  }
}

TEST(ZstdStreamTest, PartsOfAnySizeComeBackAsTheyWere) {
  for (const std::size_t size : {0, 1, 1000, 100'000, 3'000'000}) {
    for (const std::size_t part : {1000, 100'000}) {
      const std::string raw = text(size);
      EXPECT_TRUE(unpacked(packed(raw, part), 777) == raw) << size << ' ' << part;
      EXPECT_TRUE(unpacked(packed(raw, part), 1'000'000) == raw) << size << ' ' << part;
    }
  }
}

TEST(ZstdStreamTest, NoLevelNeedsMoreThanTheWindowOfAReader) {
  const std::string raw = text(30'000);
  for (const int level : {least_level(), -1, 1, 19, 20, 21, greatest_level()}) {
    EXPECT_EQ(unpacked(packed(raw, 10'000, level), 10'000), raw) << level;
    const auto packing = PackingDictionary::make("some words", level);
    const auto unpacking = UnpackingDictionary::make("some words");
    EXPECT_EQ(unpacked(packed(raw, 10'000, level, packing), 10'000, unpacking), raw) << level;
  }
}

TEST(ZstdStreamTest, LargerWindowIsRefused) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kMaxWindowLog + 1);
  std::string frame(1000, '\0');
  ZSTD_inBuffer in{"x", 1, 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  ZstdUnpacker unpacker(nullptr);
  std::vector<std::byte> raw(10);
  EXPECT_EQ(unpacker.step(ByteView(frame).sub(0, out.pos), raw), std::nullopt);
  EXPECT_EQ(unpacker.problem(), "Frame requires too much memory for decoding");
}

TEST(ZstdStreamTest, CutShortOrChangedItIsDamageOrOtherBytesAndNeverMore) {
  const std::string raw = text(2000);
  const std::string frame = packed(raw, 300);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_EQ(unpacked(frame.substr(0, size), 100), std::nullopt) << size;
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = frame;
    changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
    const auto found = unpacked(changed, 100);
    if (found) {
      EXPECT_LE(found->size(), frame.size() * 32768);
    }
  }
}

TEST(ZstdStreamTest, DictionaryIsNeededAndMustBeTheSame) {
  std::vector<std::string> words;
  for (int i = 0; i < 5000; ++i) words.push_back("entry " + std::to_string(i * 7919 % 1000));
  const std::vector<ByteView> samples(words.begin(), words.end());
  const auto first = train_dictionary(samples, 1000);
  const auto second = train_dictionary(std::span(samples).first(2500), 900);
  const std::string raw = "entry 77 and entry 707";
  const std::string frame = packed(raw, 1000, 3, PackingDictionary::make(first, 3));
  EXPECT_EQ(unpacked(frame, 1000, UnpackingDictionary::make(first)), raw);
  EXPECT_EQ(unpacked(frame, 1000, UnpackingDictionary::make(second)), std::nullopt);
  EXPECT_EQ(unpacked(frame, 1000), std::nullopt);
}

TEST(ZstdStreamTest, DamagedDictionaryIsNone) {
  const std::string damaged = "\x37\xa4\x30\xec and nothing that zstd has made";
  EXPECT_EQ(PackingDictionary::make(damaged, 3), nullptr);
  EXPECT_EQ(UnpackingDictionary::make(damaged), nullptr);
}

TEST(ZstdStreamTest, NothingOfOneStreamIsLeftInTheNext) {
  const std::string raw = text(50'000);
  std::string fresh;
  std::thread([&] { fresh = packed(raw, 1000); }).join();
  packed(raw, 1000, 1, PackingDictionary::make("words", 1));
  EXPECT_TRUE(packed(raw, 1000) == fresh);
  unpacked(packed(raw, 1000, 3, PackingDictionary::make(raw, 3)), 1000,
           UnpackingDictionary::make(raw));
  EXPECT_TRUE(unpacked(fresh, 1000) == raw);
}

TEST(ZstdStreamTest, StreamsInTurnDoNotDisturbOneAnother) {
  std::string first;
  std::string second;
  ZstdPacker one(3, nullptr);
  ZstdPacker two(3, nullptr);
  for (int i = 0; i < 100; ++i) {
    one.put(text(1000), [&](ByteView bytes) { first += bytes.text(); });
    two.put(text(500), [&](ByteView bytes) { second += bytes.text(); });
  }
  one.finish("", [&](ByteView bytes) { first += bytes.text(); });
  two.finish("", [&](ByteView bytes) { second += bytes.text(); });
  EXPECT_EQ(unpacked(first, 1000)->size(), 100'000u);
  EXPECT_EQ(unpacked(second, 1000)->size(), 50'000u);
}

}  // namespace
}  // namespace quire::facades
