#include <quire/record_range.h>

#include <algorithm>
#include <string>

#include "facades/failure.h"
#include "facades/record_format.h"
#include "facades/stored_records.h"

namespace quire {

using facades::kRecordPage;

std::uint64_t RecordSequence::place_of(std::uint64_t index) const {
  if (shape_.size == 0) facades::fail_out_of_range(whole_, name_ + " is empty: it has no record");
  if (index >= shape_.size) {
    facades::fail_out_of_range(whole_, "there is no record " + std::to_string(index) + " in " +
                                           name_ + ": it has " + std::to_string(shape_.size));
  }
  const std::uint64_t until_end = shape_.capacity - shape_.head;
  return index < until_end ? shape_.head + index : index - until_end;
}

std::uint64_t RecordSequence::offset_of_place(std::uint64_t place) const noexcept {
  const std::uint64_t per_page = kRecordPage / shape_.stride;
  return (shape_.first_page + place / per_page) * kRecordPage + place % per_page * shape_.stride;
}

std::uint64_t RecordSequence::offset_of(std::uint64_t index) const {
  return offset_of_place(place_of(index));
}

std::shared_ptr<const std::byte> RecordSequence::at(std::uint64_t index) const {
  return facades::pin_records(whole_, data_, offset_of(index), shape_.stride, shape_.alignment);
}

RecordSequence::Run RecordSequence::run_at(std::uint64_t index) const {
  const std::uint64_t place = place_of(index);
  const std::uint64_t per_page = kRecordPage / shape_.stride;
  const std::uint64_t page_begin = place - place % per_page;
  const std::uint64_t page_end = std::min(page_begin + per_page, shape_.capacity);
  // Neighbours by position and by place: not across the ring's seam, nor across its beginning.
  const std::uint64_t before = std::min(index, place - page_begin);
  const std::uint64_t behind = std::min(shape_.size - index, page_end - place);
  const std::uint64_t count = before + behind;
  return {facades::pin_records(whole_, data_, offset_of_place(place - before),
                               count * shape_.stride, shape_.alignment),
          index - before, count};
}

}  // namespace quire
