#include "tools/torture_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <quire/error.h>

#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/table.h"
#include "tools/target_directory.h"
#include "tools/temporary_directory.h"
#include "tools/torture_kills.h"
#include "tools/torture_page.h"
#include "torture/campaign.h"

namespace quire::tools {

namespace {

using Clock = std::chrono::steady_clock;
using torture::CampaignResult;
using torture::Outcome;

constexpr std::size_t kMostFindings = 10;

struct TortureArguments {
  double seconds = 60;
  std::optional<std::uint64_t> seed;
  std::uint64_t rounds = UINT64_MAX;
  unsigned jobs = 1;
  bool kill = false;
  std::string directory;
  std::string page;
  bool json = false;
};

void declare_torture(CLI::App& command, TortureArguments& arguments) {
  command.add_option("--seconds", arguments.seconds, "stop after about this long")
      ->check(number_between(0.001, 1e7))
      ->capture_default_str();
  command.add_option("--seed", arguments.seed, "of the first program (default: random)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--rounds", arguments.rounds,
                  "stop after this many programs, with --kill this many kills")
      ->check(CLI::PositiveNumber);
  command.add_option("--jobs", arguments.jobs, "threads that do so at the same time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI::Option* const kill =
      command.add_flag("--kill", arguments.kill,
                       "kill processes that write to files on this machine, instead of simulating");
  command
      .add_option("--dir", arguments.directory,
                  "with --kill: on the disk of this directory (default: TMPDIR, or /tmp)")
      ->needs(kill);
  command.add_option("--html", arguments.page, "write a page with the result to this file");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
  std::string legend = "What comes of a fault:\n";
  for (std::size_t outcome = 0; outcome < torture::kOutcomes; ++outcome) {
    legend += fmt::format("  {}: {}\n", torture::to_string(static_cast<Outcome>(outcome)),
                          torture::meaning_of(static_cast<Outcome>(outcome)));
  }
  command.footer(legend + "\n" + command.get_footer());
}

/// Rounds by several threads, until the time or the number of rounds is reached, too much has gone
/// wrong, or Ctrl-C has come.
class Campaign {
 public:
  using Round = std::function<void(std::uint64_t number, CampaignResult& result)>;

  explicit Campaign(const TortureArguments& arguments) : arguments_(arguments) {}

  /// `round_of` is called once in each thread, with its number.
  CampaignResult run(const std::function<Round(unsigned worker)>& round_of) {
    std::vector<std::thread> workers;
    for (unsigned worker = 0; worker < arguments_.jobs; ++worker) {
      workers.emplace_back([this, &round_of, worker] { work(round_of, worker); });
    }
    for (std::thread& worker : workers) worker.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(result_);
  }

 private:
  void work(const std::function<Round(unsigned)>& round_of, unsigned worker) noexcept {
    try {
      repeat(round_of(worker));
    } catch (const Interrupted&) {
    } catch (...) {
      const std::lock_guard guard(mutex_);
      failure_ = std::current_exception();
      stopped_ = true;
    }
  }

  void repeat(const Round& round) {
    while (!is_over()) {
      const std::uint64_t number = next_round_++;
      if (number >= arguments_.rounds) return;
      CampaignResult came;
      round(number, came);
      take(came);
    }
  }

  bool is_over() const {
    return stopped_ || interrupt_has_come() ||
           Seconds(Clock::now() - begin_).count() >= arguments_.seconds;
  }

  void take(const CampaignResult& came) {
    const std::lock_guard guard(mutex_);
    result_.add(came);
    if (result_.findings.size() >= kMostFindings) stopped_ = true;
    const double spent = Seconds(Clock::now() - begin_).count() / arguments_.seconds;
    bar_.update(static_cast<std::uint64_t>(1000 * spent), 1000);
  }

  const TortureArguments& arguments_;
  const Clock::time_point begin_ = Clock::now();
  ProgressBar bar_{"torture"};
  std::atomic<std::uint64_t> next_round_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  CampaignResult result_;
  std::exception_ptr failure_;
};

CampaignResult simulate(const TortureArguments& arguments, std::uint64_t seed) {
  return Campaign(arguments).run([&](unsigned) {
    return [seed](std::uint64_t number, CampaignResult& result) {
      torture::run_program(seed + number, result);
    };
  });
}

/// Databases that came to a bad end are left where they are.
CampaignResult kill_processes(const TortureArguments& arguments, std::uint64_t seed) {
  TemporaryDirectory directory(arguments.directory);
  CampaignResult result = Campaign(arguments).run([&](unsigned worker) {
    const auto loop = std::make_shared<KillLoop>(directory.path(), seed + worker);
    return [loop](std::uint64_t, CampaignResult& came) { loop->kill_once(came); };
  });
  if (result.table.bad() > 0) directory.keep();
  return result;
}

std::string repetition_text(const torture::Finding& finding) {
  return finding.is_repeatable
             ? fmt::format("again with `quire torture --seed {} --rounds 1`", finding.seed)
             : fmt::format("seed {}; a kill cannot be repeated exactly", finding.seed);
}

std::string torture_text(const TortureSummary& summary) {
  const CampaignResult& result = summary.result;
  const std::vector<Outcome> outcomes = result.table.columns();
  std::vector<Table::Align> columns(1 + outcomes.size(), Table::Align::right);
  columns.front() = Table::Align::left;
  Table table(std::move(columns));
  std::vector<std::string> head{"what happened"};
  for (const Outcome outcome : outcomes) head.emplace_back(torture::to_string(outcome));
  table.add(head);
  for (const auto& [fault, row] : result.table.rows()) {
    std::vector<std::string> cells{fault};
    for (const Outcome outcome : outcomes)
      cells.push_back(count_text(row[static_cast<std::size_t>(outcome)]));
    table.add(cells);
  }
  std::string text = table.text();
  for (const torture::Finding& finding : result.findings) {
    text += fmt::format("\n{}\n{}\n{}\n{}\n", finding.fault, finding.program,
                        repetition_text(finding), finding.problem);
  }
  const std::string tried = tried_text(result);
  return text + fmt::format(
                    "\n{} in {}, seed {}{}{}; {}\n`quire torture --help` explains the "
                    "columns\n",
                    counted(result.table.total(), "fault"), duration_text(summary.duration),
                    summary.seed, tried.empty() ? "" : ": ", tried, ending_text(result));
}

Json torture_json(const TortureSummary& summary) {
  const CampaignResult& result = summary.result;
  Json document;
  document["schema"] = 1;
  document["ok"] = result.table.bad() == 0;
  document["seed"] = summary.seed;
  document["seconds"] = summary.duration.count();
  document["programs"] = result.programs;
  document["images"] = result.images;
  document["recovery_images"] = result.recovery_images;
  document["failing_calls"] = result.calls;
  document["damages"] = result.damages;
  Json faults = Json::array();
  for (const auto& [fault, row] : result.table.rows()) {
    Json entry;
    entry["fault"] = fault;
    for (std::size_t outcome = 0; outcome < torture::kOutcomes; ++outcome) {
      entry[std::string(torture::to_string(static_cast<Outcome>(outcome)))] = row[outcome];
    }
    faults.push_back(std::move(entry));
  }
  document["faults"] = std::move(faults);
  Json findings = Json::array();
  for (const torture::Finding& finding : result.findings) {
    findings.push_back({{"seed", finding.seed},
                        {"program", printable(finding.program)},
                        {"fault", finding.fault},
                        {"problem", printable(finding.problem)}});
  }
  document["findings"] = std::move(findings);
  return document;
}

/// Where the page goes: refused before the campaign if it could not be written after it.
class PageFile {
 public:
  explicit PageFile(const std::filesystem::path& path)
      : directory_(path.has_parent_path() ? path.parent_path().string() : "."),
        target_(directory_),
        name_(path.filename().string()) {
    const auto there = std::filesystem::status(path);
    const bool is_other = std::filesystem::exists(there) && !is_regular_file(there);
    const std::string reason = is_other ? "it is there and is no file" : reason_against(name_);
    if (!reason.empty()) {
      throw InvalidArgument("--html cannot be '" + path.string() + "': " + reason +
                            "; give the path of a file");
    }
    if (access(directory_.c_str(), W_OK) != 0)
      throw IoError("access", directory_, errno, "give --html a place that can be written");
  }

  void write(const std::string& page) { target_.write(name_, page, std::nullopt, true); }

 private:
  std::string directory_;
  TargetDirectory target_;
  std::string name_;
};

ExitCode run_torture(const TortureArguments& arguments) {
  std::optional<PageFile> page;
  if (!arguments.page.empty()) page.emplace(arguments.page);
  const Clock::time_point begin = Clock::now();
  TortureSummary summary;
  summary.began = fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(std::time(nullptr)));
  summary.seed = arguments.seed ? *arguments.seed : std::random_device()();
  summary.result =
      arguments.kill ? kill_processes(arguments, summary.seed) : simulate(arguments, summary.seed);
  summary.duration = Clock::now() - begin;
  arguments.json ? print_json(torture_json(summary)) : write_data(torture_text(summary));
  if (page) page->write(torture_page(summary));
  if (summary.result.table.bad() > 0) return ExitCode::problem;
  return interrupt_has_come() ? ExitCode::interrupted : ExitCode::success;
}

// torture-writer

struct WriterArguments {
  std::string database;
  std::uint64_t seed = 0;
};

void declare_writer(CLI::App& command, WriterArguments& arguments) {
  command.add_option("DATABASE", arguments.database)->required();
  command.add_option("SEED", arguments.seed)->required();
  command.group("");  // hidden: torture starts it
}

ExitCode run_writer(const WriterArguments& arguments) {
  return run_torture_writer(arguments.database, arguments.seed);
}

}  // namespace

void add_torture_command(CommandLine& command_line) {
  command_line.add<TortureArguments>(
      command_line.app(), "torture",
      "Crash programs by simulation, or kill processes, and compare what is left", declare_torture,
      run_torture);
  command_line.add<WriterArguments>(command_line.app(), kTortureWriterCommand, "", declare_writer,
                                    run_writer);
}

}  // namespace quire::tools
