// Judges what AWS says of this instance. Security group rules and interface types need the EC2 API;
// the metadata service shows neither.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/cloud/checks.h"
#include "probes/judging/node.h"

namespace efa {
namespace {

void judge_metadata(const Node& node, Findings& findings) {
  const Check& check = kCloudMetadataUnreachable;
  const CloudFacts& facts = node.cloud.facts;
  const Evidence evidence{facts.metadata_detail, "an answer", "instance metadata, version 2"};
  if (facts.metadata_status == "not-asked" && node.cloud.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, "whether it answers is unknown", evidence);
  } else if (facts.metadata_status == "not-asked") {
    findings.not_applicable(check, kNodeSubject, "not asked: not an EC2 instance", evidence);
  } else if (facts.metadata_status == "ok") {
    findings.pass(check, kNodeSubject, "the metadata service answers", evidence);
  } else if (facts.metadata_status == "slow" && facts.instance_type_source == "metadata") {
    findings.unknown(check, kNodeSubject, "it answers, but too slowly for all questions", evidence);
  } else {
    findings.fail(check, kNodeSubject,
                  fmt::format("{}: {}", facts.metadata_status, facts.metadata_detail), evidence);
  }
}

void judge_type(const Expectation& expectation, Findings& findings) {
  const Check& check = kCloudTypeNotKnown;
  const Evidence evidence{expectation.instance_type, "a type of the table", "instance-types.json"};
  if (expectation.instance_type.empty()) {
    findings.unknown(check, kNodeSubject, "neither metadata nor DMI names the type", evidence);
  } else if (expectation.given) {
    findings.not_applicable(check, kNodeSubject,
                            "this container has what it was given, whatever the type can have",
                            evidence);
  } else if (!expectation.maximum && !expectation.exactly) {
    findings.fail(check, kNodeSubject,
                  expectation.type_listed
                      ? "the table has no number for " + expectation.instance_type
                      : expectation.instance_type + " is not in the table",
                  evidence);
  } else if (!expectation.maximum) {
    findings.not_applicable(check, kNodeSubject, "the number of devices is configured", evidence);
  } else {
    findings.pass(check, kNodeSubject, "is " + expectation.instance_type, evidence);
  }
}

void judge_unused(const Node& node, const Expectation& expectation, Findings& findings) {
  constexpr int kRails = 4;  // of types that are sold for their many devices
  if (expectation.expected || expectation.exactly) return;
  const int maximum = expectation.maximum.value_or(0);
  const Check& check = maximum >= kRails ? kCloudRailsUnused : kCloudCapableTypeUnused;
  const std::string& type = expectation.instance_type;
  const Evidence evidence{"0", "at most " + std::to_string(maximum), "instance-types.json"};
  if (type.empty()) {
    findings.not_applicable(check, kNodeSubject, "no instance type is known");
  } else if (maximum > 0 && node.pci.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, type + " can have EFA; its devices were not all seen");
  } else if (maximum > 0) {
    findings.fail(check, kNodeSubject,
                  fmt::format("{} can have {} EFA device{} and has none", type, maximum,
                              maximum == 1 ? "" : "s"),
                  evidence);
  }
}

// The metadata's interfaces that are EFA: a device's GID holds the MAC of its interface.
std::vector<const CloudInterface*> efa_interfaces(const Node& node) {
  std::vector<const CloudInterface*> interfaces;
  for (const CloudInterface& interface : node.cloud.facts.interfaces) {
    const bool is_efa =
        std::any_of(node.rdma.facts.devices.begin(), node.rdma.facts.devices.end(),
                    [&](const RdmaDevice& device) { return device.mac == interface.mac; });
    if (is_efa) interfaces.push_back(&interface);
  }
  return interfaces;
}

void judge_groups(const Node& node, Findings& findings) {
  const Check& check = kCloudNoCommonSecurityGroup;
  const std::vector<const CloudInterface*> interfaces = efa_interfaces(node);
  const std::string seen =
      fmt::format("{} of {} EFA devices", interfaces.size(), node.rdma.facts.devices.size());
  const bool told = std::all_of(interfaces.begin(), interfaces.end(), [](const auto* interface) {
    return !interface->security_group_ids.empty();
  });
  if (interfaces.empty() || !told) {
    findings.unknown(check, kNodeSubject, "the metadata does not tell the security groups");
    return;
  }
  std::vector<std::string> common = interfaces.front()->security_group_ids;
  for (const CloudInterface* interface : interfaces) {
    const std::vector<std::string>& groups = interface->security_group_ids;
    std::erase_if(common, [&](const std::string& group) {
      return std::find(groups.begin(), groups.end(), group) == groups.end();
    });
  }
  const std::string names = join(common, ", ");
  const Evidence evidence{names, "at least one", "network/interfaces/macs/*/security-group-ids"};
  if (common.empty()) {
    findings.fail(check, kNodeSubject, seen + " have no security group in common", evidence);
  } else if (interfaces.size() < node.rdma.facts.devices.size()) {
    findings.unknown(check, kNodeSubject, "the metadata tells the security groups of only " + seen,
                     evidence);
  } else {
    findings.pass(check, kNodeSubject, "all EFA devices are in " + names, evidence);
  }
}

void judge_placement(const CloudFacts& facts, Findings& findings) {
  const Check& check = kCloudNoPlacementGroup;
  const Evidence evidence{facts.placement_group.value_or("none"), "a cluster placement group",
                          "placement/group-name"};
  if (facts.placement_group) {
    findings.pass(check, kNodeSubject, "is in " + *facts.placement_group, evidence);
  } else if (facts.metadata_status == "ok") {
    findings.fail(check, kNodeSubject, "is in no placement group", evidence);
  } else {
    findings.unknown(check, kNodeSubject, "the metadata service did not say");
  }
}

}  // namespace

void judge_cloud(const Node& node, const Expectation& expectation, Findings& findings) {
  judge_unused(node, expectation, findings);
  if (!expectation.expected) return;
  judge_type(expectation, findings);
  if (!node.live) return;  // a sysroot has DMI, but no metadata service
  judge_metadata(node, findings);
  if (node.pci.facts.efa.empty()) return;
  judge_groups(node, findings);
  judge_placement(node.cloud.facts, findings);
}

}  // namespace efa
