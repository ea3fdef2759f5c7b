#include "agent/run/libraries.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "agent/deliver/files.h"
#include "agent/deliver/way.h"
#include "agent/run/launch.h"
#include "probes/protocol/exec_vector.h"
#include "probes/protocol/process.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLimit{2'000};            // it takes 2 ms, where a CPU is free
constexpr size_t kMostText = size_t{64} * 1024;  // 100 libraries take 8 KiB

struct Trace {
  pid_t pid = -1;
  Fd output;
  std::string text;
};

Trace start_trace(const Launch& launch) {
  Trace trace;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return trace;
  trace.output.reset(ends[0]);
  const Fd input(ends[1]);
  std::vector<std::string> environment = launch.environment;
  environment.emplace_back("LD_TRACE_LOADED_OBJECTS=1");
  const std::vector<std::string> arguments{launch.executable};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
  if (posix_spawn(&trace.pid, launch.executable.c_str(), &actions, nullptr,
                  exec_vector(arguments).data(), exec_vector(environment).data()) != 0) {
    trace.pid = -1;
  }
  posix_spawn_file_actions_destroy(&actions);
  return trace;
}

// Whether it has said all in time.
bool finish(Trace& trace, Clock::time_point end) {
  bool whole = false;
  while (trace.pid > 0 && trace.text.size() < kMostText) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
    pollfd wait{trace.output.get(), POLLIN, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) break;
    char buffer[4096];
    const ssize_t count = ::read(trace.output.get(), buffer, sizeof buffer);
    whole = count == 0;
    if (count <= 0) break;
    trace.text.append(buffer, static_cast<size_t>(count));
  }
  if (trace.pid <= 0) return false;
  if (!whole) kill(trace.pid, SIGKILL);
  const std::optional<int> status = wait_for_exit(trace.pid, kLimit);
  return whole && status;
}

// What the libraries load by themselves, by where they are installed: libfabric its providers,
// libibverbs its drivers, hwloc its plugins.
std::vector<std::string> with_plugins(const std::vector<std::string>& libraries) {
  std::vector<std::string> all = libraries;
  for (const std::string& library : libraries) {
    const size_t slash = library.rfind('/');
    const std::string name = library.substr(slash + 1, library.find(".so", slash) - slash - 1);
    if (name != "libfabric" && name != "libibverbs" && name != "libhwloc") continue;
    const std::string plugins =
        library.substr(0, slash + 1) + (name == "libhwloc" ? "hwloc" : name);
    const Result<Fd> directory = open_directory(plugins);
    if (!directory) continue;
    all.push_back(plugins);
    for (const std::string& entry : names_in(*directory)) {
      if (entry.find(".so") != std::string::npos) all.push_back(plugins + "/" + entry);
    }
  }
  return all;
}

// What is named in LD_LIBRARY_PATH= is searched for all that is opened later, too.
std::vector<std::string> library_path(const Launch& launch) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  for (const std::string& variable : launch.environment) {
    if (variable.starts_with(kName)) return {variable.substr(kName.size())};
  }
  return {};
}

bool maps_nobody(const char* map) {
  const std::string text = read_file(map, 4096).value_or("");
  for (const std::string& line : split(text, '\n')) {  // "0 0 4294967295": inside, outside, count
    const std::vector<std::string> fields = words(line);
    if (fields.size() != 3) continue;
    const auto first = parse_number<uint64_t>(fields[0]);
    const auto count = parse_number<uint64_t>(fields[2]);
    if (first && count && *first <= kNobody && kNobody - *first < *count) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> parse_traced(const std::string& text) {
  std::vector<std::string> paths;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = words(line);
    const bool found = fields.size() >= 3 && fields[1] == "=>";
    const std::string path = found ? fields[2] : fields.empty() ? "" : fields[0];
    if (path.starts_with('/')) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> why_not_as_root(const std::vector<Launch>& launches) {
  const Clock::time_point end = Clock::now() + kLimit;
  std::vector<Trace> traces;
  for (const Launch& launch : launches) traces.push_back(start_trace(launch));
  std::map<std::string, std::string> known;  // the same libraries again and again
  std::vector<std::string> answers;
  for (size_t i = 0; i < launches.size(); ++i) {
    const bool whole = finish(traces[i], end);
    std::vector<std::string> paths = with_plugins(parse_traced(traces[i].text));
    for (const std::string& directory : library_path(launches[i])) paths.push_back(directory);
    const bool started = traces[i].pid > 0;  // else its start as a probe tells why not
    std::string why =
        whole || !started ? "" : "the dynamic loader did not say in time what it would load";
    for (const std::string& path : paths) {
      const auto [at, is_new] = known.try_emplace(path);
      if (is_new) at->second = who_else_changes(path);
      if (why.empty()) why = at->second;
    }
    answers.push_back(why);
  }
  return answers;
}

bool can_become_nobody() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  const bool rights = std::all_of(std::begin(kNobodyNeeds), std::end(kNobodyNeeds), [&](int right) {
    return (sets[0].effective >> static_cast<unsigned>(right) & 1U) != 0;
  });
  return rights && maps_nobody("/proc/self/uid_map") && maps_nobody("/proc/self/gid_map");
}

}  // namespace efa
