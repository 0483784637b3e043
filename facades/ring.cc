#include <quire/ring.h>

#include <stdexcept>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"
#include "facades/record_format.h"
#include "facades/stored_records.h"

namespace quire {

using facades::fail;
using facades::kMaxRecordPages;
using facades::kRecordPage;
using facades::RingState;
using facades::StoredRecords;

struct RingStoreView::Parts {
  Parts(const ReadScope& whole, const RecordLayout& wanted)
      : scope(whole),
        stored(facades::open_records(whole, wanted)),
        state(whole.child<Blob>("state")),
        data(whole.child<Blob>("data")) {
    const std::uint64_t pages = facades::record_pages(stored.layout, stored.capacity);
    if (stored.capacity == 0 || pages > kMaxRecordPages) {
      fail(scope, CorruptionError("options", "capacity", "1 or more, within a blob",
                                  std::to_string(stored.capacity)));
    }
  }

  std::uint64_t data_bytes() const noexcept {
    return facades::record_pages(stored.layout, stored.capacity) * kRecordPage;
  }
  RingState read_state() const {
    RingState found;
    const std::uint64_t size = state.size();
    if (size != sizeof found) {
      fail(scope, CorruptionError("state", "size", "16", std::to_string(size)));
    }
    state.read(0, std::as_writable_bytes(std::span(&found, 1)));
    if (found.head >= stored.capacity) {
      fail(scope, CorruptionError("state", "head", "below " + std::to_string(stored.capacity),
                                  std::to_string(found.head)));
    }
    if (found.size > stored.capacity) {
      fail(scope, CorruptionError("state", "size", "at most " + std::to_string(stored.capacity),
                                  std::to_string(found.size)));
    }
    return found;
  }
  /// Before a change.
  void require_data() const {
    const std::uint64_t size = data.size();
    if (size != data_bytes()) {
      fail(scope,
           CorruptionError("data", "size", std::to_string(data_bytes()), std::to_string(size)));
    }
  }
  /// The place `steps` behind `place`, both below the capacity.
  std::uint64_t behind(std::uint64_t place, std::uint64_t steps) const noexcept {
    const std::uint64_t until_end = stored.capacity - place;
    return steps < until_end ? place + steps : steps - until_end;
  }
  std::uint64_t before(std::uint64_t place) const noexcept {
    return place == 0 ? stored.capacity - 1 : place - 1;
  }

  ReadScope scope;
  StoredRecords stored;
  BlobView state;
  BlobView data;
};

// ---- reading

RingStoreView::RingStoreView(const ReadScope& scope, const RecordLayout& layout)
    : parts_(std::make_shared<const Parts>(scope, layout)) {}

std::string_view RingStoreView::name() const noexcept {
  return parts_ ? parts_->scope.name() : std::string_view();
}
const RecordLayout& RingStoreView::layout() const { return parts_->stored.layout; }
const std::string& RingStoreView::tag() const { return parts_->stored.tag; }
std::uint64_t RingStoreView::capacity() const { return parts_->stored.capacity; }
std::uint64_t RingStoreView::size() const { return parts_->read_state().size; }

RecordSequence RingStoreView::view() const {
  const RingState state = parts_->read_state();
  return RecordSequence(
      parts_->scope, parts_->data,
      {0, capacity(), state.head, state.size, layout().stride(), layout().alignment}, "the ring");
}

// ---- changing

struct RingStore::Changes {
  explicit Changes(WriteScope& scope)
      : state(scope.child<Blob>("state")), data(scope.child<Blob>("data")) {}

  Blob state;
  Blob data;
};

namespace {

/// Makes what a new ring consists of.
WriteScope& prepared(WriteScope& scope, const RingStoreOptions& options) {
  if (scope.created() && options.capacity == 0) {
    fail(scope, InvalidArgument("capacity is 0; it must be at least 1"));
  }
  facades::prepare_records(scope, {options.layout, options.tag, options.capacity});
  if (!scope.created()) return scope;
  const std::uint64_t pages = facades::record_pages(options.layout, options.capacity);
  if (pages > kMaxRecordPages) {
    fail(scope, InvalidArgument("capacity is " + std::to_string(options.capacity) +
                                "; so many records do not fit into a blob of 246 TiB"));
  }
  scope.child<Blob>("state").write(0, facades::format_bytes(RingState()));
  scope.child<Blob>("data").resize(pages * kRecordPage);
  return scope;
}

}  // namespace

RingStore::RingStore(WriteScope& scope, const RingStoreOptions& options)
    : RingStoreView(prepared(scope, options), options.layout),
      changes_(std::make_shared<Changes>(scope)) {}

void RingStore::set_state(std::uint64_t head, std::uint64_t size) {
  changes_->state.write(0, facades::format_bytes(RingState{head, size}));
}

void RingStore::require_record(ByteView record) const {
  facades::require_record_size(parts_->scope, layout(), record);
  parts_->require_data();
}

void RingStore::write_place(std::uint64_t place, ByteView record) {
  changes_->data.write(facades::record_offset(layout(), place), record);
}

void RingStore::append(ByteView record) {
  require_record(record);
  const RingState state = parts_->read_state();
  const bool is_full = state.size == capacity();
  write_place(parts_->behind(state.head, is_full ? 0 : state.size.get()), record);
  if (is_full) {
    set_state(parts_->behind(state.head, 1), state.size);
  } else {
    set_state(state.head, state.size + 1);
  }
}

void RingStore::prepend(ByteView record) {
  require_record(record);
  const RingState state = parts_->read_state();
  const std::uint64_t head = parts_->before(state.head);
  write_place(head, record);
  set_state(head, state.size == capacity() ? state.size.get() : state.size + 1);
}

void RingStore::pop_front() {
  const RingState state = parts_->read_state();
  view().offset_of(0);
  set_state(parts_->behind(state.head, 1), state.size - 1);
}

void RingStore::pop_back() {
  const RingState state = parts_->read_state();
  view().offset_of(0);
  set_state(state.head, state.size - 1);
}

void RingStore::clear() {
  parts_->require_data();
  set_state(0, 0);
  changes_->data.punch(0, parts_->data_bytes());
}

MutableBytes RingStore::edit(std::uint64_t index) {
  parts_->require_data();
  return changes_->data.edit(view().offset_of(index), layout().size);
}

// ---- the laws

void RingStore::check(const RingStoreView& ring, CheckSink&) {
  ring.parts_->read_state();
  ring.parts_->require_data();
}

}  // namespace quire
