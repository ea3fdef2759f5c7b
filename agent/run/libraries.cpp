#include "agent/run/libraries.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "agent/run/launch.h"
#include "probes/base/child.h"
#include "probes/base/files.h"
#include "probes/base/text.h"
#include "probes/base/way.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLimit{2'000};  // it takes 2 ms, where a CPU is free
constexpr size_t kMostText = size_t{64} * 1024;     // 100 libraries take 8 KiB

// The dynamic loader tells what it would load, and ends.
Result<RunningCommand> start_trace(const Launch& launch) {
  std::vector<std::string> environment = launch.environment;
  environment.emplace_back("LD_TRACE_LOADED_OBJECTS=1");
  return RunningCommand::start({launch.executable}, environment);
}

std::string traced(const Launch& launch) {
  Result<RunningCommand> trace = start_trace(launch);
  return trace ? trace->output(Clock::now() + kLimit, kMostText).text : "";
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

std::vector<std::string> libraries_of(const Launch& launch) {
  return parse_traced(traced(launch));
}

std::string missing_library(const Launch& launch) {
  for (const std::string& line : split(traced(launch), '\n')) {
    if (line.ends_with("=> not found")) return words(line)[0];
  }
  return "";
}

std::vector<std::string> why_not_as_root(const std::vector<Launch>& launches) {
  const Clock::time_point end = Clock::now() + kLimit;
  std::vector<Result<RunningCommand>> traces;
  for (const Launch& launch : launches) traces.push_back(start_trace(launch));
  std::map<std::string, std::string> known;  // the same libraries again and again
  std::vector<std::string> answers;
  for (size_t i = 0; i < launches.size(); ++i) {
    // one that does not start tells why not when it is started as a probe
    const RunningCommand::Printed traced =
        traces[i] ? traces[i]->output(end, kMostText) : RunningCommand::Printed{"", true};
    std::vector<std::string> paths = with_plugins(parse_traced(traced.text));
    for (const std::string& directory : library_path(launches[i])) paths.push_back(directory);
    std::string why =
        traced.whole ? "" : "the dynamic loader did not say in time what it would load";
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
