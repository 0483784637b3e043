#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quire::bench {

/// Says whether the measuring should end now. Any thread may call it at any time.
using StopFunction = std::function<bool()>;

/// One thing that was measured; what does not apply is 0.
struct Measurement {
  std::string name;
  std::string item;  // what is counted, in the plural
  double items_per_second = 0;
  double bytes_per_second = 0;  // of keys and values
  double commits_per_sync = 0;
  std::string peer = {};  // the row of the same work done by something else
  double times_peer = 0;  // items a second over those of the peer
  std::string note = {};  // what else is to be said of the row
};

/// Quick figures of this machine and disk.
struct Figures {
  std::uint64_t entries = 0;          // that were loaded
  std::uint64_t bytes_per_entry = 0;  // key and value
  std::vector<Measurement> measurements;
  double written_per_byte = 0;  // bytes to the log and the file for each of the entries' bytes
  double space_per_byte = 0;    // bytes of the file for each of them
};

/// Makes a database in `directory`, loads it, reads it, and puts into it durably with 1 and with 16
/// threads, each for about `seconds`. Throws what the database throws, or std::runtime_error with
/// its message; also when `stop` says so. The database is left there, closed or not.
Figures measure_all(const std::string& directory, double seconds, const StopFunction& stop);

}  // namespace quire::bench
