#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quire::schedule {

/// Where a run departs from what the scheduler does by itself, which is to let a thread go on until
/// it must wait, and then the next one in a circle.
struct Departure {
  std::uint32_t decision = 0;  // counted from the beginning of the run
  std::uint8_t thread = 0;     // who goes on there
  friend bool operator==(const Departure&, const Departure&) = default;
};

/// Which of all interleavings a run is, by ascending decisions. Without departures: the default one.
using Schedule = std::vector<Departure>;

/// "17:2 90:0"; "default" without departures.
std::string to_string(const Schedule& schedule);
/// The reverse. std::invalid_argument if it is not one.
Schedule parse_schedule(std::string_view text);

/// What a thread is about to do, where the scheduler may have another one go on.
enum class Act : std::uint8_t { begin, lock, wait, notify, read, change, sleep, join, yield };

std::string_view to_string(Act act);

/// A choice that the scheduler had.
struct Decision {
  const void* object = nullptr;  // what the thread is about to use
  Act act = Act::begin;
  std::uint8_t thread = 0;        // who came to it
  std::uint8_t next = 0;          // who goes on
  bool is_blocked = false;        // `thread` cannot go on itself
  std::uint32_t choices = 0;      // a bit for each thread that can
  std::uint32_t done_before = 0;  // how many steps had been made
};

/// Something that a thread has done, in the order in which it was done.
struct Step {
  const void* object = nullptr;
  Act act = Act::begin;
  std::uint8_t thread = 0;
  bool changes() const noexcept { return act != Act::read; }
};

/// What became of a run.
struct Outcome {
  std::string failure;  // empty: none; else what, and where each thread was
  std::vector<Decision> decisions;
  std::vector<Step> steps;
};

/// Equal for runs that differ only in the order of steps which have nothing to do with one another:
/// a hash of who did what to an object before whom. Addresses do not count.
std::uint64_t order_of(const std::vector<Step>& steps);

}  // namespace quire::schedule
