#include <quire/blob.h>

#include <array>

namespace quire {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

}  // namespace

class BlobReader::Buffer final : public std::streambuf {
 public:
  explicit Buffer(const BlobView& blob) : blob_(blob) {}

 protected:
  int_type underflow() override {
    position_ += static_cast<std::uint64_t>(egptr() - eback());
    const std::size_t count = blob_.read(position_, std::as_writable_bytes(std::span(buffer_)));
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return count == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_[0]);
  }

  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    off_type origin = 0;
    if (from == std::ios_base::cur) {
      origin = static_cast<off_type>(position_) + (gptr() - eback());
    } else if (from == std::ios_base::end) {
      origin = static_cast<off_type>(blob_.size());
    }
    off_type target = 0;
    if (__builtin_add_overflow(origin, offset, &target)) return pos_type(off_type(-1));
    return seekpos(target, std::ios_base::in);
  }

  pos_type seekpos(pos_type position, std::ios_base::openmode) override {
    if (position < pos_type(0)) return pos_type(off_type(-1));
    position_ = static_cast<std::uint64_t>(off_type(position));
    setg(buffer_.data(), buffer_.data(), buffer_.data());
    return position;
  }

 private:
  BlobView blob_;
  std::uint64_t position_ = 0;  // in the blob, of eback()
  std::array<char, kBufferBytes> buffer_;
};

BlobReader::BlobReader(const BlobView& blob)
    : std::istream(nullptr), buffer_(std::make_unique<Buffer>(blob)) {
  rdbuf(buffer_.get());
}
BlobReader::~BlobReader() = default;

class BlobWriter::Buffer final : public std::streambuf {
 public:
  Buffer(const Blob& blob, std::uint64_t offset) : blob_(blob), position_(offset) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

 protected:
  int_type overflow(int_type next) override {
    sync();
    if (!traits_type::eq_int_type(next, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(next);
      pbump(1);
    }
    return traits_type::not_eof(next);
  }

  int sync() override {
    const auto count = static_cast<std::size_t>(pptr() - pbase());
    if (count == 0) return 0;
    blob_.write(position_, ByteView(std::span(pbase(), count)));
    position_ += count;
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return 0;
  }

 private:
  Blob blob_;
  std::uint64_t position_;  // in the blob, of pbase()
  std::array<char, kBufferBytes> buffer_;
};

BlobWriter::BlobWriter(const Blob& blob, std::uint64_t offset)
    : std::ostream(nullptr), buffer_(std::make_unique<Buffer>(blob, offset)) {
  rdbuf(buffer_.get());
}

BlobWriter::~BlobWriter() {
  try {
    flush();
  } catch (...) {
    // Said in the header: whoever wants to know has called flush().
  }
}

}  // namespace quire
