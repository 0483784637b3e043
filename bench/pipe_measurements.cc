#include "bench/pipe_measurements.h"

#include <zstd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <quire/database.h>
#include <quire/pipe.h>

namespace quire::bench {

namespace {

constexpr std::size_t kPairs = 10'000;
constexpr std::size_t kStepBytes = std::size_t{64} << 10;

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Sentences of words of which some are frequent, as in texts.
Pairs text_pairs() {
  std::mt19937_64 random(1);
  std::vector<std::string> words;
  for (int i = 0; i < 5000; ++i) {
    std::string word;
    for (std::uint64_t letters = 2 + random() % 8; letters > 0; --letters) {
      word += static_cast<char>('a' + random() % 26);
    }
    words.push_back(word);
  }
  Pairs pairs;
  for (std::size_t i = 0; i < kPairs; ++i) {
    std::string text;
    while (text.size() < 400) {
      const std::uint64_t reach = 1 + random() % words.size();
      text += words[random() % reach] + " ";
    }
    pairs.emplace_back("document " + std::to_string(i), text);
  }
  return pairs;
}

std::uint64_t bytes_of(const Pairs& pairs) {
  std::uint64_t bytes = 0;
  for (const auto& [key, value] : pairs) bytes += key.size() + value.size();
  return bytes;
}

/// As it stands in a block, and in a file of smart-pipe.
std::string encoded(const Pairs& pairs) {
  std::string bytes;
  const auto put = [&](const std::string& part) {
    const auto size = static_cast<std::uint32_t>(part.size());
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(size >> shift);
    bytes += part;
  };
  for (const auto& [key, value] : pairs) {
    put(key);
    put(value);
  }
  return bytes;
}

/// Encodes the pairs again and again, to a plain file, and reads that.
class PlainFile {
 public:
  PlainFile(std::string path, int level, const Pairs& pairs)
      : path_(std::move(path)), level_(level), pairs_(pairs) {}

  void write() {
    const std::string raw = encoded(pairs_);
    std::ofstream file(path_, std::ios::binary);
    if (level_ == 0) {
      file << raw;
    } else {
      const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                         ZSTD_freeCCtx);
      ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level_);
      ZSTD_inBuffer in{raw.data(), raw.size(), 0};
      for (std::size_t left = 1; left != 0;) {
        ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
        left = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end);
        file.write(buffer_.data(), static_cast<std::streamsize>(out.pos));
      }
    }
    if (!file.flush()) throw std::runtime_error("cannot write " + path_);
  }

  /// Returns the bytes of all pairs, which it looks at no closer.
  std::uint64_t read() {
    std::ifstream file(path_, std::ios::binary);
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                       ZSTD_freeDCtx);
    std::uint64_t bytes = 0;
    while (file.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size())),
           file.gcount() > 0) {
      ZSTD_inBuffer in{buffer_.data(), static_cast<std::size_t>(file.gcount()), 0};
      if (level_ == 0) {
        bytes += in.size;
        continue;
      }
      for (bool is_full = true; is_full || in.pos < in.size;) {
        ZSTD_outBuffer out{unpacked_.data(), unpacked_.size(), 0};
        ZSTD_decompressStream(context.get(), &out, &in);
        bytes += out.pos;
        is_full = out.pos == out.size;
      }
    }
    return bytes;
  }

 private:
  std::string path_;
  int level_;
  const Pairs& pairs_;
  std::string buffer_ = std::string(kStepBytes, '\0');
  std::string unpacked_ = std::string(kStepBytes, '\0');
};

/// The same with blocks of a pipe, each in the place of the one before.
class PipeBlocks {
 public:
  PipeBlocks(const std::string& path, int level, const Pairs& pairs)
      : database_(Database::open(path, {.durability = Durability::relaxed})),
        options_{.compression_level = level},
        pairs_(pairs) {}

  void write() {
    database_.transact([&](Transaction& txn) {
      auto pipe = txn.open<Pipe>("pipe", options_);
      pipe.remove(std::to_string(blocks_));
      BlockWriter block = pipe.begin_block(std::to_string(++blocks_));
      for (const auto& [key, value] : pairs_) block.append(key, value);
      block.finish();
    });
  }

  std::uint64_t read() const {
    std::uint64_t bytes = 0;
    for (const Block& block : database_.snapshot().open<Pipe>("pipe")) {
      for (const auto [key, value] : block) bytes += key.size() + value.size();
    }
    return bytes;
  }

 private:
  Database database_;
  PipeOptions options_;
  const Pairs& pairs_;
  std::uint64_t blocks_ = 0;
};

void measure_level(const BenchRun& run, int level, std::vector<Measurement>& rows) {
  const Pairs pairs = text_pairs();
  const std::string what = level == 0 ? "raw" : "zstd " + std::to_string(level);
  const std::string place = run.directory + "/pipe" + std::to_string(level);
  PlainFile plain(place + ".plain", level, pairs);
  PipeBlocks pipe(place + ".quire", level, pairs);
  const auto row = [&](const std::string& name, const std::function<void()>& work) {
    return run.row(name, "pairs", bytes_of(pairs) / kPairs, [&] {
      work();
      return static_cast<std::int64_t>(kPairs);
    });
  };
  const auto require_all = [&](std::uint64_t bytes) {
    if (bytes < bytes_of(pairs)) throw std::runtime_error("not all of " + place + " was read");
  };
  add_beside(rows, row("pipe write, " + what, [&] { pipe.write(); }),
             row("plain file, " + what, [&] { plain.write(); }));
  add_beside(rows, row("pipe read, " + what, [&] { require_all(pipe.read()); }),
             row("plain file read, " + what, [&] { require_all(plain.read()); }));
}

}  // namespace

void measure_pipes(const BenchRun& run, std::vector<Measurement>& rows) {
  measure_level(run, 3, rows);
  measure_level(run, 0, rows);
}

}  // namespace quire::bench
