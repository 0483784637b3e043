#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quire/bytes.h>
#include <quire/database.h>
#include <quire/export.h>
#include <quire/file_system.h>
#include <quire/options.h>

/// Crash and error testing for programs that keep their data in Quire: a disk in memory that can
/// fail and lose power, and an explorer that tries every moment of a program's run. Link
/// quire::testing.

namespace quire {

namespace simulation {
class Disk;
class Simulation;
}  // namespace simulation

// ---- faults

/// A call of the simulated file system, as it is counted.
enum class FileOperation {
  open,
  create,
  read,
  write,
  sync,
  allocate,
  truncate,
  lock,
  status,
  rename,
  link,
  remove,
  list,
  sync_directory,
};

QUIRE_API std::string_view to_string(FileOperation operation) noexcept;

/// How a call fails. Each concerns only the calls that can fail so.
enum class FaultKind {
  io_error,        // any call: EIO, nothing done; of a sync nothing is lost, nothing saved
  interrupted,     // the same with EINTR
  partial_write,   // write, allocate: EIO after a part was done
  complete_write,  // write, allocate, truncate, rename, link, remove: EIO, though it was done
  no_space,        // create, write, allocate, rename, link: ENOSPC; a write may be done in part
  quota,           // the same with EDQUOT
  too_large,       // write, allocate, truncate: EFBIG; a write may be done in part
  read_only,       // create, write, allocate, truncate, rename, link, remove: EROFS
  access_denied,   // open, create, rename, link, remove: EACCES
  too_many_files,  // open, create: EMFILE
  // read:
  bad_sector,  // EIO, and so for each read of its first sector, until that is rewritten
  short_read,  // succeeds with less than there is, as if the file ended there
  wrong_read,  // succeeds with one bit wrong; the next read is right
  // A sync fails with EIO (Y1 to Y5, in this order), and the next one succeeds:
  sync_loses,         // nothing pending reaches the disk; reads go on returning it
  sync_reverts,       // the same, and reads return what the disk holds
  sync_reports_late,  // this one succeeds; the next of that file fails as sync_loses does
  sync_keeps_some,    // some of what is pending reaches the disk, the rest is lost
  sync_tells_each,    // as sync_loses; every other open of the file gets the error once too
  sync_no_space,      // as sync_keeps_some, with ENOSPC (Y6)
  // Any sync succeeds and does nothing, as one that was forgotten:
  sync_lies,
  // Before any call, which then succeeds, the system does what it may do at any time:
  write_back,  // some of what is pending reaches the disk
  evict,       // of files of which nothing is pending, reads return what the disk holds
};

/// In words, such as "a sync loses".
QUIRE_API std::string_view to_string(FaultKind kind) noexcept;

/// The first `count` calls that can fail so, from the call numbered `first_operation` on.
struct Fault {
  static constexpr std::uint64_t kForever = UINT64_MAX;
  FaultKind kind = FaultKind::io_error;
  std::uint64_t first_operation = 0;
  std::uint64_t count = 1;
};

struct FaultPlan {
  std::vector<Fault> faults = {};
};

/// Whether a fault of this kind can hit that call.
QUIRE_API bool can_fail(FaultKind kind, FileOperation operation) noexcept;

// ---- the disk, and the end of a machine

/// What a power cut may leave of a write that it interrupts, besides all or nothing.
enum class Tearing {
  blocks,      // any of its blocks of 4096 bytes: these are written as a whole
  sectors,     // any of its sectors of 512 bytes
  bytes,       // the same, and of a sector only the beginning or only the end
  garbage,     // the same as `sectors`, and anything in the place of a sector
  unreadable,  // the same as `sectors`, and sectors that cannot be read until they are rewritten
};

/// How bad a disk is, within what disks are known to do.
struct DiskProfile {
  Tearing tearing = Tearing::sectors;
  /// Of each block of 4096 bytes that a power cut finds being written in part, the rest may be
  /// garbage.
  bool spoils_blocks = false;
  /// sync_data() makes bytes durable, but not the length that reading them takes.
  bool data_sync_leaves_length = false;
  /// No sync does anything. Not a disk to keep data on.
  bool syncs_lie = false;
};

/// What an end of the process or of the power leaves of the changes that no sync has covered: for
/// each write (also each of its sectors of 512 bytes), each change of a size, each change of a
/// name, whether the disk has it.
class QUIRE_API CrashPolicy {
 public:
  /// The system goes on: nothing is lost, nothing is durable that was not, locks are free.
  static CrashPolicy process_death();
  static CrashPolicy lose_all();
  static CrashPolicy keep_all();
  static CrashPolicy keep_prefix(std::size_t count);
  static CrashPolicy keep_one(std::size_t index);
  static CrashPolicy drop_one(std::size_t index);
  /// Each kept with this probability; some torn as the disk's profile has it, some extended by
  /// garbage.
  static CrashPolicy random(std::uint64_t seed, double keep = 0.5);
  /// As printed by SimulatedFileSystem::decisions() or a CrashReport.
  static CrashPolicy replay(std::string decisions);

 private:
  friend class SimulatedFileSystem;
  enum class Kind { process, all_or_none, prefix, one, random, replay };
  Kind kind_ = Kind::process;
  bool keep_ = false;
  std::uint64_t number_ = 0;  // count, index or seed
  double probability_ = 0;
  std::string decisions_;
};

class SimulatedFileSystem;

/// What a disk may make of a file that nobody writes, for SimulatedFileSystem::damage(). Places are
/// byte offsets; nothing makes a file longer. A value, to be used any number of times.
class QUIRE_API Damage {
 public:
  /// `bit`: 0..7.
  static Damage flip_bit(std::uint64_t offset, unsigned bit);
  /// A sector of zeros, or of 0xff.
  static Damage fill(std::uint64_t offset, std::uint64_t length, std::byte value);
  /// A misdirected write: what lies at `from` lies at `to` as well.
  static Damage misdirect(std::uint64_t from, std::uint64_t to, std::uint64_t length);
  /// A lost write: these bytes are as they were in `older`, whose file of this name must have them.
  static Damage stale(const SimulatedFileSystem& older, const std::string& path,
                      std::uint64_t offset, std::uint64_t length);
  static Damage cut(std::uint64_t size);
  /// The whole file is as it was in `older`.
  static Damage replace(const SimulatedFileSystem& older, const std::string& path);

 private:
  friend class SimulatedFileSystem;
  enum class Kind { flip, overwrite, misdirect, cut, replace };
  Kind kind_ = Kind::flip;
  std::uint64_t offset_ = 0;  // or the size of what is cut
  std::uint64_t target_ = 0;
  std::uint64_t length_ = 0;
  std::byte mask_{};
  std::vector<std::byte> bytes_;
};

/// A call that is about to change the disk. Its views live until the watcher returns.
struct DiskCall {
  FileOperation operation;
  std::string_view path;    // canonical
  std::string_view target;  // rename, link: the new name
  std::uint64_t offset;     // write, allocate; truncate: the new size
  std::uint64_t length;     // write, allocate
  ByteView bytes;           // write
  /// As it is before the call; for Quire's own tests, which know what it is.
  const simulation::Disk& disk;
};

/// A file system in memory that tells what a sync has covered from what a power cut may lose.
///
/// A sync of a file makes durable what was written to it, its length included, before the call: not
/// its name and no other file. Only sync_directory() makes names durable; a rename from one
/// directory to another needs both, and may until then leave both names or none. Anything else may
/// reach the disk at any time or never, in any order. Directories need no making and there are no
/// symbolic links. Time, random bytes and chance follow from the seed, and start_thread() starts
/// none, so a program with one thread runs the same each time: a database does the work of its
/// threads one step after each commit. All calls are safe from several threads at once.
/// Files opened from it may outlive it.
class QUIRE_API SimulatedFileSystem final : public FileSystem {
 public:
  explicit SimulatedFileSystem(std::uint64_t seed = 1, FaultPlan plan = {},
                               const DiskProfile& profile = {});
  /// For the explorer.
  explicit SimulatedFileSystem(std::shared_ptr<simulation::Simulation> simulation) noexcept;
  ~SimulatedFileSystem() override;
  SimulatedFileSystem(const SimulatedFileSystem&) = delete;
  SimulatedFileSystem& operator=(const SimulatedFileSystem&) = delete;

  std::unique_ptr<File> open(const std::string& path, OpenMode how,
                             std::uint32_t mode = 0600) override;
  std::unique_ptr<File> open_unnamed(const std::string& directory) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::string canonical(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void link_without_replace(const std::string& existing, const std::string& name) override;
  void remove(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;
  void sync_directory(const std::string& directory) override;
  std::chrono::system_clock::time_point now() override;
  std::chrono::nanoseconds monotonic_now() override;
  void fill_random(std::span<std::byte> bytes) override;
  std::unique_ptr<Thread> start_thread(std::function<void()> body) override;

  /// What the machine finds after a crash at this moment; this object goes on unharmed.
  /// InvalidArgument if the policy names a change that is not pending.
  std::unique_ptr<SimulatedFileSystem> crash(const CrashPolicy& policy) const;
  /// How the policy would decide now, as text for CrashPolicy::replay().
  std::string decisions(const CrashPolicy& policy) const;
  /// The changes that a power cut now may lose, in words and in the order of the decisions.
  std::vector<std::string> pending() const;

  /// Calls so far; each is a moment to crash at, and a number for Fault::first_operation.
  std::uint64_t crash_points() const;
  /// What call `index` was. std::out_of_range from crash_points() on.
  FileOperation operation(std::uint64_t index) const;
  /// The same in words, such as "write /db-wal.000001 at 4096, 4096 bytes".
  std::string operation_name(std::uint64_t index) const;
  /// Calls that a fault of the plan has hit, in words.
  std::vector<std::string> injected() const;
  /// Sees each call that is about to change the disk, also one that a fault will hit. It must not use
  /// this object. The call goes on whatever it throws, which complaints() keeps.
  using Watcher = std::function<void(const DiskCall&)>;
  void watch(Watcher watcher);
  /// What watchers have thrown (derived from std::exception), behind the call in words.
  std::vector<std::string> complaints() const;

  static constexpr std::uint64_t kUnlimited = UINT64_MAX;
  /// All files together may take so many bytes from now on, each whole blocks of 4096, also where
  /// nothing was written; kUnlimited at first, and on the disk that crash() returns. What would take
  /// more is ENOSPC, a write after it has done what fits. Files that take more already stay.
  void set_capacity(std::uint64_t bytes);
  /// What they take now. A file that has no name any more counts until it is closed.
  std::uint64_t used_bytes() const;
  /// Forgets the plan and follows this one, whose operation numbers count from the beginning.
  void set_faults(FaultPlan plan);
  /// Damages a file, once nothing is pending of it, on the disk and in the cache. No call of a
  /// program: not counted, and no fault hits it. IoError if there is no such file;
  /// std::out_of_range for bytes that it does not have.
  void damage(const std::string& path, const Damage& damage);
  /// What a read of the whole file would return; not counted either. IoError if there is none.
  std::vector<std::byte> content(const std::string& path) const;

  /// Equal if names and contents are, and as much is pending.
  std::uint64_t image_hash() const;

 private:
  static std::string decisions_for(const simulation::Disk& disk, const CrashPolicy& policy);

  std::shared_ptr<simulation::Simulation> simulation_;
};

// ---- the explorer

/// A commit that a workload has announced.
struct CrashCommit {
  std::string note;
  /// commit() had returned before the crash, which must not have lost it.
  bool acknowledged = false;
  /// Acknowledged with Durability::relaxed, and nothing has made it durable yet: it must survive
  /// the death of the process. A power cut takes the acknowledgement back.
  bool relaxed = false;
};
/// In the order of announcement. A commit that is not acknowledged may be there or not.
using CrashHistory = std::vector<CrashCommit>;

/// What a workload works with: a disk, and a record of what it was promised.
class QUIRE_API CrashRun {
 public:
  using Announced = std::size_t;
  /// What this workload, or those before it on this disk, was promised.
  struct Promises {
    CrashHistory history;
    std::uint64_t least_seq = 0;  // the newest commit that was observed
    /// What is left of them when the power is cut: no relaxed commit is acknowledged any more.
    Promises after_power_cut() const;
  };

  /// `before`: what earlier runs on this disk were promised.
  CrashRun(SimulatedFileSystem& files, std::string path, Options options,
           std::shared_ptr<const Promises> before);
  ~CrashRun();
  CrashRun(const CrashRun&) = delete;
  CrashRun& operator=(const CrashRun&) = delete;

  SimulatedFileSystem& files() const noexcept;
  const std::string& path() const noexcept;
  /// CrashOptions::database, on files().
  const Options& options() const noexcept;
  Database open() const { return Database::open(path(), options()); }

  /// Crashes are tried from here on, not in what the workload has done before: for a workload that
  /// first makes something to work on. No effect where no crash is being explored.
  void start_trying();

  /// To be called before a commit (or whatever else must survive), with a note for the invariant.
  Announced announce(std::string note);
  /// To be called when it has returned. InvalidArgument if announce() has not returned `commit`.
  void acknowledge(Announced commit, Durability durability = Durability::immediate);
  /// Announces, commits, acknowledges; without `durability`, that of options(). What was
  /// acknowledged before an immediate commit is durable with it.
  void commit(Transaction& transaction, std::string note,
              std::optional<Durability> durability = std::nullopt);
  /// Database::sync(): what was acknowledged before is durable.
  void sync(Database& database);
  /// Somebody has seen commit number `seq`, or was told that it is durable: it must never go again.
  void observe(std::uint64_t seq);

  /// As of now, to keep: later changes go to a new object.
  std::shared_ptr<const Promises> promises() const;

  /// For the explorer: called by start_trying().
  void on_start_trying(std::function<void()> call);
  /// For the explorer: told in words of each commit that is announced, acknowledged or synced.
  void on_remark(std::function<void(std::string)> call);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using CrashWorkload = std::function<void(CrashRun&)>;
/// Throws (anything derived from std::exception) if the database is not as it should be.
using CrashInvariant = std::function<void(Database&, const CrashHistory&)>;

struct CrashOptions {
  std::uint64_t seed = 1;
  std::string path = "/crash.quire";
  /// For every open; file_system is set by the explorer.
  Options database = {};
  /// Ways to lose power tried at each moment of the workload.
  std::size_t images_per_point = 40;
  /// Of so many distinct images one is recovered under observation, and power is cut again at each
  /// moment of that recovery. 0: none.
  std::size_t recover_one_in = 16;
  /// Ways to lose power tried at each moment of a recovery.
  std::size_t images_per_recovery_point = 4;
  /// Crashes one after the other: 1, none in recovery; 2, in recovery; 3, in the recovery of that.
  std::size_t depth = 2;
  DiskProfile disk = {};
  /// Of the workload; its reopenings meet no fault. With FaultKind::sync_lies it shows whether a
  /// sync is needed: without one that is, some crash must fail.
  FaultPlan faults = {};
  /// Stop after this many images.
  std::uint64_t max_images = UINT64_MAX;
  /// Called with each reopened database after the invariant; part of the recovery when that is cut.
  /// Announces what it commits. nullptr: a blob "quire crash probe" is made and dropped again.
  std::function<void(CrashRun&, Database&)> afterwards = {};
  /// Makes a watcher for the workload, and one for each reopening. A run that one complains of has
  /// failed, crash or not.
  std::function<SimulatedFileSystem::Watcher()> watch = {};
  /// Only this case, as CrashFailure::reproduction tells it, with the seed that it names.
  /// InvalidArgument for any other text, and for a case that this workload does not have.
  std::string reproduce = {};
};

struct CrashFailure {
  std::string message;  // what the invariant, or the recovery, has thrown
  /// One line for CrashOptions::reproduce: the seed, and for each crash the call before which it
  /// comes ("+": within which) and what becomes of each pending change. Holds as long as program,
  /// `database`, `disk` and `faults` are the same; budgets do not matter.
  std::string reproduction;
  /// What has happened, a line each, the same whenever the case is tried: before each crash the last
  /// calls, with the commits that were announced ("-- ...") among them; then what became of each
  /// pending change (of a torn write, sector by sector: as in the reproduction); at the end what
  /// commits were promised.
  std::vector<std::string> story;
};

struct QUIRE_API CrashReport {
  std::uint64_t operations = 0;       // calls of the workload
  std::uint64_t points = 0;           // moments at which power was cut
  std::uint64_t recovery_points = 0;  // of them within a recovery
  std::uint64_t images = 0;           // distinct disks that were reopened and checked
  std::uint64_t recovery_images = 0;  // of them after a crash within a recovery
  std::uint64_t duplicates = 0;       // disks that had been checked before
  std::uint64_t announced = 0;        // commits that the workload has announced
  std::uint64_t acknowledged = 0;     // of them acknowledged when it had ended
  std::uint64_t injected_faults = 0;  // calls of the workload that a fault has hit
  std::optional<CrashFailure> failure;

  bool ok() const noexcept { return !failure; }
  /// One line of counts, which says so if no commit was announced; with a failure, its story too.
  std::string summary() const;
};

/// Runs the workload once on a simulated disk, then cuts the power before every call that changes
/// the disk, in many ways each, and also kills the process there. Whatever that leaves is opened,
/// must pass check(), and goes to the invariant with what had been announced and acknowledged. Ends
/// with the first failure, whose reproduction is made as small as it stays a failure. What the
/// workload itself throws comes out as it is; what a watcher complains of in it, as a
/// std::runtime_error. InvalidArgument if the workload does not use the simulated disk at all. That
/// commits survive is asked only of those that it announces.
QUIRE_API CrashReport explore_crashes(const CrashWorkload& workload,
                                      const CrashInvariant& invariant,
                                      const CrashOptions& options = {});

/// The same for a program that uses the files itself: `reopen` opens what is there and throws if it
/// is not as run.promises() says.
QUIRE_API CrashReport explore_program_crashes(const CrashWorkload& workload,
                                              const CrashWorkload& reopen,
                                              const CrashOptions& options = {});

}  // namespace quire
