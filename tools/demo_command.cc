#include "tools/demo_command.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <quire/quire.h>

#include "tools/command_line.h"
#include "tools/demo_content.h"
#include "tools/demo_importer.h"
#include "tools/demo_plan.h"
#include "tools/demo_report.h"
#include "tools/demo_verifier.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/temporary_directory.h"

namespace quire::tools {

namespace {

using Clock = std::chrono::steady_clock;

struct DemoArguments {
  std::vector<std::string> directories;
  std::uint64_t kills = 20;
  std::optional<std::uint64_t> seed;
  std::string keep;
  bool json = false;
};

void declare_demo(CLI::App& command, DemoArguments& arguments) {
  command
      .add_option("--dir", arguments.directories,
                  "import the files below it; may be repeated (default: /usr/include and "
                  "/usr/share/doc)")
      ->allow_extra_args(false);
  command.add_option("--kills", arguments.kills, "how often the importer is killed")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command.add_option("--seed", arguments.seed, "of the moments of the kills (default: random)");
  command.add_option("--keep", arguments.keep, "make the database under this name and keep it");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// With so many files for each kill, all of them hit an importer at work as a rule.
constexpr std::uint64_t kFilesForEachKill = 100;

// Chooses when to kill, from a seed: the first importer as it makes the database, each later one in
// its part of the import, some time after a commit of its own, so anywhere in its next one.
class KillMoments {
 public:
  KillMoments(std::uint64_t seed, std::uint64_t kills, std::uint64_t files)
      : random_(seed), kills_(kills), files_(files) {}

  // The next kill comes after this many acknowledged files.
  std::uint64_t next_files() {
    const std::uint64_t kill = count_++;
    if (kill == 0) return 0;
    const double share =
        kKilledShare *
        (static_cast<double>(kill) + std::uniform_real_distribution<>()(random_) - 1) /
        static_cast<double>(kills_);
    return static_cast<std::uint64_t>(share * static_cast<double>(files_));
  }

  std::chrono::microseconds delay() {
    return std::chrono::microseconds(
        std::uniform_int_distribution<std::int64_t>(0, kLongestDelay.count())(random_));
  }

 private:
  static constexpr std::chrono::microseconds kLongestDelay{10'000};
  // The rest is left to the last importer, whose held snapshot is to see many commits.
  static constexpr double kKilledShare = 0.8;

  std::mt19937_64 random_;
  std::uint64_t kills_;
  std::uint64_t files_;
  std::uint64_t count_ = 0;
};

// Imports by child processes, kills them, and verifies what is left; adds to the report.
class Demo {
 public:
  Demo(const DemoArguments& arguments, const TemporaryDirectory& directory, DemoReport& report)
      : arguments_(arguments),
        report_(report),
        plan_path_(directory.path() + "/plan"),
        verifier_(report.plan),
        moments_(report.seed, arguments.kills, report.plan.paths.size()) {
    save_paths(report.plan, plan_path_);
  }

  void run() {
    while (verifier_.problems().empty() && report_.recoveries.size() < arguments_.kills) {
      if (!import_until_killed()) break;
    }
    if (verifier_.problems().empty()) import_to_the_end();
    if (verifier_.problems().empty()) verify_all();
    collect_problems();
  }

 private:
  // False if the importer reached the end before the kill.
  bool import_until_killed() {
    const bool is_first = report_.recoveries.empty();
    const std::uint64_t files = moments_.next_files();
    const Clock::time_point begin = Clock::now();
    ImporterProcess importer(report_.database, plan_path_);
    snapshots_before_ = report_.snapshots;
    bool alive = is_first || follow(importer);
    while (alive && last_.files < files) alive = follow(importer);
    sleep_for(moments_.delay());
    importer.kill();
    while (follow(importer)) {
    }
    const ImporterProcess::Ending ending = importer.wait();
    report_.import_time += Clock::now() - begin;
    if (ending.killed) {
      recover();
    } else {
      require_success(ending);
    }
    return ending.killed;
  }

  void import_to_the_end() {
    const Clock::time_point begin = Clock::now();
    ImporterProcess importer(report_.database, plan_path_, true);
    snapshots_before_ = report_.snapshots;
    ProgressBar bar("import");
    while (follow(importer)) bar.update(last_.files, report_.plan.paths.size());
    require_success(importer.wait());
    report_.held = importer.held();
    report_.import_time += Clock::now() - begin;
  }

  // Takes in the next acknowledgement; false if there is none.
  bool follow(ImporterProcess& importer) {
    const std::optional<Acknowledgement> done = importer.next();
    if (done) {
      last_ = *done;
      report_.snapshots = snapshots_before_ + done->snapshots;
    }
    return done.has_value();
  }

  void require_success(const ImporterProcess::Ending& ending) {
    if (ending.exit_code != 0) {
      report_.problems.push_back(
          fmt::format("an importer ended with exit code {}; its message "
                      "stands above",
                      ending.exit_code));
    }
  }

  void recover() {
    Database database = open_demo_database(report_.database);
    const DatabaseInfo info = database.info();
    const DemoProgress progress = verifier_.verify_recovered(database, last_);
    database.close();
    report_.recoveries.push_back(
        {last_.files, progress.files, info.recovered_commits, info.recovery_time});
    print_message(fmt::format(
        "kill {} of {}: {} acknowledged, {} there; {} replayed in {}", report_.recoveries.size(),
        arguments_.kills, counted(last_.files, "file"), count_text(progress.files),
        counted(info.recovered_commits, "commit"), duration_text(info.recovery_time)));
  }

  void verify_all() {
    const Clock::time_point begin = Clock::now();
    Database database = open_demo_database(report_.database);
    verifier_.verify_complete(database);
    report_.compare_time = Clock::now() - begin;
    ProgressBar bar("check");
    report_.check =
        database.check(facade_check_options(), [&](std::uint64_t done, std::uint64_t total) {
          throw_if_interrupted();
          bar.update(done, total);
        });
    const DemoProgress progress = read_progress(database.snapshot());
    for (const Block& block : database.snapshot().open<Pipe>(kDemoDirectories)) {
      report_.directory_bytes += block.stored_bytes();
    }
    database.close();
    report_.directories = progress.directories;
    report_.words = progress.words;
    report_.word_keys = verifier_.word_keys();
    report_.files_unreadable = verifier_.files_unreadable();
    report_.files = progress.files - report_.files_unreadable;
    report_.bytes = progress.bytes;
    report_.transactions = progress.transactions;
    report_.files_compared = verifier_.files_compared();
    report_.bytes_compared = verifier_.bytes_compared();
    report_.files_changed = verifier_.files_changed();
    report_.commits_after_held = report_.held ? last_.seq - report_.held->seq : 0;
    report_.file_bytes = std::filesystem::file_size(report_.database);
  }

  void collect_problems() {
    auto& problems = report_.problems;
    problems.insert(problems.end(), verifier_.problems().begin(), verifier_.problems().end());
    for (const CheckProblem& problem : report_.check.problems) problems.push_back(problem.what);
    if (problems.empty() && !report_.held) problems.push_back("no snapshot was held");
    if (problems.empty()) note_what_was_not_shown();
  }

  // An importer must live long enough to be hit, and to have its snapshots taken.
  void note_what_was_not_shown() {
    const std::string files = counted(report_.plan.paths.size(), "file");
    if (report_.snapshots == 0) {
      report_.not_shown.push_back(
          fmt::format("no snapshot was taken beside an importer: {} went in too quickly; give some "
                      "{} with --dir",
                      files, count_text(kFilesForEachKill)));
    }
    if (report_.recoveries.size() < arguments_.kills) {
      report_.not_shown.push_back(fmt::format(
          "only {} of {} hit an importer at work: {} went in too quickly; give some {} with --dir, "
          "or set --kills",
          count_text(report_.recoveries.size()), counted(arguments_.kills, "kill"), files,
          count_text(kFilesForEachKill * arguments_.kills)));
    }
  }

  const DemoArguments& arguments_;
  DemoReport& report_;
  std::string plan_path_;
  DemoVerifier verifier_;
  KillMoments moments_;
  Acknowledgement last_;
  std::uint64_t snapshots_before_ = 0;  // checked by the importers before this one
};

// Sets the report's database: under the name that the user wants, or in the temporary directory.
void place_database(const DemoArguments& arguments, const TemporaryDirectory& directory,
                    DemoReport& report) {
  report.kept = !arguments.keep.empty();
  report.database = report.kept ? arguments.keep : directory.path() + "/demo.quire";
  if (std::filesystem::exists(std::filesystem::symlink_status(report.database))) {
    throw KeyExists("'" + report.database + "' exists; --keep needs a new name");
  }
  require_directory_of(report.database);
}

ExitCode run_demo(const DemoArguments& arguments) {
  const Clock::time_point begin = Clock::now();
  TemporaryDirectory directory;
  DemoReport report;
  place_database(arguments, directory, report);
  report.seed = arguments.seed ? *arguments.seed : std::random_device()();
  report.kills_wanted = arguments.kills;
  report.plan = make_demo_plan(arguments.directories);
  if (report.plan.paths.empty()) throw InvalidArgument("no files to import; give --dir");

  Demo(arguments, directory, report).run();
  report.total_time = Clock::now() - begin;
  if (!report.problems.empty() && !report.kept) {
    directory.keep();  // what went wrong can be looked at
    report.kept = true;
  }
  arguments.json ? print_json(demo_json(report)) : write_data(demo_text(report));
  return report.ok() ? ExitCode::success : ExitCode::problem;
}

// demo-importer

struct ImporterArguments {
  std::string database;
  std::string plan;
  bool holds_snapshot = false;
};

void declare_importer(CLI::App& command, ImporterArguments& arguments) {
  command.add_option("DATABASE", arguments.database)->required();
  command.add_option("PLAN", arguments.plan)->required();
  command.add_flag(kHoldFlag, arguments.holds_snapshot);
  command.group("");  // hidden: the demo starts it
}

ExitCode run_importer(const ImporterArguments& arguments) {
  return run_demo_importer(arguments.database, arguments.plan, arguments.holds_snapshot);
}

}  // namespace

void add_demo_command(CommandLine& command_line) {
  CLI::App& app = command_line.app();
  command_line.add<DemoArguments>(
      app, "demo", "Import real files while the importer is killed again and again; prove it all",
      declare_demo, run_demo);
  command_line.add<ImporterArguments>(app, kDemoImporterCommand, "The importer that demo kills",
                                      declare_importer, run_importer);
}

}  // namespace quire::tools
