#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <quire/export.h>

namespace quire {

enum class ErrorCode {
  io,
  corruption,
  format,
  locked,
  not_found,
  key_exists,
  type_mismatch,
  invalid_argument,
  read_only,
  out_of_space,
  unsafe_access,
  closed,
};

/// The name of a code as it stands in JSON and logs, such as "key_exists".
QUIRE_API std::string_view to_string(ErrorCode code) noexcept;

/// Base of every error that Quire throws. what() names the file, then the collection, then what is
/// wrong and what to do about it: "shop.quire: collection 'users': ...", on one line, with control
/// characters as "\x0a". Copying never throws.
class QUIRE_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);

  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override;

  /// What is wrong, without file and collection.
  std::string_view message() const noexcept;
  /// The database file, or empty where none is known.
  std::string_view file() const noexcept;
  /// The collection, or empty where none is at fault.
  std::string_view collection() const noexcept;

  /// Adds what a lower layer could not know; what is set already stays. Call it before rethrowing
  /// with `throw;`.
  void add_file(std::string_view path);
  void add_collection(std::string_view name);

 private:
  struct Context;
  ErrorCode code_;
  std::shared_ptr<const Context> context_;
};

/// A call of the operating system failed, or an earlier failure has poisoned the database: after a
/// failed write or sync it takes no commit until it is opened again, and reads go on.
class QUIRE_API IoError : public Error {
 public:
  /// `operation` is the call, as "pwrite"; `error_number` an errno value or 0.
  IoError(std::string operation, std::string path, int error_number, std::string advice = {});

  int error_number() const noexcept { return error_number_; }
  const std::string& path() const noexcept { return *path_; }
  const std::string& operation() const noexcept { return *operation_; }

  /// True if a commit was under way and may or may not survive: open the database again to find
  /// out. False: there is no such commit, now or later.
  bool outcome_unknown() const noexcept { return outcome_unknown_; }
  void set_outcome_unknown() noexcept { outcome_unknown_ = true; }

 private:
  std::shared_ptr<const std::string> operation_;
  std::shared_ptr<const std::string> path_;
  int error_number_;
  bool outcome_unknown_ = false;
};

/// Bytes in the database or its log are not what was written. Nothing that failed a check is ever
/// returned as data.
class QUIRE_API CorruptionError : public Error {
 public:
  static constexpr std::uint32_t kNoPage = UINT32_MAX;

  /// `page` is a page number of the database file, or kNoPage (then `where` says what was read, as
  /// "segment 3"). `advice` says what to do, if that is not to restore a backup or salvage.
  CorruptionError(std::uint32_t page, std::string field, std::string expected, std::string found);
  CorruptionError(std::string where, std::string field, std::string expected, std::string found,
                  std::string advice = {});

  std::uint32_t page() const noexcept { return page_; }
  const std::string& field() const noexcept { return *field_; }
  /// As message(), without what to do about it: for reports, which say that once for all.
  const std::string& finding() const noexcept { return *finding_; }

 private:
  CorruptionError(std::shared_ptr<const std::string> finding, std::uint32_t page,
                  const std::string& field, const std::string& advice);

  std::uint32_t page_;
  std::shared_ptr<const std::string> field_;
  std::shared_ptr<const std::string> finding_;
};

/// The file is not a Quire database, or one that this version cannot read.
class QUIRE_API FormatError : public Error {
 public:
  enum class Reason { not_quire, newer };
  FormatError(Reason reason, const std::string& message)
      : Error(ErrorCode::format, message), reason_(reason) {}
  Reason reason() const noexcept { return reason_; }

 private:
  Reason reason_;
};

/// Another process, or this one, has the database open.
class QUIRE_API LockedError : public Error {
 public:
  explicit LockedError(const std::string& message) : Error(ErrorCode::locked, message) {}
};

/// A file, collection or key that must exist does not.
class QUIRE_API NotFound : public Error {
 public:
  explicit NotFound(const std::string& message) : Error(ErrorCode::not_found, message) {}
};

/// What is to be made exists already.
class QUIRE_API KeyExists : public Error {
 public:
  explicit KeyExists(const std::string& message) : Error(ErrorCode::key_exists, message) {}
};

/// A collection of that name exists and is of another kind.
class QUIRE_API TypeMismatch : public Error {
 public:
  explicit TypeMismatch(const std::string& message) : Error(ErrorCode::type_mismatch, message) {}
};

/// The caller asked for what cannot be done; nothing was changed.
class QUIRE_API InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message)
      : Error(ErrorCode::invalid_argument, message) {}
};

/// A database that was opened with Options::read_only is to be changed.
class QUIRE_API ReadOnlyError : public Error {
 public:
  explicit ReadOnlyError(const std::string& message) : Error(ErrorCode::read_only, message) {}
};

/// No room on the disk, in memory (Options::cache_size) or within a limit of the format. Thrown by
/// commit(), it has rolled the transaction back; by a change, it has stopped that half-way: roll
/// back, also to a savepoint. The database goes on.
class QUIRE_API OutOfSpace : public Error {
 public:
  explicit OutOfSpace(const std::string& message) : Error(ErrorCode::out_of_space, message) {}
};

/// The call would harm what others use, such as dropping the open segment of a flat file.
class QUIRE_API UnsafeAccess : public Error {
 public:
  explicit UnsafeAccess(const std::string& message) : Error(ErrorCode::unsafe_access, message) {}
};

/// The database, transaction or snapshot behind this object has ended, or the object was moved
/// from, or the call is made in a child that fork() has made.
class QUIRE_API ClosedError : public Error {
 public:
  explicit ClosedError(const std::string& message) : Error(ErrorCode::closed, message) {}
};

}  // namespace quire
