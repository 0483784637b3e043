#include "tools/torture_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <atomic>
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
  command.add_option("--seconds", arguments.seconds, "stop after about so long")
      ->check(CLI::Range(0.001, 1e7))
      ->capture_default_str();
  command.add_option("--seed", arguments.seed, "of the first program (default: random)");
  command.add_option("--rounds", arguments.rounds, "stop after so many programs, or kills");
  command.add_option("--jobs", arguments.jobs, "threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_flag("--kill", arguments.kill,
                   "kill processes that write to files on this machine, instead of simulating");
  command.add_option("--dir", arguments.directory,
                     "with --kill: on the disk of this directory (default: TMPDIR, or /tmp)");
  command.add_option("--html", arguments.page, "write a page with the result");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
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

std::string torture_text(const TortureSummary& summary) {
  const CampaignResult& result = summary.result;
  std::vector<Table::Align> columns(1 + torture::kOutcomes, Table::Align::right);
  columns.front() = Table::Align::left;
  Table table(std::move(columns));
  std::vector<std::string> head{"what happened"};
  for (std::size_t outcome = 0; outcome < torture::kOutcomes; ++outcome) {
    head.emplace_back(torture::to_string(static_cast<Outcome>(outcome)));
  }
  table.add(head);
  for (const auto& [fault, row] : result.table.rows()) {
    std::vector<std::string> cells{fault};
    for (const std::uint64_t count : row) cells.push_back(count_text(count));
    table.add(cells);
  }
  std::string text = table.text();
  for (const torture::Finding& finding : result.findings) {
    text += fmt::format("\n{}\n{}\nseed {}\n{}\n", finding.fault, finding.program, finding.seed,
                        finding.problem);
  }
  return text + fmt::format(
                    "\n{} faults in {}, seed {}: {} programs, {} distinct disks ({} after a crash "
                    "in a recovery), {} failing calls, {} damages at rest; {} with a bad end\n",
                    count_text(result.table.total()), duration_text(summary.duration), summary.seed,
                    count_text(result.programs), count_text(result.images),
                    count_text(result.recovery_images), count_text(result.calls),
                    count_text(result.damages), count_text(result.table.bad()));
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

void write_page(const std::filesystem::path& path, const std::string& page) {
  TargetDirectory target(path.has_parent_path() ? path.parent_path().string() : ".");
  target.write(path.filename().string(), page, std::nullopt, true);
}

ExitCode run_torture(const TortureArguments& arguments) {
  const Clock::time_point begin = Clock::now();
  TortureSummary summary;
  summary.began = fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(std::time(nullptr)));
  summary.seed = arguments.seed ? *arguments.seed : std::random_device()();
  summary.result =
      arguments.kill ? kill_processes(arguments, summary.seed) : simulate(arguments, summary.seed);
  summary.duration = Clock::now() - begin;
  arguments.json ? print_json(torture_json(summary)) : write_data(torture_text(summary));
  if (!arguments.page.empty()) write_page(arguments.page, torture_page(summary));
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
      "crash programs by simulation, or kill processes, and compare what is left", declare_torture,
      run_torture);
  command_line.add<WriterArguments>(command_line.app(), kTortureWriterCommand, "", declare_writer,
                                    run_writer);
}

}  // namespace quire::tools
