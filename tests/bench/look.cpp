// bench-look EFA_DOCTOR NODE.json [RUNS]: wall time and memory of a pass over a synthetic machine
// with 1 to 64 EFA devices, as a table. It reports; what it says fails nothing.
// Budget: 50 ms with 32 devices on two cores, a cost linear in devices, a peak of 32 MiB.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "probes/base/text.h"
#include "tests/support/synthetic_node.h"

namespace {

struct Pass {
  double wall_ms = 0;
  double cpu_ms = 0;
  long peak_kib = 0;  // of the largest process
};

double ms_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
}

Pass run_pass(const char* agent, const std::string& sysroot) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execl(agent, agent, "--once", "--sysroot", sysroot.c_str(), "--format", "json", "--no-deliver",
          nullptr);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  constexpr int kDegraded = 1;  // of fewer devices than the type can have
  if (!WIFEXITED(status) || WEXITSTATUS(status) > kDegraded) {
    std::fprintf(stderr, "%s failed on %s\n", agent, sysroot.c_str());
  }
  return {wall.count(), ms_of(usage.ru_utime) + ms_of(usage.ru_stime), usage.ru_maxrss};
}

template <class Number>
std::pair<Number, Number> median_and_least(std::vector<Number> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front()};
}

void measure(const char* agent, const efa::SyntheticNode& pattern, size_t devices, int runs) {
  efa::SyntheticNode node = pattern;
  efa::set_efa_count(node, devices);
  char directory[] = "/tmp/efa-doctor-bench-XXXXXX";
  if (mkdtemp(directory) == nullptr) return;
  efa::write_node(node, efa::Tree(directory));
  std::vector<double> wall;
  std::vector<double> cpu;
  long peak_kib = 0;
  run_pass(agent, directory);  // so that all files are cached
  for (int i = 0; i < runs; ++i) {
    const Pass pass = run_pass(agent, directory);
    wall.push_back(pass.wall_ms);
    cpu.push_back(pass.cpu_ms);
    peak_kib = std::max(peak_kib, pass.peak_kib);
  }
  const auto [wall_median, wall_least] = median_and_least(wall);
  const auto [cpu_median, cpu_least] = median_and_least(cpu);
  std::printf("%8zu %11.1f %11.1f %11.1f %11.1f %11ld\n", devices, wall_median, wall_least,
              cpu_median, cpu_least, peak_kib);
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: bench-look EFA_DOCTOR NODE.json [RUNS]\n");
    return 64;
  }
  constexpr int kRuns = 20;
  const int runs = argc == 4 ? efa::parse_number<int>(argv[3]).value_or(kRuns) : kRuns;
  efa::Result<efa::SyntheticNode> node = efa::read_synthetic_node(argv[2]);
  if (!node) {
    std::fprintf(stderr, "%s\n", efa::message_of(node.error()).c_str());
    return 64;
  }
  node->module_index_lines = 30'000;  // modules.alias of a distribution's kernel
  std::printf("%8s %11s %11s %11s %11s %11s\n", "devices", "wall ms", "least", "cpu ms", "least",
              "peak KiB");
  for (const size_t devices : {1, 8, 32, 64}) measure(argv[1], *node, devices, std::max(runs, 1));
  return 0;
}
