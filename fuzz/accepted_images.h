#pragma once

#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fuzz/image.h"
#include "fuzz/random.h"

namespace quire::fuzz {

/// libFuzzer keeps inputs that are refused, because they reach code that no other input does, and
/// would go on to change them as often as all others: what comes of them is refused as well. So most
/// of the time one of the last images that were not refused takes their place.
class AcceptedImages {
 public:
  /// `input` is what the fuzzer calls the image: anything that is the same each time.
  void refuse(std::uint64_t input) { refused_.insert(input); }

  void accept(Image image) {
    if (images_.size() < kMostImages) {
      images_.push_back(std::move(image));
    } else {
      images_[next_++ % kMostImages] = std::move(image);
    }
  }

  /// What to change instead of `image`.
  void replace_refused(std::uint64_t input, Image& image, std::uint64_t seed) const {
    Random random(seed);
    if (images_.empty() || !refused_.contains(input) || random.one_in(kRefusedOneIn)) return;
    image = images_[random.below(images_.size())];
  }

 private:
  static constexpr std::size_t kMostImages = 64;
  static constexpr std::uint64_t kRefusedOneIn = 8;

  std::unordered_set<std::uint64_t> refused_;
  std::vector<Image> images_;
  std::size_t next_ = 0;
};

}  // namespace quire::fuzz
