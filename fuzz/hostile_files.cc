// Opens, reads, checks, changes and salvages many hostile files, and says what became of them:
//
//     hostile_files [--files N] [--seed S] [--findings DIRECTORY] SEED...
//
// Each file is one of the seeds (inputs of the image targets, or directories of them), changed a few
// times by the fuzzers' mutator, with sums that mostly hold. No coverage guides it, so it runs in any
// build, fast. A file that crashes, takes more than 5 seconds of work, more memory than 256 MiB above its
// own size, or breaks a promise is written to the directory and ends the run with exit code 1.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/image.h"
#include "fuzz/mutator.h"
#include "fuzz/target.h"
#include "tests/support/tried.h"

namespace quire::fuzz {
namespace {

constexpr unsigned kMostSeconds = 5;         // of the processor's time
constexpr unsigned kMostSecondsAsleep = 60;  // others may be using the machine
constexpr long kMostKilobytes = 256 << 10;
constexpr std::uint64_t kMostRounds = 8;    // of changes to one file
constexpr std::uint64_t kChangedOneIn = 4;  // is opened for writing, too

struct Arguments {
  std::uint64_t files = 10'000;
  std::uint64_t seed = 1;
  std::string findings = ".";
  std::vector<std::string> seeds;
};

// ---- what is left of a run that ends

/// The input that is tried, for a signal handler: it may allocate nothing.
struct {
  const Bytes* input = nullptr;
  std::string path;
} tried;

void save_tried() noexcept {
  const int file = open(tried.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const auto written = write(file, tried.input->data(), tried.input->size());
  close(file);
  const bool is_whole = written == static_cast<ssize_t>(tried.input->size());
  const char* const text = is_whole ? "\nfinding: " : "\nfinding, cut short: ";
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
  if (write(STDERR_FILENO, tried.path.c_str(), tried.path.size()) < 0) return;
  if (write(STDERR_FILENO, "\n", 1) < 0) return;
}

extern "C" void on_signal(int signal) {
  save_tried();
  const bool is_late = signal == SIGALRM || signal == SIGPROF;
  const char* const text = is_late ? "it took too long\n" : "it crashed\n";
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(2);
  _exit(1);
}

[[noreturn]] void fail(const std::string& why) {
  save_tried();
  std::fprintf(stderr, "%s\n", why.c_str());
  _exit(1);
}

/// Stops after `seconds` of work, or much later if it does nothing; 0: no more.
void set_deadline(unsigned seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &timer, nullptr);
  alarm(seconds == 0 ? 0 : kMostSecondsAsleep);
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// ---- seeds

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return Bytes(ByteView(content).begin(), ByteView(content).end());
}

std::vector<Image> read_seeds(const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : names) {
    if (!std::filesystem::is_directory(name)) {
      paths.emplace_back(name);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(name)) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());  // the same run each time
  std::vector<Image> seeds;
  for (const auto& path : paths) seeds.push_back(decode_image(ByteView(read_file(path))));
  if (seeds.empty()) throw std::runtime_error("no seeds");
  return seeds;
}

// ---- the run

struct Counts {
  std::uint64_t refused = 0, opened = 0, sound = 0, changed = 0;
  double slowest_seconds = 0;
};

/// What the run of a target came to; does not return if it broke a promise.
Reached try_target(Reached (*target)(const Image&), const Image& image) {
  try {
    return target(image);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

/// `before_all`: the memory of this process without hostile files.
void try_image(const Image& image, long before_all, Random& random, Counts& counts) {
  const auto began = std::chrono::steady_clock::now();
  set_deadline(kMostSeconds);
  const Reached reached = try_target(scan, image);
  try_target(check, image);
  try_target(salvage, image);
  if (random.one_in(kChangedOneIn)) {
    try_target(change, image);
    if (!image.segments.empty()) try_target(replay, image);
    ++counts.changed;
  }
  set_deadline(0);
  const long own = static_cast<long>(image.database.size() >> 10);
  const long taken = peak_kilobytes() - before_all - own;
  if (taken > kMostKilobytes) fail("it took " + std::to_string(taken >> 10) + " MiB of memory");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  counts.slowest_seconds = std::max(counts.slowest_seconds, took.count());
  ++(reached == Reached::refused  ? counts.refused
     : reached == Reached::opened ? counts.opened
                                  : counts.sound);
}

void run(const Arguments& arguments) {
  const std::vector<Image> seeds = read_seeds(arguments.seeds);
  tried.path = arguments.findings + "/hostile-" + std::to_string(arguments.seed);
  for (const int signal : {SIGALRM, SIGPROF, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    std::signal(signal, on_signal);
  }
  Random random(arguments.seed);
  Counts counts;
  const long before_all = peak_kilobytes();
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t file = 0; file < arguments.files; ++file) {
    Image image = seeds[random.below(seeds.size())];
    Mutator mutator(random.next());
    const std::uint64_t rounds = random.one_in(4) ? 1 + random.below(kMostRounds) : 1;
    for (std::uint64_t round = 0; round < rounds; ++round) mutator.mutate(image);
    if (random.one_in(8)) mutator.splice(image, seeds[random.below(seeds.size())]);
    const Bytes input = encode_image(image);
    tried.input = &input;
    try_image(image, before_all, random, counts);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const auto print = [](const char* what, std::uint64_t count) {
    std::printf("%12llu %s\n", static_cast<unsigned long long>(count), what);
  };
  testing::tried("hostile files", arguments.files);
  print("hostile files", arguments.files);
  print("refused by open", counts.refused);
  print("opened, damage found", counts.opened);
  print("opened, nothing damaged", counts.sound);
  print("of them opened for writing too", counts.changed);
  std::printf("%.0f files a second; the slowest took %.3f s; peak memory %ld MiB; seed %llu\n",
              static_cast<double>(arguments.files) / took.count(), counts.slowest_seconds,
              peak_kilobytes() >> 10, static_cast<unsigned long long>(arguments.seed));
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool is_option = argument.starts_with("--");
    if (is_option && i + 1 == argc) throw std::runtime_error(argument + " needs a value");
    if (argument == "--files") {
      arguments.files = std::stoull(argv[++i]);
    } else if (argument == "--seed") {
      arguments.seed = std::stoull(argv[++i]);
    } else if (argument == "--findings") {
      arguments.findings = argv[++i];
    } else if (is_option) {
      throw std::runtime_error("there is no option " + argument);
    } else {
      arguments.seeds.push_back(argument);
    }
  }
  return arguments;
}

}  // namespace
}  // namespace quire::fuzz

int main(int argc, char** argv) {
  try {
    quire::fuzz::run(quire::fuzz::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hostile_files: %s\n", error.what());
    return 2;
  }
  return 0;
}
