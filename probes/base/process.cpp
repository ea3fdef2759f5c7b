#include "probes/base/process.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "probes/base/text.h"

namespace efa {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {(std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()};
}

std::string directory_of(pid_t pid) {
  return "/proc/" + std::to_string(pid) + "/";
}

// A thread's share of what it and what it started show.
void add_thread(const std::string& thread, Sight& tree, std::vector<pid_t>& children) {
  const std::optional<Sight> own = parse_stat(read_text(thread + "/stat"));
  Sight scheduled;
  if (parse_schedstat(read_text(thread + "/schedstat"), scheduled)) {
    tree.queued_ms = std::max(tree.queued_ms.value_or(0), *scheduled.queued_ms);
  }
  if (own && own->state == 'R') tree.state = 'R';
  for (const std::string& child : words(read_text(thread + "/children"))) {
    if (const auto pid = parse_number<pid_t>(child)) children.push_back(*pid);
  }
}

}  // namespace

std::optional<Sight> parse_stat(const std::string& stat) {
  const size_t command_end = stat.rfind(')');
  if (command_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = words(stat.substr(command_end + 1));
  // proc(5) counts from 1, the fields here start at the third
  constexpr size_t kUserTime = 14 - 3;
  constexpr size_t kSystemTime = 15 - 3;
  constexpr size_t kStartTime = 22 - 3;
  constexpr int64_t kMsPerTick = 10;  // USER_HZ is 100 on every architecture with EFA
  if (fields.size() <= kStartTime || fields[0].size() != 1) return std::nullopt;
  const auto start_time = parse_number<uint64_t>(fields[kStartTime]);
  const auto user = parse_number<uint32_t>(fields[kUserTime]);
  const auto system = parse_number<uint32_t>(fields[kSystemTime]);
  if (!start_time || !user || !system) return std::nullopt;
  Sight sight;
  sight.state = fields[0].front();
  sight.start_time = *start_time;
  sight.cpu_ms = (int64_t{*user} + *system) * kMsPerTick;
  return sight;
}

bool parse_schedstat(const std::string& schedstat, Sight& sight) {
  constexpr uint64_t kNsPerMs = 1'000'000;
  const std::vector<std::string> fields = words(schedstat);
  if (fields.size() != 3) return false;
  const auto queued_ns = parse_number<uint64_t>(fields[1]);
  const auto turns = parse_number<uint64_t>(fields[2]);
  if (!queued_ns || !turns || *turns == 0) return false;
  sight.queued_ms = static_cast<int64_t>(*queued_ns / kNsPerMs);
  sight.turns = *turns;
  return true;
}

std::optional<int> parse_pressure(const std::string& pressure) {
  constexpr std::string_view kBegin = "some avg10=";
  if (!pressure.starts_with(kBegin)) return std::nullopt;
  const size_t point = pressure.find('.', kBegin.size());
  if (point == std::string::npos) return std::nullopt;
  const auto percent =
      parse_number<int>(std::string_view(pressure).substr(kBegin.size(), point - kBegin.size()));
  return percent && *percent >= 0 && *percent <= 100 ? percent : std::nullopt;
}

std::optional<Sight> look_at(pid_t pid) {
  std::optional<Sight> sight = parse_stat(read_text(directory_of(pid) + "stat"));
  if (!sight) return std::nullopt;
  parse_schedstat(read_text(directory_of(pid) + "schedstat"), *sight);
  if (sight->state != 'D') return sight;
  sight->waits_in = read_text(directory_of(pid) + "wchan");
  if (sight->waits_in == "0") sight->waits_in.clear();  // it is not shown to us
  return sight;
}

std::optional<uint64_t> start_time_of(pid_t pid) {
  const std::optional<Sight> sight = parse_stat(read_text(directory_of(pid) + "stat"));
  return sight ? std::optional(sight->start_time) : std::nullopt;
}

std::optional<Sight> look_at_tree(pid_t pid) {
  constexpr size_t kMostProcesses = 64;  // more of them change nothing
  std::optional<Sight> tree = look_at(pid);
  if (!tree) return std::nullopt;
  std::vector<pid_t> processes{pid};
  for (size_t i = 0; i < std::min(processes.size(), kMostProcesses); ++i) {
    if (i > 0) {
      const auto own = parse_stat(read_text(directory_of(processes[i]) + "stat"));
      tree->cpu_ms += own ? own->cpu_ms : 0;
    }
    std::error_code error;
    for (const auto& thread :
         std::filesystem::directory_iterator(directory_of(processes[i]) + "task", error)) {
      add_thread(thread.path().string(), *tree, processes);
    }
  }
  return tree;
}

std::optional<int> cpu_pressure() {
  return parse_pressure(read_text("/proc/pressure/cpu"));
}

bool sleeps_on(const ProcessIdentity& left) {
  const std::optional<Sight> sight = look_at(left.pid);
  return sight && sight->start_time == left.start_time && sight->state == 'D' &&
         left.turns.value_or(sight->turns) == sight->turns;
}

}  // namespace efa
