#pragma once

#include <span>

#include "fuzz/image.h"
#include "fuzz/random.h"
#include "fuzz/tables.h"

namespace quire::fuzz {

/// Changes images as somebody would who knows the format: fields to values that are interesting
/// where they stand, pages and chunks to each other's place, bits anywhere; then, nine times in ten,
/// makes all sums hold again. The same seed makes the same of the same image.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) noexcept : random_(seed) {}

  /// One to four changes of the database or its log. An image that holds neither stays as it is.
  void mutate(Image& image);

  /// Puts some of the other's pages in the place of pages of `image`, or takes its log.
  void splice(Image& image, const Image& other);

 private:
  using Page = std::span<std::byte>;

  void change(Image& image);
  void change_database(Image& image);
  void change_log(Image& image);
  void seal(const class Seals& seals, Image& image);

  // of the database
  void edit_header(Bytes& database);
  void edit_page(Bytes& database);
  void edit_page_field(Page page);
  void move_page(Bytes& database);
  void lose_page(Bytes& database);
  void edit_map(Bytes& database);
  void resize(Bytes& database);

  // of the log
  void edit_chunk(Bytes& segment);
  void edit_logged_page(Bytes& segment, const Bytes& database);
  void move_chunk(Bytes& segment);
  void edit_segment_header(Image& image);
  void cut_log(Image& image);

  // of any bytes
  void edit_field(std::span<std::byte> bytes, std::span<const Table> tables);
  void edit_number(std::span<std::byte> number);
  std::uint64_t interesting(std::uint64_t old);
  void flip_bits(std::span<std::byte> bytes);

  Page page_of(Bytes& database, std::uint64_t pid);
  Page some_page(Bytes& database);
  Page some_structure_page(Bytes& database);

  Random random_;
  std::uint64_t pages_ = 0;  // of the file that is being changed
};

}  // namespace quire::fuzz
