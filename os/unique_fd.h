#pragma once

#include <unistd.h>

#include <utility>

namespace quire::os {

/// Owns one file descriptor, or none (-1). Move-only; the destructor closes. An error of close is
/// ignored: whatever must survive was synced before. Not safe to change from several threads.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    UniqueFd(std::move(other)).swap(*this);
    return *this;
  }
  ~UniqueFd() {
    // Linux has released the number even when close says EINTR; a second close could hit another
    // thread's file.
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void swap(UniqueFd& other) noexcept { std::swap(fd_, other.fd_); }

 private:
  int fd_ = -1;
};

}  // namespace quire::os
