// Judges what AWS says of this instance. Security group rules and interface types need the EC2 API;
// the metadata service shows neither.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

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

// An EFA device and its interface in the metadata: its GID holds the MAC of that.
struct Attached {
  std::string device;
  const CloudInterface* interface;
};

std::vector<Attached> attached_devices(const Node& node) {
  std::vector<Attached> attached;
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    for (const CloudInterface& interface : node.cloud.facts.interfaces) {
      if (device.mac != interface.mac) continue;
      attached.push_back({device.address.to_text(), &interface});
      break;
    }
  }
  return attached;
}

bool is_in(const Attached& one, const std::string& group) {
  const std::vector<std::string>& groups = one.interface->security_group_ids;
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

// The group that most are in; of several the first by name.
std::pair<std::string, size_t> widest_group(const std::vector<Attached>& attached) {
  std::map<std::string, size_t> members;
  for (const Attached& one : attached) {
    const std::set<std::string> groups(one.interface->security_group_ids.begin(),
                                       one.interface->security_group_ids.end());
    for (const std::string& group : groups) ++members[group];
  }
  std::pair<std::string, size_t> widest;
  for (const auto& [group, count] : members) {
    if (count > widest.second) widest = {group, count};
  }
  return widest;
}

// Which are apart, where most are in one group: those are to be changed.
std::string words_of_apart(const std::vector<Attached>& attached,
                           const std::pair<std::string, size_t>& widest) {
  const auto& [group, members] = widest;
  if (2 * members <= attached.size()) {
    return fmt::format("the {} EFA devices have no security group in common", attached.size());
  }
  std::vector<std::string> apart;
  for (const Attached& one : attached) {
    if (is_in(one, group)) continue;
    apart.push_back(
        fmt::format("{} ({})", one.device, join(one.interface->security_group_ids, " ")));
  }
  return fmt::format("not in {}, the security group of the {} other EFA device{}: {}", group,
                     members, members == 1 ? "" : "s", join(apart, ", "));
}

void judge_groups(const Node& node, Findings& findings) {
  const Check& check = kCloudNoCommonSecurityGroup;
  const std::vector<Attached> attached = attached_devices(node);
  const size_t devices = node.rdma.facts.devices.size();
  const bool told = std::all_of(attached.begin(), attached.end(), [](const Attached& one) {
    return !one.interface->security_group_ids.empty();
  });
  if (attached.empty() || !told) {
    findings.unknown(check, kNodeSubject, "the metadata does not tell the security groups");
    return;
  }
  const auto widest = widest_group(attached);
  const Evidence evidence{widest.first, "one group of all",
                          "network/interfaces/macs/*/security-group-ids"};
  if (widest.second < attached.size()) {
    findings.fail(check, kNodeSubject, words_of_apart(attached, widest), evidence);
  } else if (attached.size() < devices) {
    findings.unknown(check, kNodeSubject,
                     fmt::format("the metadata tells the security groups of only {} of {} devices",
                                 attached.size(), devices),
                     evidence);
  } else {
    findings.pass(check, kNodeSubject,
                  fmt::format("all EFA devices are in {}; what its rules allow the metadata does "
                              "not tell",
                              widest.first),
                  evidence);
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
