// Judges the PCI tree on the instance types of which it was seen. A function below the same bridge
// as a GPU is beside it; on p4d the guest has no bridge, there it is one on the same root bus.

#include "probes/gpu/locality_judge.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/gpu/checks.h"
#include "probes/gpu/parse.h"

namespace efa {
namespace {

using Beside = bool (*)(std::string_view, std::string_view);

// All functions are on bus 00 where the guest does not show the machine's buses.
bool share_a_root(std::string_view one, std::string_view other) {
  const std::string_view root = root_of(one);
  return !root.empty() && root != "pci0000:00" && root == root_of(other);
}

struct Rule {
  std::string_view type;  // how instance types begin
  Beside beside;
  std::vector<Accelerator> GpuFacts::*accelerators;
  std::string_view driver;  // with another they are given away
  bool is_hearsay = false;  // others have seen the tree: it must show some pair that is beside
};
// p5.4xlarge has one GPU and one EFA; of p6-b300, p6e-gb200 and trn1 no tree was seen. trn2 has two
// Neuron and two EFA devices below each of eight switches (kvcache-ai/Mooncake#3888).
constexpr Rule kRules[] = {
    {"p5.48xlarge", share_a_bridge, &GpuFacts::nvidia, "nvidia"},
    {"p5e.", share_a_bridge, &GpuFacts::nvidia, "nvidia"},
    {"p5en.", share_a_bridge, &GpuFacts::nvidia, "nvidia"},
    {"p6-b200.", share_a_bridge, &GpuFacts::nvidia, "nvidia"},
    {"p4d.", share_a_root, &GpuFacts::nvidia, "nvidia"},
    {"p4de.", share_a_root, &GpuFacts::nvidia, "nvidia"},
    {"trn2.", share_a_bridge, &GpuFacts::neuron, "neuron-driver", true},
    {"trn2u.", share_a_bridge, &GpuFacts::neuron, "neuron-driver", true},
};

const Rule* rule_of(const std::string& instance_type) {
  const Rule* const rule = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& one) {
    return instance_type.starts_with(one.type);
  });
  return rule == std::end(kRules) ? nullptr : rule;
}

// Nothing where the tree does not show it.
std::optional<bool> has_one_beside(const Accelerator& accelerator, const GpuFacts& facts,
                                   Beside beside) {
  if (!accelerator.path || !beside(*accelerator.path, *accelerator.path)) return std::nullopt;
  bool known = true;
  for (const Accelerator& efa : facts.efa) {
    if (efa.path && beside(*accelerator.path, *efa.path)) return true;
    known = known && efa.path;
  }
  return known ? std::optional(false) : std::nullopt;
}

bool tree_is_as_told(const Rule& rule, const GpuFacts& facts) {
  const auto& all = facts.*rule.accelerators;
  return !rule.is_hearsay || std::any_of(all.begin(), all.end(), [&](const Accelerator& one) {
    return has_one_beside(one, facts, rule.beside) == true;
  });
}

}  // namespace

void judge_locality(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuNoLocalEfa;
  const GpuFacts& facts = node.gpu.facts;
  const Rule* const rule = rule_of(expectation.instance_type);
  const bool all_are_this_nodes = expectation.set_aside.empty() && !expectation.given;
  if (rule == nullptr || !all_are_this_nodes) return;
  const bool all =
      expectation.maximum && std::cmp_greater_equal(facts.efa.size(), *expectation.maximum);
  const Severity severity = all && !rule->is_hearsay ? Severity::kWarning : check.severity;
  const bool shown = tree_is_as_told(*rule, facts);
  for (const Accelerator& one : facts.*rule->accelerators) {
    if (one.driver && *one.driver != rule->driver) continue;  // given away
    const std::string subject = one.address.to_text();
    const Evidence evidence{one.path.value_or(""), "an EFA function beside it",
                            "/sys/bus/pci/devices"};
    const auto has = has_one_beside(one, facts, rule->beside);
    if (!has || !shown || (!*has && !saw_all_of_pci(node))) {
      findings.unknown(check, subject, "which EFA is beside it does not show", evidence);
    } else if (*has) {
      findings.pass(check, subject, "an EFA function is beside it", evidence);
    } else {
      findings.fail(weighed(row_of(check), severity), subject, "no EFA function is beside it",
                    evidence, {});
    }
  }
}

}  // namespace efa
