// Judges the PCI tree on the instance types of which it was seen. A function below the same bridge
// as a GPU is beside it; on p4d the guest has no bridge, there it is one on the same root bus.

#include "probes/gpu/locality_judge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "probes/gpu/checks.h"
#include "probes/gpu/parse.h"

namespace efa {
namespace {

// p5.4xlarge has one GPU and one EFA; of p6-b300 and p6e-gb200 no tree was seen.
constexpr const char* kTypesByBridge[] = {"p5.48xlarge", "p5e.", "p5en.", "p6-b200."};
constexpr const char* kTypesByRoot[] = {"p4d.", "p4de."};

template <size_t kCount>
bool is_one_of_types(const std::string& instance_type, const char* const (&types)[kCount]) {
  return std::any_of(std::begin(types), std::end(types),
                     [&](const char* type) { return instance_type.starts_with(type); });
}

// All functions are on bus 00 where the guest does not show the machine's buses.
bool share_a_root(std::string_view one, std::string_view other) {
  const std::string_view root = root_of(one);
  return !root.empty() && root != "pci0000:00" && root == root_of(other);
}

using Beside = bool (*)(std::string_view, std::string_view);

Beside rule_of(const std::string& instance_type) {
  if (is_one_of_types(instance_type, kTypesByBridge)) return share_a_bridge;
  return is_one_of_types(instance_type, kTypesByRoot) ? share_a_root : nullptr;
}

// Nothing where the tree does not show it.
std::optional<bool> has_one_beside(const Accelerator& gpu, const GpuFacts& facts, Beside beside) {
  if (!gpu.path || !beside(*gpu.path, *gpu.path)) return std::nullopt;
  bool known = true;
  for (const Accelerator& efa : facts.efa) {
    if (efa.path && beside(*gpu.path, *efa.path)) return true;
    known = known && efa.path;
  }
  return known ? std::optional(false) : std::nullopt;
}

}  // namespace

void judge_locality(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuNoLocalEfa;
  const GpuFacts& facts = node.gpu.facts;
  const Beside beside = rule_of(expectation.instance_type);
  const bool all_are_this_nodes = expectation.set_aside.empty() && !expectation.given;
  if (beside == nullptr || !all_are_this_nodes) return;
  const bool all =
      expectation.maximum && std::cmp_greater_equal(facts.efa.size(), *expectation.maximum);
  for (const Accelerator& gpu : facts.nvidia) {
    if (gpu.driver && *gpu.driver != "nvidia") continue;  // given away
    const std::string subject = gpu.address.to_text();
    const Evidence evidence{gpu.path.value_or(""), "an EFA function beside it",
                            "/sys/bus/pci/devices"};
    const auto has = has_one_beside(gpu, facts, beside);
    if (!has) {
      findings.unknown(check, subject, "which EFA is beside it does not show", evidence);
    } else if (*has) {
      findings.pass(check, subject, "an EFA function is beside it", evidence);
    } else {
      findings.fail(weighed(row_of(check), all ? Severity::kWarning : check.severity), subject,
                    "no EFA function is beside it", evidence, {});
    }
  }
}

}  // namespace efa
