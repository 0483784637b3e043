#include <quire/partd.h>

#include <memory>
#include <optional>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/partd_buffer.h"
#include "facades/partd_format.h"
#include "facades/partd_options.h"
#include "facades/partd_values.h"

namespace quire {

using facades::fail;
using facades::PartdBuffer;
using facades::StoredValue;
using facades::with_context;

namespace {

PartdOptions options_of(const ReadScope& scope) {
  return with_context(scope, [&] { return facades::decode_partd_options(scope.options()); });
}

/// What PartdView opens is there afterwards.
WriteScope& prepared(WriteScope& scope, const PartdOptions& options) {
  with_context(scope, [&] {
    if (scope.created()) {
      scope.set_options(facades::encode_partd_options(options));
      scope.child<Hash>(facades::kPartdData);
      scope.child<Hash>(facades::kPartdFirsts);
    } else if (scope.must_match()) {
      facades::require_same_options(facades::decode_partd_options(scope.options()), options);
    }
  });
  return scope;
}

void require_whole(const PartdElement& element, ByteView key, std::uint64_t size) {
  if (size % element.size == 0) return;
  throw CorruptionError(facades::value_of(key), "length",
                        "a multiple of " + std::to_string(element.size), std::to_string(size));
}

Value owning(std::string bytes) {
  const auto owner = std::make_shared<const std::string>(std::move(bytes));
  return Value::shared(owner, *owner);
}

}  // namespace

// ---- PartdView

PartdView::PartdView(const ReadScope& scope)
    : scope_(scope),
      data_(scope.child<Hash>(facades::kPartdData)),
      firsts_(scope.child<Hash>(facades::kPartdFirsts)) {
  PartdOptions options = options_of(scope);
  codec_ = options.codec;
  element_ = std::move(options.element);
}

void PartdView::require_element(const PartdElement& element) const {
  if (element == element_) return;
  fail(scope_,
       TypeMismatch("its values are arrays of " + facades::text_of(element_) + ", not of " +
                    facades::text_of(element) + "; open it as what it is, or use another name"));
}

std::uint64_t PartdView::size() const {
  scope_.flush_pending();
  return data_.size();
}

bool PartdView::contains(ByteView key) const {
  const PartdBuffer* const buffer = scope_.find_pending<PartdBuffer>();
  return (buffer != nullptr && buffer->find(key) != nullptr) || data_.contains(key);
}

Value PartdView::get(ByteView key) const {
  const PartdBuffer* const buffer = scope_.find_pending<PartdBuffer>();
  const std::string* const waiting = buffer == nullptr ? nullptr : buffer->find(key);
  std::optional<Value> stored = data_.get(key);
  return with_context(scope_, [&] {
    if (!stored && waiting == nullptr) return Value();
    if (stored && waiting == nullptr && codec_ == Codec::none) {
      require_whole(element_, key, stored->size());
      return std::move(*stored);
    }
    std::string bytes;
    if (stored) facades::unpack_value({codec_, key, *stored}, bytes);
    require_whole(element_, key, bytes.size());
    if (waiting != nullptr) bytes += *waiting;
    return owning(std::move(bytes));
  });
}

std::uint64_t PartdView::value_size(ByteView key) const {
  const PartdBuffer* const buffer = scope_.find_pending<PartdBuffer>();
  const std::string* const waiting = buffer == nullptr ? nullptr : buffer->find(key);
  const std::uint64_t more = waiting == nullptr ? 0 : waiting->size();
  const std::optional<Value> stored = data_.get(key);
  if (!stored) return more;
  return with_context(scope_, [&] {
    const std::uint64_t size = facades::unpacked_size({codec_, key, *stored});
    require_whole(element_, key, size);
    return size + more;
  });
}

PartdView::KeyIterator& PartdView::KeyIterator::operator++() {
  const PartdBuffer* const buffer = scope_.find_pending<PartdBuffer>();
  if (buffer != nullptr && !buffer->empty()) {
    fail(scope_, InvalidArgument("keys were appended to during an iteration; begin a new one"));
  }
  ++entry_;
  return *this;
}

void PartdView::check_values(CheckSink& sink) const {
  for (const auto& [key, bytes] : data_) {
    const StoredValue value{codec_, key, bytes};
    try {
      require_whole(element_, key, facades::unpacked_size(value));
      if (sink.deep()) facades::verify_value(value);
    } catch (const CorruptionError& error) {
      sink.problem(error.finding());
    }
  }
}

void PartdView::check_marks(CheckSink& sink) const {
  for (const auto& [key, mark] : firsts_) {
    if (!mark.empty()) sink.problem("the mark of " + facades::value_of(key) + " holds bytes");
    if (!data_.contains(key)) sink.problem("a mark of a missing " + facades::value_of(key));
  }
}

// ---- Partd

Partd::Partd(WriteScope& scope, const PartdOptions& options)
    : PartdView(prepared(scope, options)),
      scope_(scope),
      buffer_size_(options.buffer_size),
      data_(scope.child<Hash>(facades::kPartdData)),
      firsts_(scope.child<Hash>(facades::kPartdFirsts)) {}

void Partd::append(ByteView key, ByteView bytes) {
  require_whole_elements(key, bytes);
  PartdBuffer& buffer = scope_.pending<PartdBuffer>();
  buffer.append(key, bytes);
  flush_beyond_limit(buffer.memory());
}

void Partd::append_batch(const detail::PartdBatch& batch) {
  batch.for_each([&](ByteView key, ByteView bytes) { require_whole_elements(key, bytes); });
  PartdBuffer& buffer = scope_.pending<PartdBuffer>();
  buffer.append(batch);
  flush_beyond_limit(buffer.memory());
}

void Partd::require_whole_elements(ByteView key, ByteView bytes) const {
  if (bytes.size() % element().size == 0) return;
  fail(scope_,
       InvalidArgument(std::to_string(bytes.size()) + " bytes for the " + facades::value_of(key) +
                       " are no whole number of elements; it is an array of " +
                       facades::text_of(element())));
}

void Partd::flush_beyond_limit(std::size_t gathered) {
  if (gathered > buffer_size_) scope_.flush_pending();
}

bool Partd::iset(ByteView key, ByteView bytes) {
  require_whole_elements(key, bytes);
  if (firsts_.contains(key)) return false;
  // Whatever may want memory comes before the first change.
  const std::string packed = facades::pack_value(codec(), bytes);
  PartdBuffer& buffer = scope_.pending<PartdBuffer>();
  firsts_.insert(key, "");
  data_.put(key, packed);
  buffer.erase(key);  // what was appended before is replaced
  return true;
}

bool Partd::erase(ByteView key) {
  const bool waited = scope_.pending<PartdBuffer>().erase(key);
  const bool stored = data_.erase(key);
  firsts_.erase(key);
  return waited || stored;
}

void Partd::clear() {
  scope_.pending<PartdBuffer>().clear();
  data_.clear();
  firsts_.clear();
}

void Partd::check(const PartdView& partd, CheckSink& sink) {
  partd.check_values(sink);
  partd.check_marks(sink);
}

}  // namespace quire
