#include <quire/record_store.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"
#include "facades/record_check.h"
#include "facades/record_slots.h"
#include "facades/stored_records.h"

// A change reads and checks all that it depends on before it writes anything, so that damage stops
// it while nothing has changed. What fails behind that, the engine dooms the transaction for.

namespace quire {

using facades::fail;
using facades::RecordIndexEntry;
using facades::RecordSlots;
using facades::RecordSlotsView;
using facades::SlotBits;
using facades::StoredRecords;

struct RecordStoreView::Parts {
  Parts(const ReadScope& whole, const RecordLayout& wanted)
      : scope(whole),
        stored(facades::open_records(whole, wanted)),
        index(whole.child<Hash>("index")),
        slots(whole, whole.child<Blob>("headers")),
        data(whole.child<Blob>("data")) {}

  /// A value of the index.
  std::uint64_t slot_in(ByteView value) const {
    if (value.size() != sizeof(RecordIndexEntry)) {
      fail(scope, CorruptionError("index", "size of a value", "8", std::to_string(value.size())));
    }
    const std::uint64_t slot = facades::read_format<RecordIndexEntry>(value.data()).slot;
    // Behind that, offsets would wrap around.
    if (slot / stored.layout.per_page() >= facades::kMaxRecordPages) {
      fail(scope,
           CorruptionError("index", "slot", "one that a blob can hold", std::to_string(slot)));
    }
    return slot;
  }
  std::optional<std::uint64_t> find_slot(ByteView key) const {
    const std::optional<Value> value = index.get(key);
    if (!value) return std::nullopt;
    return slot_in(*value);
  }
  std::uint64_t require_slot(ByteView key) const {
    if (const auto slot = find_slot(key)) return *slot;
    fail(scope, NotFound("there is no record " + facades::shown_key(key) +
                         "; make it with create() or put()"));
  }

  std::uint64_t offset_of(std::uint64_t slot) const noexcept {
    return facades::record_offset(stored.layout, slot);
  }
  std::shared_ptr<const std::byte> pin(std::uint64_t slot) const {
    return facades::pin_records(scope, data, offset_of(slot), stored.layout.size,
                                stored.layout.alignment);
  }
  /// Before a change of a record that a key has.
  void require_data(std::uint64_t slot) const {
    facades::require_records(scope, data, offset_of(slot), stored.layout.size);
  }

  ReadScope scope;
  StoredRecords stored;
  HashView index;
  RecordSlotsView slots;
  BlobView data;
};

// ---- reading

RecordStoreView::RecordStoreView(const ReadScope& scope, const RecordLayout& layout)
    : parts_(std::make_shared<const Parts>(scope, layout)) {}

std::string_view RecordStoreView::name() const noexcept {
  return parts_ ? parts_->scope.name() : std::string_view();
}
const RecordLayout& RecordStoreView::layout() const { return parts_->stored.layout; }
const std::string& RecordStoreView::tag() const { return parts_->stored.tag; }
std::uint64_t RecordStoreView::size() const { return parts_->index.size(); }
bool RecordStoreView::contains(ByteView key) const { return parts_->index.contains(key); }

std::shared_ptr<const std::byte> RecordStoreView::get(ByteView key) const {
  const auto slot = parts_->find_slot(key);
  return slot ? parts_->pin(*slot) : nullptr;
}

std::uint64_t RecordStoreView::slot(ByteView key) const { return parts_->require_slot(key); }

std::uint16_t RecordStoreView::version(ByteView key) const {
  return parts_->slots.read_used(parts_->require_slot(key)).version;
}

std::uint64_t RecordStoreView::flags(ByteView key) const {
  return parts_->slots.read_used(parts_->require_slot(key)).flags;
}

RecordStoreView::Iterator::Iterator(const detail::StatePtr<const Parts>& parts)
    : parts_(parts), position_(parts->index.begin()) {
  read();
}

RecordStoreView::Iterator& RecordStoreView::Iterator::operator++() {
  ++position_;
  read();
  return *this;
}

void RecordStoreView::Iterator::read() {
  record_.reset();
  if (position_ == std::default_sentinel) return;
  record_ = parts_->pin(parts_->slot_in((*position_).value));
}

// ---- changing

struct RecordStore::Changes {
  explicit Changes(WriteScope& scope)
      : index(scope.child<Hash>("index")),
        slots(scope, scope.child<Blob>("headers")),
        data(scope.child<Blob>("data")) {}

  Hash index;
  RecordSlots slots;
  Blob data;
};

namespace {

/// Makes what a new collection consists of.
WriteScope& prepared(WriteScope& scope, const RecordStoreOptions& options) {
  facades::prepare_records(scope, {options.layout, options.tag, 0});
  if (scope.created()) {
    scope.child<Hash>("index");
    RecordSlots(scope, scope.child<Blob>("headers")).clear();
    scope.child<Blob>("data");
  }
  return scope;
}

}  // namespace

RecordStore::RecordStore(WriteScope& scope, const RecordStoreOptions& options)
    : RecordStoreView(prepared(scope, options), options.layout),
      changes_(std::make_shared<Changes>(scope)) {}

/// A slot for a new key, whose content is undefined.
std::uint64_t RecordStore::add(ByteView key) {
  const std::uint64_t slot = changes_->slots.take(parts_->scope.seq());
  const std::uint64_t end = (slot / layout().per_page() + 1) * facades::kRecordPage;
  if (end > changes_->data.size()) changes_->data.resize(end);
  changes_->index.put(key, facades::format_bytes(RecordIndexEntry{slot}));
  return slot;
}

MutableBytes RecordStore::create(ByteView key) {
  if (contains(key)) {
    fail(parts_->scope, KeyExists("there is a record " + facades::shown_key(key) +
                                  " already; change it with edit(), or replace it with put()"));
  }
  MutableBytes record = changes_->data.edit(parts_->offset_of(add(key)), layout().size);
  std::ranges::fill(record, std::byte{0});
  return record;
}

MutableBytes RecordStore::edit(ByteView key) {
  const std::uint64_t slot = parts_->require_slot(key);
  parts_->require_data(slot);
  return changes_->data.edit(parts_->offset_of(slot), layout().size);
}

bool RecordStore::put(ByteView key, ByteView record) {
  facades::require_record_size(parts_->scope, layout(), record);
  const auto found = parts_->find_slot(key);
  if (found) parts_->require_data(*found);
  const std::uint64_t slot = found ? *found : add(key);
  changes_->data.write(parts_->offset_of(slot), record);
  return !found;
}

bool RecordStore::erase(ByteView key) {
  const auto slot = parts_->find_slot(key);
  if (!slot) return false;
  parts_->slots.read_used(*slot);
  changes_->slots.release(*slot, parts_->scope.seq());
  changes_->index.erase(key);
  if (empty()) clear();
  return true;
}

void RecordStore::clear() {
  changes_->index.clear();
  changes_->slots.clear();
  changes_->data.resize(0);
}

void RecordStore::set_version(ByteView key, std::uint16_t version) {
  if (version > kMaxVersion) {
    fail(parts_->scope,
         InvalidArgument("version is " + std::to_string(version) + "; it must be at most 32767"));
  }
  const std::uint64_t slot = parts_->require_slot(key);
  SlotBits bits = parts_->slots.read_used(slot);
  bits.version = version;
  changes_->slots.write(slot, bits);
}

void RecordStore::set_flags(ByteView key, std::uint64_t flags) {
  if (flags > kMaxFlags) {
    fail(parts_->scope, InvalidArgument("flags are " + std::to_string(flags) +
                                        "; there are 48 of them, so at most 2^48 - 1"));
  }
  const std::uint64_t slot = parts_->require_slot(key);
  SlotBits bits = parts_->slots.read_used(slot);
  bits.flags = flags;
  changes_->slots.write(slot, bits);
}

// ---- the laws

void RecordStore::check(const RecordStoreView& store, CheckSink& sink) {
  const Parts& parts = *store.parts_;
  std::vector<std::uint64_t> used;
  for (const auto [key, value] : parts.index) used.push_back(parts.slot_in(value));
  facades::check_slots(parts.slots, std::move(used), sink);
  const std::uint64_t pages = facades::record_pages(parts.stored.layout, parts.slots.count());
  if (parts.data.size() != pages * facades::kRecordPage) {
    sink.problem("the slots need " + std::to_string(pages) + " pages, but the data has " +
                 std::to_string(parts.data.size()) + " bytes");
  }
}

}  // namespace quire
