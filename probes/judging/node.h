// All that a pass saw of a node, and what is expected of it: the whole input of every judge.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "probes/account/facts.h"
#include "probes/base/value.h"
#include "probes/cloud/facts.h"
#include "probes/data/facts.h"
#include "probes/fabric/facts.h"
#include "probes/gpu/facts.h"
#include "probes/jobs/facts.h"
#include "probes/judging/findings.h"
#include "probes/judging/outcome.h"
#include "probes/judging/weights.h"
#include "probes/kernel/facts.h"
#include "probes/limits/facts.h"
#include "probes/log/facts.h"
#include "probes/net/facts.h"
#include "probes/pci/baseline.h"
#include "probes/pci/facts.h"
#include "probes/rdma/baseline.h"
#include "probes/rdma/counter_limits.h"
#include "probes/rdma/facts.h"
#include "probes/software/facts.h"
#include "probes/topology/facts.h"
#include "probes/verbs/facts.h"

namespace efa {

// What one probe said and how it ended. The facts of a probe that hung are those it gave before.
template <class Facts>
struct Seen {
  ProbeOutcome outcome;
  Facts facts;
};

// An executable of the site's own (probes.d): its facts are of any shape, its findings are JSON.
struct SiteProbe {
  ProbeOutcome outcome;
  std::vector<Value> findings;
};

// EFA devices that are not judged, whose interfaces AWS lists all the same.
struct LeftOut {
  std::set<std::string> macs;  // of those whose MAC is known
  size_t nameless = 0;         // how many there are beside them
};

struct Node {
  bool live = true;  // false for a sysroot: it has no libraries, device nodes or metadata to ask
  Seen<PciFacts> pci;
  Seen<KernelFacts> kernel;
  Seen<RdmaFacts> rdma;
  Seen<VerbsFacts> verbs;
  std::optional<Seen<DataFacts>> data;    // where it was asked for
  std::vector<Seen<FabricFacts>> fabric;  // one for each libfabric found
  Seen<TopologyFacts> topology;
  Seen<NetFacts> net;
  Seen<GpuFacts> gpu;
  Seen<LimitsFacts> limits;
  Seen<SoftwareFacts> software;
  Seen<LogFacts> log;
  Seen<CloudFacts> cloud;
  Seen<JobsFacts> jobs;
  std::optional<Seen<AccountFacts>> account;  // only where it was asked for
  LeftOut left_out;
  std::vector<SiteProbe> site;
};

// All copies of libfabric that answered list no device, and one of them was built with EFA.
inline bool libfabric_lists_none(const Node& node) {
  bool answered = false;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    if (!seen.facts.devices.empty()) return false;
    answered = answered || (seen.facts.getinfo_status && seen.facts.has_provider != false);
  }
  return answered;
}

// What earlier passes of this boot saw.
struct Past {
  std::set<PciAddress> devices;
  std::vector<CounterBaseline> baselines;
  CounterLimits limits;
  int64_t now_ms = 0;  // when this pass began, of CLOCK_BOOTTIME
  // code and subject of what failed when it was last looked at
  std::set<std::pair<std::string, std::string>> failing;
  std::vector<ErrorBaseline> pci_errors;
  std::set<std::string> jobs;  // that had EFA open: job_of_process()
};

// Whether EFA reaches the memory of an instance type's accelerators.
enum class DirectMemory {
  kNotKnown,
  kRequired,    // it can, and NCCL's plugin demands it
  kImpossible,  // its hardware cannot
};

// What a container was given of the machine's EFA devices: fewer than all, perhaps none.
struct Given {
  std::string container;  // "docker"
  int devices = 0;
  int of = 0;
};

// Numbers are without the devices that are set aside.
struct Expectation {
  bool expected = false;       // EFA is expected on this node
  std::string why;             // in words: the reason for `expected`
  std::optional<int> exactly;  // --expect N or the configuration
  bool all = false;            // --expect max: as many as the instance type can have
  std::optional<int> maximum;  // what the instance type can have
  std::vector<int> whole;  // the counts that AWS builds the type with, rising; its maximum is one
  std::string instance_type;  // "" when unknown
  DirectMemory direct_memory = DirectMemory::kNotKnown;
  bool rails = false;           // the type is sold for its many devices
  bool type_listed = false;     // the table of instance types has it
  bool type_lacks_efa = false;  // and says that it cannot have EFA
  std::optional<Given> given;
  std::set<PciAddress> set_aside;  // by the site, not judged: given to a virtual machine
  Weights weights;
  Past past;

  // What the node should have, by the number that was found: of several whole counts the least
  // that has room for all that are there. One between two has lost some of the larger layout.
  [[nodiscard]] std::optional<int> number_for(int found) const {
    if (exactly || whole.empty()) return exactly ? exactly : maximum;
    for (const int count : whole) {
      if (found <= count) return count;
    }
    return whole.back();
  }
};

// All functions on PCI were listed and told apart: what is not among them is not there.
inline bool saw_all_of_pci(const Node& node) {
  return node.pci.outcome.status == ProbeStatus::kOk && node.pci.facts.functions &&
         node.pci.facts.unidentified.empty();
}

// A function that could not be told apart may be one more EFA device, unless there are as many as
// there can be.
inline bool may_hide_efa(const Node& node, const Expectation& expectation) {
  const auto most = expectation.exactly ? expectation.exactly : expectation.maximum;
  return !node.pci.facts.unidentified.empty() &&
         (!most || std::cmp_less(node.pci.facts.efa.size(), *most));
}

}  // namespace efa
