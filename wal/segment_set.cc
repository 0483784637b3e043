#include "wal/segment_set.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include <quire/error.h>

#include "base/hex.h"
#include "base/sabotage.h"

namespace quire::wal {
namespace {

constexpr std::string_view kSegmentInfix = "-wal.";
constexpr std::string_view kTemporaryInfix = "-wal-new.";
constexpr std::string_view kAsideInfix = "-wal-aside.";
constexpr std::size_t kMinDigits = 6;
constexpr std::size_t kRandomBytes = 8;  // of a temporary name
constexpr std::size_t kZerosPerWrite = std::size_t{1} << 20;

std::string six_digits(std::uint32_t no) {
  const std::string digits = std::to_string(no);
  return std::string(kMinDigits - std::min(kMinDigits, digits.size()), '0') + digits;
}

/// The number that `digits` is the canonical form of.
std::optional<std::uint32_t> parse_number(std::string_view digits) {
  std::uint32_t no = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), no);
  if (error != std::errc() || no == 0 || six_digits(no) != digits) return std::nullopt;
  return no;
}

/// Too many files are open. Only what opens one fails so, before it has done anything.
bool is_descriptor_missing(int error_number) {
  return error_number == EMFILE || error_number == ENFILE;
}

bool is_no_room(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG ||
         error_number == ENOMEM || is_descriptor_missing(error_number);
}

[[noreturn]] void tell_no_room(const IoError& error) {
  throw OutOfSpace(std::string("no room for a log segment: ") + error.what());
}

}  // namespace

SegmentSet::SegmentSet(FileSystem& file_system, const std::string& database_path,
                       std::uint32_t mode)
    : file_system_(&file_system), mode_(mode) {
  const std::size_t slash = database_path.rfind('/');
  name_ = slash == std::string::npos ? database_path : database_path.substr(slash + 1);
  directory_ =
      slash == std::string::npos ? "." : database_path.substr(0, std::max<std::size_t>(slash, 1));
  if (name_.empty()) throw InvalidArgument("a database path must end in a file name");
}

std::string SegmentSet::sibling(std::string_view name) const {
  std::string path = directory_;
  if (path != "/") path += '/';
  path += name;
  return path;
}

std::string SegmentSet::path(std::uint32_t no) const {
  return sibling(name_ + std::string(kSegmentInfix) + six_digits(no));
}

std::vector<std::uint32_t> SegmentSet::numbers() const {
  const std::string prefix = name_ + std::string(kSegmentInfix);
  std::vector<std::uint32_t> found;
  for (const std::string& name : file_system_->list(directory_)) {
    if (!name.starts_with(prefix)) continue;
    const auto no = parse_number(std::string_view(name).substr(prefix.size()));
    if (!no) continue;
    const auto status = file_system_->status(sibling(name));
    if (status && status->kind == FileKind::regular) found.push_back(*no);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::unique_ptr<File> SegmentSet::open(std::uint32_t no, OpenMode how) const {
  const std::string name = path(no);
  if (!file_system_->status(name)) return nullptr;
  return file_system_->open(name, how);
}

std::unique_ptr<File> SegmentSet::create_temporary() const {
  std::array<std::uint8_t, kRandomBytes> random;
  file_system_->fill_random(std::as_writable_bytes(std::span(random)));
  try {
    return file_system_->open(sibling(name_ + std::string(kTemporaryInfix) + to_hex(random)),
                              OpenMode::create, mode_);
  } catch (const IoError& error) {
    if (is_no_room(error.error_number())) tell_no_room(error);
    throw;
  }
}

void SegmentSet::fill(File& file, ByteView head, std::uint64_t bytes) const {
  // Zeros are written, not only allocated: the first write into blocks that were merely allocated
  // changes metadata, and costs a commit as much as growing the file would.
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(bytes, kZerosPerWrite));
  if (!head.empty()) file.write_at(0, head);
  for (std::uint64_t at = head.size(); at < bytes;) {
    const std::size_t count = std::min<std::uint64_t>(bytes - at, zeros.size());
    file.write_at(at, ByteView(zeros).sub(0, count));
    at += count;
  }
  if (!is_sabotaged(Sabotage::new_segment_sync)) file.sync_all();
}

std::unique_ptr<File> SegmentSet::publish(std::unique_ptr<File> temporary, std::uint32_t no,
                                          ByteView head, std::uint64_t bytes) const {
  const std::string from = temporary->path();
  const std::string to = path(no);
  try {
    fill(*temporary, head, bytes);
    // A crash before the rename leaves a temporary file, which the next open removes.
    if (file_system_->status(to)) throw IoError("rename", to, EEXIST);
    file_system_->rename(from, to);
  } catch (const std::exception& failure) {
    temporary.reset();
    try {
      file_system_->remove(from);
    } catch (const Error&) {
      // It stays until the next open; what failed first is what the caller needs to know.
    }
    const auto* io = dynamic_cast<const IoError*>(&failure);
    if (io != nullptr && is_no_room(io->error_number())) tell_no_room(*io);
    throw;
  }
  temporary.reset();  // its path() is the old name
  return open_named(no);
}

/// A segment that has just been given its name.
std::unique_ptr<File> SegmentSet::open_named(std::uint32_t no) const {
  try {
    // A crash before this sync may lose the name; nothing has been written that would need it.
    if (!is_sabotaged(Sabotage::new_segment_name_sync)) sync_directory();
    return file_system_->open(path(no), OpenMode::read_write);
  } catch (const IoError& error) {
    if (!is_descriptor_missing(error.error_number())) throw;
    // Whether a crash keeps the name or not: nothing leads to it.
    remove(no);
    tell_no_room(error);
  }
}

void SegmentSet::remove(std::uint32_t no) const { file_system_->remove(path(no)); }

std::string SegmentSet::set_aside(std::uint32_t no, const Uuid& log_id) const {
  const std::string base =
      sibling(name_ + std::string(kAsideInfix) + to_hex(log_id) + "." + six_digits(no));
  std::string name = base;
  for (int suffix = 2;; ++suffix) {
    try {
      file_system_->link_without_replace(path(no), name);
      break;
    } catch (const IoError& error) {
      if (error.error_number() != EEXIST || suffix == std::numeric_limits<int>::max()) throw;
      name = base + "-" + std::to_string(suffix);
    }
  }
  // A power cut may keep the removal of the old name and lose the new one, unless that is synced
  // first. A crash here leaves two names for one file: the next open sets the old one aside again.
  if (!is_sabotaged(Sabotage::name_set_aside_sync)) sync_directory();
  file_system_->remove(path(no));
  return name;
}

void SegmentSet::remove_temporaries() const {
  const std::string prefix = name_ + std::string(kTemporaryInfix);
  for (const std::string& name : file_system_->list(directory_)) {
    // Only names that create_temporary() makes: a user's file may begin alike.
    if (!name.starts_with(prefix)) continue;
    if (is_hex(std::string_view(name).substr(prefix.size()), kRandomBytes)) {
      file_system_->remove(sibling(name));
    }
  }
}

void SegmentSet::sync_directory() const { file_system_->sync_directory(directory_); }

}  // namespace quire::wal
