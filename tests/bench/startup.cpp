/// Whole-process time of a command, from spawn to exit, beside that of another:
/// rounds of both in turn, so that what slows the machine slows both; medians.
///
/// usage: bench_startup NAME [--ratio R] [--ms M] [--rss-mb N] [--rounds N] [--cold 1] COMMAND... -- BASELINE...
/// --cold 1: the command is not run once before, as one that can be run once only.
/// One row for each limit given. Exits 1 when one is exceeded, 2 when a command fails.

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "bench/report.hpp"

extern char** environ;

namespace {

using lic::bench::in_units;
using lic::bench::median;
using lic::bench::report;

struct Job {
  std::string name;
  std::optional<double> ratio;
  std::optional<double> milliseconds;
  std::optional<double> rss_mb;
  int rounds = 101;
  bool cold = false;
  std::vector<char*> command;
  std::vector<char*> baseline;
};

struct Run {
  double seconds = 0;
  long rss_kib = 0;
};

Run run(const std::vector<char*>& command) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments = command;
  arguments.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  rusage usage{};
  const auto start = std::chrono::steady_clock::now();
  const int spawned = posix_spawn(&child, arguments[0], &files, nullptr, arguments.data(), environ);
  const bool ended = spawned == 0 && wait4(child, &status, 0, &usage) == child;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&files);
  if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "bench_startup: %s failed (status %d)\n", arguments[0], status);
    std::exit(2);
  }
  return {took.count(), usage.ru_maxrss};
}

bool parse(int argc, char** argv, Job& job) {
  if (argc < 2) return false;
  job.name = argv[1];
  int at = 2;
  for (; at + 1 < argc && std::strncmp(argv[at], "--", 2) == 0; at += 2) {
    const std::string option = argv[at];
    const double value = std::atof(argv[at + 1]);
    if (option == "--ratio") {
      job.ratio = value;
    } else if (option == "--ms") {
      job.milliseconds = value;
    } else if (option == "--rss-mb") {
      job.rss_mb = value;
    } else if (option == "--rounds") {
      job.rounds = static_cast<int>(value);
    } else if (option == "--cold") {
      job.cold = value != 0;
    } else {
      return false;
    }
  }
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) job.command.push_back(argv[at]);
  for (++at; at < argc; ++at) job.baseline.push_back(argv[at]);
  return !job.command.empty() && !job.baseline.empty() && job.rounds > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Job job;
  if (!parse(argc, argv, job)) {
    std::fputs(
        "usage: bench_startup NAME [--ratio R] [--ms M] [--rss-mb N] [--rounds N] [--cold 1] COMMAND... -- "
        "BASELINE...\n",
        stderr);
    return 2;
  }
  std::vector<double> measured;
  std::vector<double> baseline;
  long rss_kib = 0;
  if (!job.cold) run(job.command);  // so that neither waits for the disk
  for (int round = 0; round < job.rounds; ++round) {
    baseline.push_back(run(job.baseline).seconds);
    const Run one = run(job.command);
    measured.push_back(one.seconds);
    rss_kib = std::max(rss_kib, one.rss_kib);
  }
  const double time = median(measured);
  const double base = median(baseline);
  bool kept = true;
  if (job.ratio) kept &= report({job.name + ", times", in_units(time), in_units(base), time / base, *job.ratio});
  if (job.milliseconds) kept &= report({job.name + ", ms", in_units(time), "-", time * 1e3, *job.milliseconds});
  if (job.rss_mb) {
    const double megabytes = static_cast<double>(rss_kib) / 1024;
    kept &= report({job.name + ", peak MB", std::to_string(rss_kib) + " KiB", "-", megabytes, *job.rss_mb});
  }
  return kept ? 0 : 1;
}
