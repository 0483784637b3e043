#include "fuzz/image_files.h"

#include "fuzz/random.h"
#include "wal/segment_set.h"

namespace quire::fuzz {

ImageFiles::ImageFiles(const Image& image) : ImageFiles() {
  write(kPath, image.database);
  const wal::SegmentSet segments(*this, kPath, 0600);
  for (const auto& [number, content] : image.segments) write(segments.path(number), content);
}

Options ImageFiles::options(bool read_only) {
  Options options;
  options.create = false;
  options.read_only = read_only;
  options.cache_size = std::size_t{read_only ? 1024u : 64u} << 10;  // a live log is read into it
  options.wal_segment_size = std::size_t{64} << 10;
  options.file_system = this;
  return options;
}

Image ImageFiles::image() {
  Image image;
  image.database = read(kPath);
  const wal::SegmentSet segments(*this, kPath, 0600);
  for (const std::uint32_t number : segments.numbers()) {
    image.segments[number] = read(segments.path(number));
  }
  return image;
}

void ImageFiles::fill_random(std::span<std::byte> bytes) {
  Random random(random_state_++);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
}

void ImageFiles::write(const std::string& path, const Bytes& content) {
  open(path, OpenMode::create, 0600)->write_at(0, ByteView(content));
}

Bytes ImageFiles::read(const std::string& path) {
  const auto file = open(path, OpenMode::read_only, 0600);
  Bytes content(file->status().size);
  file->read_at(0, content);
  return content;
}

}  // namespace quire::fuzz
