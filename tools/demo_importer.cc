#include "tools/demo_importer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <vector>

#include "tools/demo_content.h"
#include "tools/demo_directories.h"
#include "tools/demo_plan.h"
#include "tools/demo_reader.h"
#include "tools/demo_words.h"
#include "tools/held_snapshot.h"
#include "tools/interrupt.h"
#include "tools/output.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

// A transaction ends with the file that brings it to either limit.
constexpr std::uint64_t kBatchFiles = 8;
constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 20;

// The file as it is now, or nothing if it has become unreadable since the plan was made.
std::optional<SourceFile> read_if_possible(const std::string& path) {
  try {
    return read_source_file(path, UINT64_MAX);
  } catch (const IoError&) {
    return std::nullopt;
  }
}

void store(Transaction& transaction, const std::string& path, DemoProgress& progress) {
  PathRecord record;
  if (const std::optional<SourceFile> file = read_if_possible(path)) {
    record.number = static_cast<std::uint32_t>(progress.files + 1);
    record.mode = file->mode;
    record.size = file->content.size();
    record.mtime_ns = file->mtime_ns;
    transaction.create<Blob>(demo_blob_name(record.number)).append(file->content);
    WordsByKey words;
    progress.words += add_words(file->content, words);
    transaction.open<Partd>(kDemoWords).append(words);
  }
  transaction.open<Records<PathRecord>>(kDemoPaths).put(path, record);
  transaction.open<List>(kDemoArrivals).push_back(path);
  ++progress.files;
  progress.bytes += record.size;
}

// Returns the number of the commit.
std::uint64_t import_batch(Database& database, const std::vector<std::string>& paths,
                           const DemoDirectories& directories, DemoProgress& progress) {
  Transaction transaction = database.begin();
  transaction.open<Pipe>(kDemoDirectories);
  transaction.open<Partd>(kDemoWords, {.codec = Codec::zstd});
  const DemoProgress before = progress;
  while (progress.files < paths.size() && progress.files < before.files + kBatchFiles &&
         progress.bytes < before.bytes + kBatchBytes) {
    const auto& completed = directories.completed_by(progress.files);
    store(transaction, paths[progress.files], progress);
    if (completed.empty()) continue;
    directories.store(transaction, completed);
    ++progress.directories;
  }
  ++progress.transactions;
  write_progress(transaction, progress);
  return transaction.commit();
}

// One write, so that a line is there as a whole or not at all. If the supervisor is gone, SIGPIPE
// ends this process.
void tell(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw IoError("write", "acknowledgement", errno);
  }
}

// The words of a line that the importer tells: kDone or kHeld, then numbers.
constexpr std::string_view kDone = "done";
constexpr std::string_view kHeld = "held";

// Returns what the reader has found wrong, or "".
std::string import_all(Database& database, const std::vector<std::string>& paths) {
  DemoReader reader(database);
  const DemoDirectories directories(paths);
  DemoProgress progress = read_progress(database.snapshot());
  while (progress.files < paths.size() && reader.problem().empty()) {
    const std::uint64_t seq = import_batch(database, paths, directories, progress);
    tell(fmt::format("{} {} {} {}\n", kDone, seq, progress.files, reader.snapshots()));
  }
  return reader.problem();
}

// Returns what is wrong, or "".
std::string read_again(const HeldSnapshot& held) {
  if (!held.reads_the_same()) {
    return fmt::format("the snapshot of commit {} does not read as it did at first", held.seq());
  }
  tell(fmt::format("{} {} {} {}\n", kHeld, held.seq(), held.content().files, held.content().bytes));
  return {};
}

pid_t spawn_self(const std::vector<std::string>& arguments, int standard_output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  // A process group of its own: Ctrl-C is for the supervisor, which ends the importer.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failure =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw IoError("posix_spawn", "/proc/self/exe", failure);
  return pid;
}

}  // namespace

ExitCode run_demo_importer(const std::string& database_path, const std::string& plan_path,
                           bool holds_snapshot) {
  const std::vector<std::string> paths = load_paths(plan_path);
  Database database = open_demo_database(database_path);
  std::optional<HeldSnapshot> held;
  if (holds_snapshot) held.emplace(database);
  std::string problem = import_all(database, paths);
  if (problem.empty() && held) problem = read_again(*held);
  held.reset();
  database.close();
  if (problem.empty()) return ExitCode::success;
  print_message(problem);
  return ExitCode::problem;
}

ImporterProcess::ImporterProcess(const std::string& database_path, const std::string& plan_path,
                                 bool holds_snapshot) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw IoError("pipe", {}, errno);
  acknowledgements_ = Descriptor(ends[0]);
  const Descriptor writing(ends[1]);
  std::vector<std::string> arguments{"quire", kDemoImporterCommand};
  if (holds_snapshot) arguments.emplace_back(kHoldFlag);
  arguments.insert(arguments.end(), {"--", database_path, plan_path});
  pid_ = spawn_self(arguments, writing.get());
}

ImporterProcess::~ImporterProcess() {
  if (pid_ < 0) return;
  kill();
  waitpid(pid_, nullptr, 0);
}

std::optional<Acknowledgement> ImporterProcess::next() {
  while (const std::optional<std::string> line = next_line()) {
    std::istringstream words(*line);
    std::string word;
    words >> word;
    if (word == kDone) {
      Acknowledgement done;
      words >> done.seq >> done.files >> done.snapshots;
      return done;
    }
    held_.emplace();
    words >> held_->seq >> held_->files >> held_->bytes;
  }
  return std::nullopt;
}

std::optional<std::string> ImporterProcess::next_line() {
  std::size_t end = unparsed_.find('\n');
  while (end == std::string::npos) {
    wait_readable(acknowledgements_.get());
    std::array<char, 4096> buffer;
    const ssize_t count = read(acknowledgements_.get(), buffer.data(), buffer.size());
    if (count < 0) throw IoError("read", "acknowledgement", errno);
    if (count == 0) return std::nullopt;
    unparsed_.append(buffer.data(), static_cast<std::size_t>(count));
    end = unparsed_.find('\n');
  }
  std::string line = unparsed_.substr(0, end);
  unparsed_.erase(0, end + 1);
  return line;
}

void ImporterProcess::kill() noexcept {
  if (pid_ >= 0) ::kill(pid_, SIGKILL);
}

ImporterProcess::Ending ImporterProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) throw IoError("waitpid", {}, errno);
  }
  pid_ = -1;
  Ending ending;
  ending.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  ending.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ending;
}

}  // namespace quire::tools
