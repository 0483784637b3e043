#include <quire/flat_file.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <streambuf>
#include <utility>

#include "facades/flat_file_appender.h"
#include "facades/flat_file_reading.h"

namespace quire {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

}  // namespace

/// Shows one piece of the value after the other where get() has it: what a streambuf calls its
/// buffer is never written to.
class FlatFileReader::Buffer final : public std::streambuf {
 public:
  Buffer(const FlatFileView& flat_file, const DataLocation& location)
      : flat_file_(flat_file),
        location_(location),
        step_(flat_file.options().compression_level != 0 ? flat_file.options().frame_size
                                                         : kBufferBytes) {}

 protected:
  int_type underflow() override {
    position_ += static_cast<std::uint64_t>(egptr() - eback());
    if (position_ >= location_.length) {
      show({});
      return traits_type::eof();
    }
    // To the end of a frame, so that each is unpacked once.
    const std::uint64_t count = step_ - (location_.offset + position_) % step_;
    show(flat_file_.get(location_, position_, position_ + count));
    return traits_type::to_int_type(*gptr());
  }

  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    off_type origin = 0;
    if (from == std::ios_base::cur) {
      origin = static_cast<off_type>(position_) + (gptr() - eback());
    } else if (from == std::ios_base::end) {
      origin = static_cast<off_type>(location_.length);
    }
    off_type target = 0;
    if (__builtin_add_overflow(origin, offset, &target)) return pos_type(off_type(-1));
    return seekpos(target, std::ios_base::in);
  }

  pos_type seekpos(pos_type position, std::ios_base::openmode) override {
    if (position < pos_type(0)) return pos_type(off_type(-1));
    const auto target = static_cast<std::uint64_t>(off_type(position));
    if (target >= position_ && target - position_ <= piece_.size()) {  // tellg() comes here too
      setg(eback(), eback() + (target - position_), egptr());
    } else {
      position_ = target;
      show({});
    }
    return position;
  }

 private:
  void show(Value piece) {
    piece_ = std::move(piece);
    char* const data = const_cast<char*>(piece_.text().data());
    setg(data, data, data + piece_.size());
  }

  FlatFileView flat_file_;
  DataLocation location_;
  std::uint64_t step_;
  std::uint64_t position_ = 0;  // in the value, of eback()
  Value piece_;
};

FlatFileReader::FlatFileReader(const FlatFileView& flat_file, const DataLocation& location)
    : std::istream(nullptr), buffer_(std::make_unique<Buffer>(flat_file, location)) {
  const facades::FlatFileReading& reading = *flat_file.reading_;
  reading.require_within(reading.find(location.segment).record, location);
  rdbuf(buffer_.get());
}
FlatFileReader::~FlatFileReader() = default;

class FlatFileWriter::Buffer final : public std::streambuf {
 public:
  explicit Buffer(std::shared_ptr<facades::FlatFileChildren> children)
      : children_(std::move(children)) {
    appender_.emplace(*children_, facades::FlatFileAppender::Calls::many);
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }

  DataLocation finish() {
    if (!appender_) {
      throw children_->reading().named(
          InvalidArgument("finish() was called before; begin another writer()"));
    }
    DataLocation location;
    attempt([&] {
      take();
      appender_->end_value();
      location = appender_->finish().front();
    });
    appender_.reset();
    return location;
  }

 protected:
  int_type overflow(int_type next) override {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(next, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(next);
      pbump(1);
    }
    return traits_type::not_eof(next);
  }

  int sync() override {
    if (!appender_) return pptr() == pbase() ? 0 : -1;
    attempt([&] { take(); });
    return 0;
  }

 private:
  /// What has failed once stays so: a second time, some of it would be done again.
  template <class Fn>
  void attempt(const Fn& fn) {
    if (failure_) std::rethrow_exception(failure_);
    try {
      fn();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }
  void take() {
    appender_->write(ByteView(std::span(pbase(), pptr())));
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }

  std::shared_ptr<facades::FlatFileChildren> children_;
  std::optional<facades::FlatFileAppender> appender_;  // until finish()
  std::exception_ptr failure_;
  std::array<char, kBufferBytes> bytes_;
};

FlatFileWriter::FlatFileWriter(FlatFile& flat_file)
    : std::ostream(nullptr), buffer_(std::make_unique<Buffer>(flat_file.children_.shared())) {
  rdbuf(buffer_.get());
}
FlatFileWriter::~FlatFileWriter() = default;

DataLocation FlatFileWriter::finish() { return buffer_->finish(); }

}  // namespace quire
