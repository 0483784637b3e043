#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/ids.h"
#include "fuzz/image.h"

namespace quire::fuzz {

/// The sums of an image: of the header slots, of structure and data pages, of the log. Somebody who
/// wants a hostile file to be believed notes where they are, changes the file, and makes them hold
/// again, so that a reader meets what was changed, not a sum that fails.
class Seals {
 public:
  /// How much of the log is made to hold: its sums, or also what ties its chunks to one another.
  enum class Log { sums, sums_and_chain };

  /// Notes which pages of `image` are structure pages and where the chunks of its log lie, whatever
  /// becomes of the fields that say so.
  explicit Seals(const Image& image);

  /// Makes all sums hold, also of pages that have become structure pages since. Costs a pass over
  /// the image.
  void restore(Image& image, Log log) const;

 private:
  void note_chunks(std::uint32_t number, const Bytes& segment);
  void seal_header_slots(Bytes& database) const;
  void seal_pages(Bytes& database) const;
  std::uint64_t seal_segment(std::uint32_t number, Bytes& segment, std::uint64_t chain,
                             Log log) const;

  std::set<Pid> structure_pages_;
  std::map<std::uint32_t, std::vector<std::uint64_t>> chunks_;  // of each segment, their offsets
};

/// Whether a page says of itself that it is a structure page, whatever its sum.
bool looks_like_structure(const std::byte* page) noexcept;

/// The offsets of the chunks of a log segment, found by their lengths alone.
std::vector<std::uint64_t> chunk_offsets(const Bytes& segment);

}  // namespace quire::fuzz
