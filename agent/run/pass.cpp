#include "agent/run/pass.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include "agent/log/log.h"
#include "agent/run/adopted.h"
#include "agent/run/libfabric_copies.h"
#include "agent/run/libraries.h"
#include "probes/base/fd.h"
#include "probes/base/text.h"
#include "probes/base/way.h"
#include "probes/judging/outcome_checks.h"
#include "probes/judging/site_probe.h"
#include "probes/kernel/read.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeToReport{500};  // of the deadline: diagnosis and writing take a few ms
constexpr uint64_t kMemoryMib = 128;        // of a probe: half of what the unit gives to all
constexpr uint64_t kMemoryMibForAws = 512;  // TLS, and a page of an API
constexpr size_t kMaxSiteProbes = 64;

uint64_t memory_limit(const ProbeRow& row, bool live) {
#if defined(__SANITIZE_ADDRESS__)  // its shadow memory counts too
  return 0;
#endif
  return memory_of(row, live);
}

std::vector<std::string> options_of(const PassPlan& plan, const ProbeRow& row) {
  if (row.options == nullptr) return {};
  std::vector<std::string> options =
      row.options({plan.record, plan.libexec, plan.metadata.budget_ms, plan.metadata.endpoint,
                   plan.known_metadata, plan.run_directory});
  const bool of_image = std::string_view(row.name) == "kernel" && !plan.installed_kernel.empty();
  if (of_image) options.push_back(std::string(kInstalledKernel) + "=" + plan.installed_kernel);
  return options;
}

// What is built in can be replaced, by a name that no version installs: "instead-of-log" beside the
// executables. A probe-log that an older version left there is not run.
Launch program_of(const PassPlan& plan, const ProbeRow& row) {
  Launch launch;
  launch.name = row.name;
  if (row.read == nullptr) {
    launch.executable = plan.libexec + "/probe-" + row.name;
    return launch;
  }
  launch.executable = plan.libexec + "/instead-of-" + row.name;
  const bool replaced = !plan.libexec.empty() && access(launch.executable.c_str(), F_OK) == 0;
  if (!replaced) launch.read = row.read;
  return launch;
}

Launch launch_of(const PassPlan& plan, const ProbeRow& row) {
  Launch launch = program_of(plan, row);
  launch.capabilities = row.capabilities;
  launch.as_nobody = row.needs_no_rights && plan.live() && geteuid() == 0 && can_become_nobody();
  launch.memory_mib = memory_limit(row, plan.live());
  launch.environment = row.asks_aws ? environment_for_aws() : base_environment();
  launch.environment.insert(launch.environment.end(), row.environment.begin(),
                            row.environment.end());
  const int64_t end_ms = plan.pass.deadline_ms - 2 * kTimeToReport.count();
  launch.arguments = {"--sysroot",
                      plan.sysroot,
                      "--deadline-ms",
                      std::to_string(end_ms),
                      "--device-deadline-ms",
                      std::to_string(std::min(plan.pass.device_deadline_ms, end_ms))};
  if (plan.live() && !plan.pass.host_root.empty()) {
    launch.arguments.insert(launch.arguments.end(), {"--host-root", plan.pass.host_root});
  }
  // what another replays is what it said: of jobs and routes no more is kept than the facts
  if (plan.record && row.from_files) launch.arguments.emplace_back("--record");
  for (const std::string& option : options_of(plan, row)) {
    launch.arguments.insert(launch.arguments.end(), {"--option", option});
  }
  for (const LeftProcess& left : plan.left) {
    if (left.probe == launch.name) {
      launch.arguments.insert(launch.arguments.end(), {"--skip", left.process.subject});
    }
  }
  return launch;
}

ProbeRun not_started(const std::string& name, ProbeStatus status, const std::string& detail) {
  ProbeRun run;
  run.outcome.name = name;
  run.outcome.status = status;
  run.outcome.detail = detail;
  return run;
}

bool loads_foreign_code(const Launch& launch) {
  const ProbeRow* probe = probe_of(launch.name);
  return probe != nullptr && probe->loads_libraries;
}

std::vector<Launch> take_foreign(std::vector<Launch>& launches) {
  const auto first = std::stable_partition(
      launches.begin(), launches.end(), [](const Launch& one) { return !loads_foreign_code(one); });
  std::vector<Launch> foreign(std::make_move_iterator(first),
                              std::make_move_iterator(launches.end()));
  launches.erase(first, launches.end());
  return foreign;
}

std::vector<Launch> started_as_root(const std::vector<Launch>& launches) {
  std::vector<Launch> those;
  std::copy_if(launches.begin(), launches.end(), std::back_inserter(those),
               [](const Launch& one) { return !one.as_nobody; });
  return those;
}

// Root loads no library that another user can change. Gives for each of those probes why.
std::map<std::string, std::string> distrust(std::vector<Launch>& foreign,
                                            std::vector<ProbeRun>& others) {
  std::map<std::string, std::string> reasons;
  if (geteuid() != 0) return reasons;
  const std::vector<Launch> roots = started_as_root(foreign);
  const std::vector<std::string> answers = why_not_as_root(roots);
  for (size_t i = 0; i < roots.size(); ++i) {
    if (!answers[i].empty()) reasons[roots[i].name] = answers[i];
  }
  const bool as_nobody = !reasons.empty() && can_become_nobody();
  std::erase_if(foreign, [&](Launch& launch) {
    const auto reason = reasons.find(launch.name);
    if (reason == reasons.end()) return false;
    launch.as_nobody = as_nobody;
    if (as_nobody) return false;
    others.push_back(not_started(launch.name, ProbeStatus::kNotApplicable,
                                 std::string(kNotAsked) + reason->second));
    return true;
  });
  return reasons;
}

std::vector<std::string> names_of(const std::vector<Launch>& launches) {
  std::vector<std::string> names;
  for (const Launch& launch : launches) names.push_back(launch.name);
  return names;
}

// That of the table, whichever was started first.
void put_in_order(std::vector<ProbeRun>& runs, const std::vector<std::string>& names) {
  const auto place = [&](const ProbeRun& run) {
    return std::find(names.begin(), names.end(), run.outcome.name);
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const ProbeRun& a, const ProbeRun& b) { return place(a) < place(b); });
}

// The executables of probes.d; what only root should have written is run only when it has.
void add_site_probes(const PassPlan& plan, std::vector<Launch>& launches,
                     std::vector<ProbeRun>& others) {
  std::error_code error;
  std::set<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(plan.pass.site_probes, error)) {
    if (access(entry.path().c_str(), X_OK) == 0) paths.insert(entry.path().string());
  }
  size_t count = 0;
  for (const std::string& path : paths) {
    const std::string name =
        std::string(kSitePrefix) + std::filesystem::path(path).filename().string();
    if (std::filesystem::is_directory(path, error) || !is_utf8(name)) continue;
    if (++count > kMaxSiteProbes) {
      others.push_back(not_started(name, ProbeStatus::kFailed,
                                   std::to_string(paths.size() - kMaxSiteProbes) +
                                       " of the site's probes were not run: at most 64 are"));
      return;
    }
    // by its path, which nobody else can lead elsewhere: a script finds what lies beside it
    const std::string why = who_else_changes(path);
    if (!why.empty()) {
      others.push_back(not_started(name, ProbeStatus::kDenied, why));
      continue;
    }
    Launch launch;
    launch.name = name;
    launch.executable = path;
    launch.environment = base_environment();
    launch.environment.push_back(std::string(kProbeVariable) + "=" + name);
    launch.capabilities = ~uint64_t{0};
    launch.memory_mib = kMemoryMib;
    launches.push_back(std::move(launch));
  }
}

bool hangs_whole(const PassPlan& plan, const std::string& name) {
  return std::any_of(plan.left.begin(), plan.left.end(), [&](const LeftProcess& left) {
    return left.probe == name && left.process.subject == "probe";
  });
}

}  // namespace

// A library maps what it likes on the machine that it was made for; our own code needs little.
uint64_t memory_of(const ProbeRow& row, bool live) {
  if (row.asks_aws) return kMemoryMibForAws;
  return row.loads_libraries && live ? 0 : kMemoryMib;
}

std::vector<ProbeRun> run_pass(const PassPlan& plan, const Progress& progress) {
  std::vector<Launch> launches;
  std::vector<ProbeRun> others;
  for (const ProbeRow& row : probe_table()) {
    if (row.only_when_asked && !plan.asked.contains(row.name)) continue;
    const Launch launch = launch_of(plan, row);
    if (!plan.only.empty() && !plan.only.contains(row.name)) {
      others.push_back(not_started(row.name, ProbeStatus::kNotApplicable, "not asked for"));
    } else if (row.live_only && !plan.live()) {
      others.push_back(
          not_started(row.name, ProbeStatus::kNotApplicable, "not available in a sysroot"));
    } else if (row.runs == Runs::kForEachLibfabric) {
      for (Launch& copy : for_each_libfabric(launch)) launches.push_back(std::move(copy));
    } else {
      launches.push_back(launch);
    }
  }
  if (plan.live() && plan.only.empty() && plan.site_probes) add_site_probes(plan, launches, others);
  std::erase_if(launches, [&](const Launch& launch) {
    if (!hangs_whole(plan, launch.name)) return false;
    others.push_back(not_started(launch.name, ProbeStatus::kStillHanging,
                                 "its process of an earlier pass cannot be killed"));
    return true;
  });
  const std::vector<std::string> order = names_of(launches);
  std::vector<Launch> foreign = take_foreign(launches);
  std::map<std::string, std::string> distrusted;
  const auto trusted = [&] {  // what it loads is looked into while the others run
    distrusted = distrust(foreign, others);
    return std::move(foreign);
  };
  std::vector<ProbeRun> runs =
      run_probes(launches, milliseconds(plan.pass.deadline_ms) - kTimeToReport, progress, trusted);
  put_in_order(runs, order);
  for (ProbeRun& run : runs) {
    const auto reason = distrusted.find(run.outcome.name);
    if (reason == distrusted.end()) continue;
    std::string& detail = run.outcome.detail;
    detail += (detail.empty() ? "" : "; ") + std::string(kAskedAsNobody) + reason->second;
  }
  std::move(others.begin(), others.end(), std::back_inserter(runs));
  return runs;
}

ProbeRun run_from_looks(const PassPlan& plan, const ProbeRow& row, const std::string& looks,
                        milliseconds limit) {
  if (limit <= milliseconds(0)) {
    return not_started(row.name, ProbeStatus::kTimedOut,
                       "the probes before it used up the pass's time");
  }
  const Result<Fd> file = memory_file("looks", looks);
  if (!file) return not_started(row.name, ProbeStatus::kFailed, "no memory for what it read");
  Launch launch = program_of(plan, row);
  launch.stdin_fd = file->get();
  launch.memory_mib = memory_limit(row, /*live=*/false);
  launch.arguments = {"--replay", "/dev/stdin"};
  launch.environment = base_environment();
  std::vector<ProbeRun> runs = run_probes({launch}, limit, Progress());
  return std::move(runs.front());
}

}  // namespace efa
