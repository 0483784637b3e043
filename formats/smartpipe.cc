#include "formats/smartpipe.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <new>
#include <utility>

namespace quire::formats {

namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kOffsetBytes = 8;
constexpr std::size_t kStepBytes = std::size_t{64} << 10;
// A few megabytes of zlib may unpack to gigabytes.
constexpr std::uint64_t kMostRecordBytes = std::uint64_t{1} << 30;

template <class T>
std::array<std::byte, sizeof(T)> stored(T number) {
  std::array<std::byte, sizeof(T)> bytes;
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(number);
    number >>= 8;
  }
  return bytes;
}

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// The longest number of bytes that zlib takes at once.
constexpr std::size_t kMostAtOnce = std::numeric_limits<uInt>::max();

}  // namespace

// ---- reading

SmartPipeReader::Paths SmartPipeReader::paths_of(const std::string& path) {
  const auto with = [&](std::string_view prefix, bool is_compressed) {
    const std::string_view data = is_compressed ? kSmartPipeCompressed : kSmartPipeRaw;
    return Paths{std::string(prefix).append(data), std::string(prefix).append(kSmartPipeIndex),
                 is_compressed};
  };
  std::string_view prefix = path;
  for (const std::string_view ending : {kSmartPipeCompressed, kSmartPipeRaw, kSmartPipeIndex}) {
    if (!prefix.ends_with(ending)) continue;
    prefix.remove_suffix(ending.size());
    if (ending != kSmartPipeIndex) return with(prefix, ending == kSmartPipeCompressed);
    break;
  }
  const Paths raw = with(prefix, false);
  const Paths compressed = with(prefix, true);
  if (is_there(raw.data)) return raw;
  if (is_there(compressed.data)) return compressed;
  throw NotFound("there is no file '" + raw.data + "' or '" + compressed.data +
                 "'; check the path");
}

SmartPipeReader::SmartPipeReader(const std::string& path) : SmartPipeReader(paths_of(path)) {}

SmartPipeReader::SmartPipeReader(const Paths& paths)
    : data_(paths.data),
      index_(paths.index),
      is_compressed_(paths.is_compressed),
      index_bytes_(index_, 0, index_.size()),
      entries_(index_bytes_) {}

std::optional<SmartPipeReader::Block> SmartPipeReader::read_entry() {
  const std::uint64_t at = entries_.position();
  if (!entries_.has(kLengthBytes)) {
    torn_index_bytes_ = entries_.buffered();
    return std::nullopt;
  }
  const std::uint64_t key_bytes = load_little_endian<std::uint32_t>(entries_.front());
  const std::uint64_t entry_bytes = kLengthBytes + key_bytes + 2 * kOffsetBytes;
  if (entry_bytes > index_.size() - at || !entries_.has(entry_bytes)) {
    throw index_.error(at, "entry", std::to_string(entry_bytes) + " bytes",
                       std::to_string(index_.size() - at) + " up to the end of the file");
  }
  Block entry;
  const std::byte* const key = entries_.front() + kLengthBytes;
  entry.key = ByteView(key, key_bytes).str();
  entry.offset = load_little_endian<std::uint64_t>(key + key_bytes);
  entry.raw_offset = load_little_endian<std::uint64_t>(key + key_bytes + kOffsetBytes);
  entry.end = data_.size();
  entries_.skip(entry_bytes);
  require_order(entry, at);
  return entry;
}

void SmartPipeReader::require_order(const Block& entry, std::uint64_t at) const {
  const std::uint64_t least = next_ ? next_->offset : 0;
  const std::uint64_t raw_least = next_ ? next_->raw_offset : 0;
  if (entry.offset < least || entry.offset > data_.size()) {
    throw index_.error(at, "offset",
                       std::to_string(least) + " to " + std::to_string(data_.size()) +
                           ", behind the entry before and within the data",
                       std::to_string(entry.offset));
  }
  if (is_compressed_ ? entry.raw_offset < raw_least : entry.raw_offset != entry.offset) {
    throw index_.error(at, "raw offset",
                       is_compressed_ ? "at least " + std::to_string(raw_least)
                                      : "the offset, " + std::to_string(entry.offset),
                       std::to_string(entry.raw_offset));
  }
}

std::optional<SmartPipeReader::Block> SmartPipeReader::next_block() {
  if (!has_begun_) {
    has_begun_ = true;
    next_ = read_entry();
    const std::uint64_t first = next_ ? next_->offset : data_.size();
    if (first > 0) {
      Block orphaned;
      orphaned.is_orphaned = true;
      orphaned.end = first;
      if (next_) orphaned.raw_end = next_->raw_offset;
      open(orphaned);
      return orphaned;
    }
  }
  if (!next_) return std::nullopt;
  std::optional<Block> following = read_entry();
  Block block = std::move(*next_);
  next_ = std::move(following);
  if (next_) {
    block.end = next_->offset;
    block.raw_end = next_->raw_offset;
  }
  open(block);
  return block;
}

void SmartPipeReader::open(const Block& block) {
  block_ = block;
  raw_bytes_.reset();
  inflated_bytes_.reset();
  if (is_compressed_) {
    inflated_bytes_ = std::make_unique<InflatedBytes>(data_, block.offset, block.end);
    records_.emplace(*inflated_bytes_);
  } else {
    raw_bytes_ = std::make_unique<FileBytes>(data_, block.offset, block.end);
    records_.emplace(*raw_bytes_);
  }
}

std::optional<SmartPipeReader::Record> SmartPipeReader::next_record() {
  const auto require = [&](std::uint64_t count) {
    if (records_->has(count)) return;
    throw_damage("record", std::to_string(count) + " bytes",
                 std::to_string(records_->buffered()) + " up to the end of the block");
  };
  if (!records_ || !records_->has(1)) {
    const std::uint64_t raw = records_ ? records_->position() : 0;
    if (block_.raw_end && raw != *block_.raw_end - block_.raw_offset) {
      throw_damage("raw offsets of the index",
                   "a block of " + std::to_string(*block_.raw_end - block_.raw_offset) + " bytes",
                   std::to_string(raw) + " bytes");
    }
    return std::nullopt;
  }
  require(kLengthBytes);
  const std::uint64_t key_bytes = load_little_endian<std::uint32_t>(records_->front());
  const auto require_bounded = [&](std::uint64_t count) {
    if (count > kMostRecordBytes) {
      throw_damage("record", "at most " + std::to_string(kMostRecordBytes) + " bytes, to be read",
                   std::to_string(count) + " bytes");
    }
    require(count);
  };
  require_bounded(kLengthBytes + key_bytes + kLengthBytes);
  const std::uint64_t value_bytes =
      load_little_endian<std::uint32_t>(records_->front() + kLengthBytes + key_bytes);
  const std::uint64_t bytes = 2 * kLengthBytes + key_bytes + value_bytes;
  require_bounded(bytes);
  const std::byte* const at = records_->front();
  const Record record{ByteView(at + kLengthBytes, key_bytes),
                      ByteView(at + 2 * kLengthBytes + key_bytes, value_bytes)};
  records_->skip(bytes);
  return record;
}

std::uint64_t SmartPipeReader::bytes_read() const noexcept {
  if (raw_bytes_) return raw_bytes_->offset();
  return inflated_bytes_ ? inflated_bytes_->offset() : 0;
}

void SmartPipeReader::throw_damage(std::string field, std::string expected,
                                   std::string found) const {
  // In a compressed file only the block has an offset.
  const std::uint64_t at = records_ ? records_->position() : 0;
  if (is_compressed_) field += " at raw byte " + std::to_string(at) + " of the block";
  throw data_.error(block_.offset + (is_compressed_ ? 0 : at), std::move(field),
                    std::move(expected), std::move(found));
}

// ---- writing

void SmartPipeWriter::End::operator()(z_stream* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

SmartPipeWriter::SmartPipeWriter(std::ostream& data, std::ostream& index, bool is_compressed)
    : data_(data), index_(index) {
  if (!is_compressed) return;
  auto stream = std::make_unique<z_stream>();
  if (deflateInit(stream.get(), Z_DEFAULT_COMPRESSION) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
}

SmartPipeWriter::~SmartPipeWriter() = default;

void SmartPipeWriter::begin_block(ByteView key) {
  end_block();
  if (key.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("a block's key of " + std::to_string(key.size()) +
                          " bytes; smart-pipe's are shorter than 4 GiB");
  }
  index_ << ByteView(stored(static_cast<std::uint32_t>(key.size()))).text() << key.text()
         << ByteView(stored(offset_)).text() << ByteView(stored(raw_offset_)).text();
  block_raw_offset_ = raw_offset_;
}

void SmartPipeWriter::append(ByteView key, ByteView value) {
  put_counted(key);
  put_counted(value);
}

void SmartPipeWriter::finish() { end_block(); }

void SmartPipeWriter::end_block() {
  if (block_raw_offset_ && stream_) {
    if (*block_raw_offset_ == raw_offset_) {
      throw InvalidArgument(
          "a compressed block without records: smart-pipe cannot read a file "
          "that has one; leave it out, or write a raw one");
    }
    deflate_to_end(Z_FINISH);
    deflateReset(stream_.get());
  }
  block_raw_offset_.reset();
}

void SmartPipeWriter::put_counted(ByteView bytes) {
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("a record's part of " + std::to_string(bytes.size()) +
                          " bytes; smart-pipe's are shorter than 4 GiB");
  }
  put(stored(static_cast<std::uint32_t>(bytes.size())));
  put(bytes);
}

void SmartPipeWriter::put(ByteView raw) {
  raw_offset_ += raw.size();
  if (!stream_) return write(raw);
  for (; !raw.empty(); raw = raw.sub(kMostAtOnce)) {
    const ByteView part = raw.sub(0, kMostAtOnce);
    // zlib does not write there; its interface is older than const.
    stream_->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(part.data()));
    stream_->avail_in = static_cast<uInt>(part.size());
    deflate_to_end(Z_NO_FLUSH);
  }
}

/// Until all input is taken, and with Z_FINISH until all of the stream is written.
void SmartPipeWriter::deflate_to_end(int flush) {
  std::array<std::byte, kStepBytes> packed;
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_->avail_out = static_cast<uInt>(packed.size());
    deflate(stream_.get(), flush);
    write(ByteView(packed).sub(0, packed.size() - stream_->avail_out));
  } while (stream_->avail_out == 0);
}

void SmartPipeWriter::write(ByteView bytes) {
  data_ << bytes.text();
  offset_ += bytes.size();
}

}  // namespace quire::formats
