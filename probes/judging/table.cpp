#include "probes/judging/table.h"

#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "probes/account/checks.h"
#include "probes/account/own_judge.h"
#include "probes/cloud/checks.h"
#include "probes/cloud/read.h"
#include "probes/data/checks.h"
#include "probes/fabric/checks.h"
#include "probes/gpu/checks.h"
#include "probes/gpu/read.h"
#include "probes/jobs/checks.h"
#include "probes/jobs/read.h"
#include "probes/judging/outcome_checks.h"
#include "probes/judging/site_checks.h"
#include "probes/judging/take.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/loading_checks.h"
#include "probes/kernel/read.h"
#include "probes/limits/checks.h"
#include "probes/limits/read.h"
#include "probes/log/checks.h"
#include "probes/log/read.h"
#include "probes/mesh/checks.h"
#include "probes/net/checks.h"
#include "probes/net/read.h"
#include "probes/pair/checks.h"
#include "probes/pci/checks.h"
#include "probes/pci/read.h"
#include "probes/rdma/checks.h"
#include "probes/rdma/counters_checks.h"
#include "probes/rdma/read.h"
#include "probes/software/checks.h"
#include "probes/software/read.h"
#include "probes/verbs/checks.h"

namespace efa {
namespace {

constexpr uint64_t bit(int capability) {
  return uint64_t{1} << static_cast<unsigned>(capability);
}

// Other processes' descriptors and environment (jobs), their limits (limits).
constexpr uint64_t kReadProcesses = bit(CAP_SYS_PTRACE) | bit(CAP_DAC_READ_SEARCH);
constexpr uint64_t kReadKernelLog = bit(CAP_SYSLOG) | bit(CAP_DAC_READ_SEARCH);

// efa asks shm for transfers inside the node; no other provider is to touch the machine.
constexpr const char* kFabricEnvironment[] = {"FI_LOG_LEVEL=warn", "FI_PROVIDER=efa,shm"};

std::vector<std::string> topology_options(const ProbeSettings& settings) {
  if (settings.recording) return {"keep-xml=1"};
  return {};
}

std::vector<std::string> kernel_options(const ProbeSettings& settings) {
  return {"archive-module=" + settings.modules + "/archive.so"};
}

std::vector<std::string> data_options(const ProbeSettings& settings) {
  return {"lock-directory=" + settings.run_directory};
}

std::vector<std::string> cloud_options(const ProbeSettings& settings) {
  std::vector<std::string> options = {
      "imds-budget-ms=" + std::to_string(settings.metadata_budget_ms),
      "http-module=" + settings.modules + "/http.so"};
  if (!settings.metadata_endpoint.empty()) {
    options.push_back("imds-endpoint=" + settings.metadata_endpoint);
  }
  if (!settings.known_metadata.empty()) {
    options.push_back("known-metadata=" + settings.known_metadata);
  }
  return options;
}

std::vector<std::string> account_options(const ProbeSettings& settings) {
  // some ten calls, within the time of a pass
  return {"own=1", "calls-a-second=20", "metadata-endpoint=" + settings.metadata_endpoint};
}

constexpr ProbeRow kTable[] = {
    {.name = "pci",
     .read = read_pci,
     .from_files = true,
     .lists_devices = true,
     .take = take_one<&Node::pci>,
     .add_outcomes = add_outcome<&Node::pci>,
     .rungs = {{Rung::kPci}, {Rung::kDriver}},
     .judges = {{kPciChecks, judge_pci}}},
    {.name = "kernel",
     .read = read_kernel,
     .from_files = true,
     .capabilities = bit(CAP_DAC_READ_SEARCH),
     .options = kernel_options,
     .take = take_one<&Node::kernel>,
     .add_outcomes = add_outcome<&Node::kernel>,
     .judges = {{kKernelChecks, judge_kernel}, {kLoadingChecks, judge_loading}}},
    {.name = "rdma",
     .read = read_rdma,
     .lists_devices = true,
     .take = take_one<&Node::rdma>,
     .add_outcomes = add_outcome<&Node::rdma>,
     .rungs = {{Rung::kRdma}, {Rung::kNode}},
     .judges = {{kRdmaChecks, judge_rdma}, {kCountersChecks, judge_counters}}},
    {.name = "verbs",
     .live_only = true,
     .loads_libraries = true,
     .take = take_one<&Node::verbs>,
     .add_outcomes = add_outcome<&Node::verbs>,
     .rungs = {{Rung::kVerbs}},
     .judges = {{kVerbsChecks, judge_verbs}}},
    {.name = "data",
     .live_only = true,
     .only_when_asked = true,
     .loads_libraries = true,
     .capabilities = kReadProcesses,
     .options = data_options,
     .take = take_requested<&Node::data>,
     .add_outcomes = add_requested_outcome<&Node::data>,
     .rungs = {{Rung::kData}},
     .judges = {{kDataChecks, judge_data}}},
    {.name = "fabric",
     .live_only = true,
     .loads_libraries = true,
     .environment = kFabricEnvironment,
     .runs = Runs::kForEachLibfabric,
     .take = take_each<&Node::fabric>,
     .add_outcomes = add_each_outcome<&Node::fabric>,
     .rungs = {{.rung = Rung::kFabric, .takes_neighbours = true}},
     .judges = {{kFabricChecks, judge_fabric}, {kFabricForeignChecks, judge_fabric_foreign}}},
    {.name = "topology",
     .loads_libraries = true,
     .needs_no_rights = true,
     .options = topology_options,
     .untold_fact = "xml",
     .take = take_one<&Node::topology>,
     .add_outcomes = add_outcome<&Node::topology>},
    {.name = "net",
     .read = read_net,
     .asks_no_device = true,
     .take = take_one<&Node::net>,
     .add_outcomes = add_outcome<&Node::net>,
     .judges = {{kNetChecks, judge_net}}},
    {.name = "gpu",
     .read = read_gpu,
     .from_files = true,
     .take = take_gpu,  // after "rdma"
     .add_outcomes = add_outcome<&Node::gpu>,
     .judges = {{kGpuChecks, judge_gpu}}},
    {.name = "limits",
     .read = read_limits,
     .from_files = true,
     .capabilities = kReadProcesses,
     .take = take_one<&Node::limits>,
     .add_outcomes = add_outcome<&Node::limits>,
     .judges = {{kLimitsChecks, judge_limits}}},
    {.name = "software",
     .read = read_software,
     .from_files = true,
     .asks_no_device = true,
     .take = take_one<&Node::software>,
     .add_outcomes = add_outcome<&Node::software>,
     .judges = {{kSoftwareChecks, judge_software}}},
    {.name = "log",
     .read = read_log,
     .from_files = true,
     .capabilities = kReadKernelLog,
     .asks_no_device = true,
     .quotes_others = true,
     .take = take_one<&Node::log>,
     .add_outcomes = add_outcome<&Node::log>,
     .judges = {{kLogChecks, judge_log}}},
    {.name = "cloud",
     .read = read_cloud,
     .options = cloud_options,
     .asks_no_device = true,
     .take = take_one<&Node::cloud>,
     .add_outcomes = add_outcome<&Node::cloud>,
     .judges = {{kCloudChecks, judge_cloud}, {kCloudInterfaceChecks, judge_cloud_interfaces}}},
    {.name = "jobs",
     .read = read_jobs,
     .capabilities = kReadProcesses,
     .take = take_one<&Node::jobs>,
     .add_outcomes = add_outcome<&Node::jobs>,
     .judges = {{kJobsChecks, judge_jobs}}},
    // its checks are also those of fleets, where they are about no node
    {.name = "account",
     .live_only = true,
     .only_when_asked = true,
     .asks_aws = true,
     .options = account_options,
     .asks_no_device = true,
     .take = take_requested<&Node::account>,
     .add_outcomes = add_requested_outcome<&Node::account>,
     .judges = {{{}, judge_own_account}}},
};

template <class Function>
constexpr void for_each_check(const Function& function) {
  for (const ProbeRow& row : kTable) {
    for (const Judge& judge : row.judges) {
      for (const Check* check : judge.checks) function(*check);
    }
  }
  for (const Check* check : kOutcomeChecks) function(*check);
  for (const Check* check : kSiteChecks) function(*check);
  for (const Check* check : kPairChecks) function(*check);
  for (const Check* check : kMeshChecks) function(*check);
  for (const auto& checks : kAccountChecks) {
    for (const Check* check : checks) function(*check);
  }
}

constexpr size_t kCheckCount = [] {
  size_t count = 0;
  for_each_check([&](const Check&) { ++count; });
  return count;
}();

// Sorted, so that looking one up takes few of the steps that a compiler allows a constant.
constexpr std::array<std::string_view, kCheckCount> kCodes = [] {
  std::array<std::string_view, kCheckCount> codes;
  size_t count = 0;
  for_each_check([&](const Check& check) { codes[count++] = check.code; });
  std::sort(codes.begin(), codes.end());
  return codes;
}();

constexpr int kUnknownCauses = [] {
  int count = 0;
  for_each_check([&](const Check& check) {
    for (const std::string_view& cause : check.causes.codes) {
      if (cause.empty()) break;
      count += std::binary_search(kCodes.begin(), kCodes.end(), cause) ? 0 : 1;
    }
  });
  return count;
}();

static_assert(kUnknownCauses == 0, "a cause is the code of no check");
static_assert(std::adjacent_find(kCodes.begin(), kCodes.end()) == kCodes.end(),
              "two checks have one code");

template <class Predicate>
bool any_rung(const Predicate& is_it) {
  return std::any_of(std::begin(kTable), std::end(kTable), [&](const ProbeRow& row) {
    return std::any_of(std::begin(row.rungs), std::end(row.rungs), is_it);
  });
}

}  // namespace

std::span<const ProbeRow> probe_table() {
  return kTable;
}

const ProbeRow* probe_of(std::string_view process) {
  for (const ProbeRow& row : kTable) {
    const std::string_view name = row.name;
    const bool copy = row.runs == Runs::kForEachLibfabric && process.starts_with(name) &&
                      process.substr(name.size()).starts_with(':');
    if (process == name || copy) return &row;
  }
  return nullptr;
}

const ProbeRow* probe_of(const Check& check) {
  for (const ProbeRow& row : kTable) {
    for (const Judge& judge : row.judges) {
      const auto& checks = judge.checks;
      // by its code: one that the site weighs anew is a copy of the row
      const bool mine = std::any_of(checks.begin(), checks.end(),
                                    [&](const Check* one) { return one->code == check.code; });
      if (mine) return &row;
    }
  }
  return nullptr;
}

bool takes_neighbours(Rung rung) {
  return any_rung(
      [&](const MeasuredRung& one) { return one.rung == rung && one.takes_neighbours; });
}

bool was_run(const ProbeRow& row, const Node& node) {
  if (!row.only_when_asked) return true;
  std::vector<const ProbeOutcome*> outcomes;
  row.add_outcomes(node, outcomes);
  return !outcomes.empty();
}

bool is_measured(Rung rung, const Node& node) {
  return std::any_of(std::begin(kTable), std::end(kTable), [&](const ProbeRow& row) {
    return was_run(row, node) &&
           std::any_of(std::begin(row.rungs), std::end(row.rungs),
                       [&](const MeasuredRung& one) { return one.rung == rung; });
  });
}

std::vector<const Check*> all_checks() {
  std::vector<const Check*> checks;
  for_each_check([&](const Check& check) { checks.push_back(&check); });
  std::sort(checks.begin(), checks.end(),
            [](const Check* a, const Check* b) { return a->code < b->code; });
  return checks;
}

const Check* find_check(std::string_view code) {
  const Check* found = nullptr;
  for_each_check([&](const Check& check) {
    if (check.code == code) found = &check;
  });
  return found;
}

std::vector<const ProbeOutcome*> outcomes_of(const Node& node) {
  std::vector<const ProbeOutcome*> outcomes;
  for (const Runs runs : {Runs::kOnce, Runs::kForEachLibfabric}) {
    for (const ProbeRow& row : probe_table()) {
      if (row.runs == runs) row.add_outcomes(node, outcomes);
    }
  }
  for (const SiteProbe& probe : node.site) outcomes.push_back(&probe.outcome);
  return outcomes;
}

}  // namespace efa
