// Judges whether each attached EFA interface is a device on its node.

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "probes/account/fleet.h"
#include "probes/account/node_checks.h"
#include "probes/base/text.h"
#include "probes/base/times.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kNodeSource = "ec2:DescribeInstances and the node's report";

// Those that are attached and of whose MAC no device is; none where a MAC was not told.
std::optional<std::vector<std::string>> unseen_by(const AccountNode& node,
                                                  const AccountInstance& instance) {
  std::vector<std::string> unseen;
  for (const AccountInterface* interface : efa_interfaces(instance)) {
    if (interface->status != "attached") continue;
    if (!interface->mac) return std::nullopt;
    const bool seen =
        std::find(node.macs.begin(), node.macs.end(), *interface->mac) != node.macs.end();
    if (!seen) unseen.push_back(interface->id);
  }
  return unseen;
}

// Why the report does not tell what the node has now; "" where it does.
std::string why_not_telling(const AccountNode& node, const AccountFacts& facts) {
  constexpr int64_t kOldestMs = int64_t{2} * 3600 * 1000;  // the daemon sends one every hour
  const auto started_ms = parse_iso_time_ms(node.started_at);
  if (!started_ms) return "its node's report does not say of when it is";
  if (facts.asked_ms - *started_ms > kOldestMs) {
    return fmt::format("its node's newest report is of {}", node.started_at);
  }
  return node.saw_pci ? "" : "its node could not look at all functions on PCI";
}

void judge_node(const AccountNode& node, const AccountInstance& instance, const AccountFacts& facts,
                Findings& findings) {
  const Check& check = kAccountInterfaceLost;
  const auto unseen = unseen_by(node, instance);
  std::string why = why_not_telling(node, facts);
  if (!unseen || has_untold_type(instance)) why = "the type or MAC of its interfaces was not told";
  if (!why.empty()) {
    findings.unknown(check, instance.id, why);
    return;
  }
  const size_t lost = unseen->size() - std::min(unseen->size(), node.functions_without_mac);
  const Evidence evidence{fmt::format("{} devices with a MAC, {} functions without",
                                      node.macs.size(), node.functions_without_mac),
                          fmt::format("{} EFA interfaces", efa_interfaces(instance).size()),
                          kNodeSource};
  if (lost == 0) {
    findings.pass(check, instance.id, "each can be a device of the node", evidence);
    return;
  }
  const std::string which = lost == unseen->size() ? "" : fmt::format("{} of ", lost);
  findings.fail(check, instance.id,
                fmt::format("no function on PCI for {}{}", which, join(*unseen, ", ")), evidence);
}

}  // namespace

void judge_account_nodes(const AccountFacts& facts, Findings& findings) {
  std::map<std::string, const AccountNode*> nodes;
  for (const AccountNode& node : facts.nodes) nodes.emplace(node.instance, &node);
  for (const AccountInstance& instance : facts.instances) {
    const auto found = nodes.find(instance.id);
    if (found != nodes.end()) {
      judge_node(*found->second, instance, facts, findings);
    } else if (facts.nodes.empty() || efa_interfaces(instance).empty()) {
      findings.not_applicable(
          kAccountInterfaceLost, instance.id,
          facts.nodes.empty() ? "no report of a node was given" : "it has no EFA interface");
    } else {
      findings.unknown(kAccountInterfaceLost, instance.id, "no report of its node was given");
    }
  }
}

}  // namespace efa
