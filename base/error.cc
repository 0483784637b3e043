#include <quire/error.h>

#include <cstring>
#include <system_error>
#include <utility>

namespace quire {
namespace {

/// `text` with control characters as "\x0a": names and paths are any bytes, a NUL would cut
/// what() short, and a message is one line.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7f) {
      line += character;
    } else {
      line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return line;
}

}  // namespace

struct Error::Context {
  std::string message;
  std::string file;
  std::string collection;
  std::string text;  // what()

  Context(std::string message_in, std::string file_in, std::string collection_in)
      : message(std::move(message_in)),
        file(std::move(file_in)),
        collection(std::move(collection_in)) {
    if (!file.empty()) text += file + ": ";
    if (!collection.empty()) text += "collection '" + collection + "': ";
    text = on_one_line(text + message);
  }
};

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::io:
      return "io";
    case ErrorCode::corruption:
      return "corruption";
    case ErrorCode::format:
      return "format";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::key_exists:
      return "key_exists";
    case ErrorCode::type_mismatch:
      return "type_mismatch";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::read_only:
      return "read_only";
    case ErrorCode::out_of_space:
      return "out_of_space";
    case ErrorCode::unsafe_access:
      return "unsafe_access";
    case ErrorCode::closed:
      return "closed";
  }
  return "unknown";
}

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(message),
      code_(code),
      context_(std::make_shared<const Context>(message, std::string(), std::string())) {}

const char* Error::what() const noexcept { return context_->text.c_str(); }
std::string_view Error::message() const noexcept { return context_->message; }
std::string_view Error::file() const noexcept { return context_->file; }
std::string_view Error::collection() const noexcept { return context_->collection; }

void Error::add_file(std::string_view path) {
  if (!context_->file.empty()) return;
  context_ =
      std::make_shared<const Context>(context_->message, std::string(path), context_->collection);
}

void Error::add_collection(std::string_view name) {
  if (!context_->collection.empty()) return;
  context_ = std::make_shared<const Context>(context_->message, context_->file, std::string(name));
}

namespace {

std::string io_message(const std::string& operation, const std::string& path, int error_number,
                       const std::string& advice) {
  std::string text = operation;
  if (!path.empty()) text += " '" + path + "'";
  if (error_number != 0) text += ": " + std::generic_category().message(error_number);
  if (!advice.empty()) text += "; " + advice;
  return text;
}

constexpr const char* kDamagedDatabase =
    "restore a backup, or bring what is left into a new database with `quire salvage`";

std::shared_ptr<const std::string> mismatch_text(const std::string& where, const std::string& field,
                                                 const std::string& expected,
                                                 const std::string& found) {
  return std::make_shared<const std::string>(where + ": " + field + ": expected " + expected +
                                             ", found " + found);
}

}  // namespace

IoError::IoError(std::string operation, std::string path, int error_number, std::string advice)
    : Error(ErrorCode::io, io_message(operation, path, error_number, advice)),
      operation_(std::make_shared<const std::string>(std::move(operation))),
      path_(std::make_shared<const std::string>(std::move(path))),
      error_number_(error_number) {}

CorruptionError::CorruptionError(std::uint32_t page, std::string field, std::string expected,
                                 std::string found)
    : CorruptionError(mismatch_text("page " + std::to_string(page), field, expected, found), page,
                      field, kDamagedDatabase) {}

CorruptionError::CorruptionError(std::string where, std::string field, std::string expected,
                                 std::string found, std::string advice)
    : CorruptionError(mismatch_text(where, field, expected, found), kNoPage, field,
                      advice.empty() ? kDamagedDatabase : advice) {}

CorruptionError::CorruptionError(std::shared_ptr<const std::string> finding, std::uint32_t page,
                                 const std::string& field, const std::string& advice)
    : Error(ErrorCode::corruption, *finding + "; " + advice),
      page_(page),
      field_(std::make_shared<const std::string>(field)),
      finding_(std::move(finding)) {}

}  // namespace quire
