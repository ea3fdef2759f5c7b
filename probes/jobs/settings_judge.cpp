// Judges what is set in the environments of processes that use EFA, or were meant to, by the rows
// of setting_rows.h. What depends on a library's release is said where that is known.

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/jobs/judging.h"
#include "probes/jobs/setting_values.h"
#include "probes/jobs/settings.h"

namespace efa {
namespace {

constexpr const Check* kSettingChecks[] = {&kJobsSettingRemoved, &kJobsSettingHarmful,
                                           &kJobsProviderExcluded, &kJobsSettingsContradict};

// Whether a row is true of a process; nothing, and why, where that cannot be told.
struct Truth {
  std::optional<bool> holds;
  std::string why;
};

constexpr const char* kNo = "";

Truth both(const Truth& one, const Truth& other) {
  if (one.holds == false || other.holds == false) return {false, kNo};
  return one.holds ? other : one;
}

// "FI_EFA_FORK_SAFE=1" among its settings; null when it is not set.
const std::string* find_setting(const Job& job, std::string_view name) {
  for (const std::string& setting : job.environment) {
    if (name_of_setting(setting) == name) return &setting;
  }
  return nullptr;
}

std::string_view value_of(const std::string& setting) {
  return std::string_view(setting).substr(name_of_setting(setting).size() + 1);
}

bool is_set(const Job& job, std::string_view name, Values values, const Surrounding& around) {
  const std::string* setting = find_setting(job, name);
  return setting != nullptr && is_meant(values, value_of(*setting), around);
}

// Linux 5.13 copies pages that are registered when a process forks ("RDMA: Expose copy-on-fork");
// distributions that take fixes over may have it earlier.
Truth copies_on_fork(const Node& node) {
  const std::string release = node.kernel.facts.release.value_or("");
  const std::vector<std::string> parts = split(release, '.');
  const auto major = parse_number<int>(parts.front());
  const auto minor = parts.size() > 1 ? parse_number<int>(parts[1]) : std::nullopt;
  if (!major || !minor) return {std::nullopt, "the kernel's release is not known"};
  if (std::pair(*major, *minor) >= std::pair(5, 13)) return {true, kNo};
  for (const char* name : {".el", "amzn"}) {
    if (release.find(name) == std::string::npos) continue;
    return {std::nullopt, "whether the kernel " + release + " copies pages on fork is not known"};
  }
  return {false, kNo};
}

Truth lacks_rdma_read(const Node& node) {
  constexpr uint32_t kRdmaRead = 1;  // EFADV_DEVICE_ATTR_CAPS_RDMA_READ
  Truth truth{std::nullopt, "the EFA devices were not asked whether they read by RDMA"};
  for (const VerbsDevice& device : node.verbs.facts.devices) {
    if (!device.capability_bits) continue;
    if ((*device.capability_bits & kRdmaRead) != 0) return {false, kNo};
    truth = {true, kNo};
  }
  return truth;
}

Truth has_only_dma_buf(const Node& node, const Job& job) {
  const GpuFacts& facts = node.gpu.facts;
  if (facts.nvidia.empty() || job.accelerators.value_or(0) == 0) return {false, kNo};
  if (!facts.p2p || !facts.nvidia_open) {
    return {std::nullopt, "whether efa has peer memory and dma-buf here is not known"};
  }
  return {facts.p2p->is_closed() && *facts.nvidia_open, kNo};  // only open modules export dma-buf
}

Truth is_there(Where where, const Node& node, const Job& job) {
  switch (where) {
    case Where::kForkIsSafe:
      return copies_on_fork(node);
    case Where::kForkIsNotSafe: {
      Truth truth = copies_on_fork(node);
      if (truth.holds) truth.holds = !*truth.holds;
      return truth;
    }
    case Where::kNoRdmaRead:
      return lacks_rdma_read(node);
    case Where::kAccelerator:
      return {job.accelerators.value_or(0) > 0, kNo};
    case Where::kOnlyDmaBuf:
      return has_only_dma_buf(node, job);
    case Where::kAnywhere:
      break;
  }
  return {true, kNo};
}

// The library of that name that it has mapped; "" and why.
std::pair<std::string, std::string> library_of(const Job& job, const std::string& name) {
  if (!job.libraries) return {"", "which " + name + " the process uses could not be read"};
  const auto library = only_library(*job.libraries, name);
  if (!library) return {"", "the process has no " + name + " mapped, or several"};
  return {*library, "the release of " + *library + " is not known"};
}

Truth has_release(const SettingRow& row, const Job& job) {
  if (!row.since && !row.until) return {true, kNo};
  const auto [library, why] = library_of(job, "libfabric");
  const auto release = libfabric_release(library);
  if (!release) return {std::nullopt, why};
  return {(!row.since || *release >= *row.since) && (!row.until || *release < *row.until), kNo};
}

Truth has_old_rdma_core(const SettingRow& row, const Job& job) {
  if (row.rdma_core_before == 0) return {true, kNo};
  const auto [library, why] = library_of(job, "libibverbs");
  const auto version = rdma_core_version(library);
  if (!version) return {std::nullopt, why};
  return {*version < row.rdma_core_before, kNo};
}

Truth holds(const SettingRow& row, const Node& node, const Job& job, const Surrounding& around) {
  if (!is_set(job, row.name, row.values, around)) return {false, kNo};
  if (!row.with.empty() && !is_set(job, row.with, row.with_values, around)) return {false, kNo};
  return both(is_there(row.where, node, job),
              both(has_release(row, job), has_old_rdma_core(row, job)));
}

Surrounding surrounding_of(const Node& node, const std::string& type, const Job& job) {
  Surrounding around;
  for (const RdmaDevice& device : node.rdma.facts.devices) around.devices.push_back(device.name);
  const auto& jobs = node.jobs.facts.processes;
  around.alike = static_cast<int>(std::count_if(
      jobs.begin(), jobs.end(), [&](const Job& one) { return one.command == job.command; }));
  // the entries for P5 and later of the plugin, platform-aws.cpp, that have several GPUs; until
  // June 2025 it brought a file for P5
  const auto& files = node.software.facts.nccl_topology_files;
  around.makes_topology = type.size() > 2 && type[0] == 'p' && type[1] >= '5' && type[1] <= '9' &&
                          type != "p5.4xlarge" &&
                          std::none_of(files.begin(), files.end(), [](const std::string& file) {
                            return base_name(file).starts_with("p5");
                          });
  return around;
}

std::string words_of(Traffic traffic) {
  if (traffic == Traffic::kNone) return "; no traffic on its EFA devices since the last pass";
  return "";
}

void say(const SettingRow& row, const Truth& truth, const Job& job, const std::string& more,
         ByProgram& said) {
  std::string settings = *find_setting(job, row.name);
  if (!row.with.empty()) settings += " and " + *find_setting(job, row.with);
  const Evidence evidence{settings, fmt::format("not set: {}", row.source),
                          fmt::format("/proc/{}/environ", job.pid)};
  if (truth.holds) {
    const std::string command =
        row.instead.empty() ? fmt::format("unset {}", row.name) : std::string(row.instead);
    said.fail(row.check, job, fmt::format("{}: {}{}", settings, row.does, more), evidence, command);
  } else {
    said.unknown(row.check, job, fmt::format("{}: {}; {}", settings, row.does, truth.why),
                 evidence);
  }
}

void judge_environment(const Node& node, const Expectation& expectation, const Job& job,
                       ByProgram& said) {
  const Surrounding around = surrounding_of(node, expectation.instance_type, job);
  for (const SettingRow& row : kSettingRows) {
    const Truth truth = holds(row, node, job, around);
    if (truth.holds == false) continue;
    std::string more;
    if (&row.check == &kJobsProviderExcluded) {
      const Traffic traffic = traffic_of(node, expectation.past, job);
      if (traffic == Traffic::kSome) continue;
      more = words_of(traffic);
    }
    say(row, truth, job, more, said);
  }
  for (const std::string& cut : job.cut) {
    if (!cut.starts_with("environment")) continue;
    for (const Check* check : kSettingChecks) {
      said.unknown(*check, job, "not all of it was seen: " + cut,
                   {"", "", fmt::format("/proc/{}/environ", job.pid)});
    }
  }
}

}  // namespace

bool may_leave_efa_out(const Node& node, const Job& job) {
  const Surrounding around = surrounding_of(node, "", job);
  const std::string* links = find_setting(job, "FI_LNX_PROV_LINKS");
  const bool asks_for_efa = links != nullptr && links_efa(value_of(*links)) == true;
  return std::any_of(std::begin(kSettingRows), std::end(kSettingRows), [&](const SettingRow& row) {
    if (&row.check != &kJobsProviderExcluded) return false;
    const bool takes = row.values == Values::kWithoutEfa || row.values == Values::kHintWithoutEfa;
    const std::string* list = takes ? find_setting(job, row.name) : nullptr;
    return (list != nullptr && may_leave_out_efa(value_of(*list)) && !asks_for_efa) ||
           holds(row, node, job, around).holds == true;
  });
}

void judge_settings(const Node& node, const Expectation& expectation, Findings& findings) {
  ByProgram said(findings);
  const JobsFacts& facts = node.jobs.facts;
  for (const auto* jobs : {&facts.processes, &facts.without_efa}) {
    for (const Job& job : *jobs) judge_environment(node, expectation, job, said);
  }
  said.tell();
  if (facts.processes.empty() && facts.without_efa.empty()) return;
  for (const Check* check : kSettingChecks) {
    if (!said.says(*check)) {
      findings.pass(*check, kNodeSubject, "no process that uses EFA has such a setting");
    }
  }
}

}  // namespace efa
