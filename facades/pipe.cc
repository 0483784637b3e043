#include <quire/pipe.h>

#include <utility>

#include <quire/error.h>

#include "facades/pipe_appender.h"
#include "facades/stored_pipe.h"
#include "facades/zstd_stream.h"

namespace quire {

using facades::fail;
using facades::PipeSettings;
using facades::StoredPipe;
using facades::WritablePipe;

namespace {

void require_valid(const ReadScope& scope, const PipeOptions& options) {
  const int least = facades::least_level();
  const int greatest = facades::greatest_level();
  if (options.compression_level < least || options.compression_level > greatest) {
    fail(scope,
         InvalidArgument("compression_level is " + std::to_string(options.compression_level) +
                         "; it must be from " + std::to_string(least) + " to " +
                         std::to_string(greatest) + ", and 0 for no compression"));
  }
  if (options.dictionary.size() > facades::kMaxDictionaryBytes) {
    fail(scope, InvalidArgument("dictionary has " + std::to_string(options.dictionary.size()) +
                                " bytes; it may have up to " +
                                std::to_string(facades::kMaxDictionaryBytes)));
  }
  if (!options.dictionary.empty() && !facades::UnpackingDictionary::make(options.dictionary)) {
    fail(scope, InvalidArgument("dictionary begins like one that zstd has made, but is "
                                "damaged; make it anew with Pipe::train_dictionary()"));
  }
}

void make_children(WriteScope& scope, const PipeOptions& options) {
  namespace child = facades::pipe_child;
  scope.child<Blob>(child::kContent);
  scope.child<List>(child::kOrder);
  scope.child<Hash>(child::kKeys);
  scope.child<Blob>(child::kState).write(0, facades::format_bytes(facades::PipeState()));
  if (!options.dictionary.empty()) {
    scope.child<Blob>(child::kDictionary).write(0, options.dictionary);
  }
  PipeSettings settings;
  settings.version = PipeSettings::kVersion;
  settings.compression_level = static_cast<std::uint32_t>(options.compression_level);
  settings.dictionary_bytes = static_cast<std::uint32_t>(options.dictionary.size());
  scope.set_options(facades::format_bytes(settings));
}

void require_equal(const StoredPipe& pipe, const PipeOptions& given) {
  const int level = pipe.settings.level();
  if (given.compression_level != level) {
    fail(pipe.scope,
         InvalidArgument("compression_level is " + std::to_string(given.compression_level) +
                         ", but the pipe was made with " + std::to_string(level) +
                         "; open it without options"));
  }
  const std::uint32_t size = pipe.settings.dictionary_bytes;
  const bool is_same = size == given.dictionary.size() &&
                       (size == 0 || pipe.dictionary() == ByteView(given.dictionary));
  if (is_same) return;
  fail(pipe.scope, InvalidArgument("dictionary has " + std::to_string(given.dictionary.size()) +
                                   " bytes, but the pipe was made with another one, of " +
                                   std::to_string(size) + " bytes; open it without options"));
}

std::shared_ptr<WritablePipe> opened(WriteScope& scope, const PipeOptions& options) {
  if (scope.created()) {
    require_valid(scope, options);
    make_children(scope, options);
  }
  auto pipe = std::make_shared<WritablePipe>(scope);
  if (scope.must_match()) require_equal(*pipe, options);
  return pipe;
}

}  // namespace

// ---- reading

PipeView::PipeView(const ReadScope& scope) : stored_(std::make_shared<StoredPipe>(scope)) {}

PipeView::PipeView(std::shared_ptr<const StoredPipe> stored) noexcept
    : stored_(std::move(stored)) {}

std::string_view PipeView::name() const noexcept {
  return stored_ ? stored_->scope.name() : std::string_view();
}

std::uint64_t PipeView::size() const { return stored_->order.size(); }

bool PipeView::contains(ByteView key) const { return stored_->keys.contains(key); }

Block PipeView::block(ByteView key) const {
  const auto index = stored_->index_of(key);
  if (!index) {
    fail(stored_->scope, NotFound("there is no block " + facades::shown_key(key)));
  }
  return Block(stored_.shared(), std::make_shared<facades::StoredBlock>(stored_->at(*index)));
}

PipeView::Iterator PipeView::find(ByteView key) const {
  const auto index = stored_->index_of(key);
  return Iterator(stored_.shared(), index ? *index : size());
}

std::vector<Value> PipeView::keys() const {
  std::vector<Value> keys;
  for (const Block& block : *this) keys.push_back(Value::copy(block.key()));
  return keys;
}

PipeView::Iterator PipeView::begin() const { return Iterator(stored_.shared(), 0); }

PipeOptions PipeView::options() const {
  PipeOptions options;
  options.compression_level = stored_->settings.level();
  if (stored_->settings.dictionary_bytes > 0) {
    const Value dictionary = stored_->dictionary();
    options.dictionary.assign(dictionary.bytes().begin(), dictionary.bytes().end());
  }
  return options;
}

PipeView::Iterator::Iterator(std::shared_ptr<const StoredPipe> pipe, std::uint64_t index)
    : pipe_(std::move(pipe)),
      index_(index),
      least_id_(index),
      place_(pipe_->order.begin() + static_cast<std::ptrdiff_t>(index)),
      end_(pipe_->order.end()) {
  read();
}

PipeView::Iterator& PipeView::Iterator::operator++() {
  ++place_;
  ++index_;
  read();
  return *this;
}

void PipeView::Iterator::read() {
  if (place_ == end_) return;
  try {
    const auto block =
        std::make_shared<const facades::StoredBlock>(pipe_->block_of(*place_, index_, least_id_));
    least_id_ = block->entry.id + 1;
    block_ = Block(pipe_.shared(), block);
  } catch (const InvalidArgument&) {
    fail(pipe_->scope, InvalidArgument("a block was added or removed during an iteration "
                                       "over the blocks; begin a new one"));
  }
}

// ---- writing

Pipe::Pipe(WriteScope& scope, const PipeOptions& options) : Pipe(opened(scope, options)) {}

Pipe::Pipe(std::shared_ptr<WritablePipe> pipe) : PipeView(pipe), writable_(std::move(pipe)) {}

BlockWriter Pipe::begin_block(ByteView key) {
  const StoredPipe& pipe = *writable_;
  if (pipe.is_being_written(pipe.state())) {
    fail(pipe.scope, InvalidArgument("a block is being written; finish() or destroy its "
                                     "writer before you begin block " +
                                     facades::shown_key(key)));
  }
  if (contains(key)) {
    fail(pipe.scope, KeyExists("there is a block " + facades::shown_key(key) +
                               " already; remove it first, or choose another key"));
  }
  return BlockWriter(std::make_unique<facades::PipeAppender>(writable_.shared(), key));
}

bool Pipe::remove(ByteView key) {
  WritablePipe& pipe = *writable_;
  const auto index = pipe.index_of(key);
  if (!index) return false;
  const facades::PipeEntry entry = pipe.at(*index).entry;
  pipe.changing_order.erase(*index);
  pipe.changing_keys.erase(key);
  pipe.changing_content.punch(entry.offset, entry.stored_bytes);
  if (!pipe.is_being_written(pipe.state())) pipe.cut_tail();
  return true;
}

std::vector<std::byte> Pipe::train_dictionary(std::span<const ByteView> samples, std::size_t size) {
  return facades::train_dictionary(samples, size);
}

BlockWriter::BlockWriter(std::unique_ptr<facades::PipeAppender> appender) noexcept
    : appender_(std::move(appender)) {}

BlockWriter::BlockWriter(BlockWriter&&) noexcept = default;
BlockWriter& BlockWriter::operator=(BlockWriter&&) noexcept = default;
BlockWriter::~BlockWriter() = default;

facades::PipeAppender& BlockWriter::appender() const {
  if (appender_) return *appender_;
  throw ClosedError("this writer has finished its block, or was moved from; begin another block");
}

void BlockWriter::append(ByteView key, ByteView value) { appender().append(key, value); }

void BlockWriter::finish() {
  appender().finish();
  appender_.reset();
}

}  // namespace quire
