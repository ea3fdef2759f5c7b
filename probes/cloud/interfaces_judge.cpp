// Judges what AWS says of the interfaces that carry EFA: groups, VPC, network card. Rules of groups
// and types of interfaces need the EC2 API; the metadata service shows neither.

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "probes/base/text.h"
#include "probes/cloud/checks.h"
#include "probes/judging/attached.h"
#include "probes/judging/lost_devices.h"
#include "probes/judging/node.h"

namespace efa {
namespace {

using Interfaces = std::vector<const CloudInterface*>;

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

// A group belongs to a VPC: those of two VPCs can have none in common, those of one can.
bool apart_within_a_vpc(const std::vector<Attached>& attached) {
  std::map<std::string, std::vector<Attached>> by_vpc;
  for (const Attached& one : attached) {
    by_vpc[one.interface->vpc_id.value_or("")].push_back(one);
  }
  return std::any_of(by_vpc.begin(), by_vpc.end(), [](const auto& vpc) {
    return widest_group(vpc.second).second < vpc.second.size();
  });
}

void judge_groups(const Node& node, Findings& findings) {
  const Check& check = kCloudNoCommonSecurityGroup;
  const std::vector<Attached> attached = attached_devices(node);
  const size_t devices = node.rdma.facts.devices.size();
  const bool told = std::all_of(attached.begin(), attached.end(), [](const Attached& one) {
    return !one.interface->security_group_ids.empty();
  });
  if (attached.empty() || !told) {
    findings.unknown(check, kNodeSubject, kNotTold);
    return;
  }
  const auto widest = widest_group(attached);
  const Evidence evidence{widest.first, "one group of all",
                          "network/interfaces/macs/*/security-group-ids"};
  if (widest.second < attached.size()) {
    std::vector<std::string_view> not_by;
    if (apart_within_a_vpc(attached)) not_by = {kCloudSeveralVpcs.code};
    findings.fail({check, not_by}, kNodeSubject, words_of_apart(attached, widest), evidence);
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

// Also where the metadata does not even name the groups.
void tell_of_rules(const Interfaces& interfaces, Findings& findings) {
  std::set<std::string> groups;
  for (const CloudInterface* interface : interfaces) {
    groups.insert(interface->security_group_ids.begin(), interface->security_group_ids.end());
  }
  const std::vector<std::string> ids(groups.begin(), groups.end());
  const std::string which = ids.empty()       ? "the node's security groups let"
                            : ids.size() == 1 ? ids.front() + " lets"
                                              : join(ids, ", ") + " let";
  const std::string command =
      "aws ec2 describe-security-group-rules --region REGION --filters Name=group-id,Values=";
  findings.unknown(kCloudRulesNotSeen, kNodeSubject,
                   fmt::format("whether {} EFA through was not seen: rules need the EC2 API "
                               "(efa-doctor account)",
                               which),
                   {}, {ids.empty() ? "" : command + join(ids, ","), ""});
}

// What of a node's surroundings keeps EFA from working and shows on none.
void tell_of_surroundings(Findings& findings) {
  findings.unknown(kCloudNotSeenFromHere, kNodeSubject,
                   "zone, type and versions of its peers (efa-doctor pair, mesh), its own tenancy "
                   "and placement (efa-doctor account)");
}

// What each EFA interface says of itself, by what it says: value -> MACs.
using ByValue = std::map<std::string, std::vector<std::string>>;

template <class Value>
ByValue by_value(const Interfaces& interfaces, Value value) {
  ByValue all;
  for (const CloudInterface* interface : interfaces) {
    if (const std::optional<std::string> said = value(*interface)) {
      all[*said].push_back(interface->mac);
    }
  }
  return all;
}

size_t interfaces_in(const ByValue& all) {
  size_t count = 0;
  for (const auto& [value, macs] : all) count += macs.size();
  return count;
}

std::string in_words(const ByValue& all) {
  std::vector<std::string> parts;
  for (const auto& [value, macs] : all) parts.push_back(value + " (" + join(macs, ", ") + ")");
  return join(parts, ", ");
}

void judge_vpcs(const Interfaces& interfaces, Findings& findings) {
  const Check& check = kCloudSeveralVpcs;
  const ByValue vpcs = by_value(interfaces, [](const auto& each) { return each.vpc_id; });
  const Evidence evidence{in_words(vpcs), "one VPC", "network/interfaces/macs/*/vpc-id"};
  if (vpcs.size() > 1) {
    findings.fail(check, kNodeSubject, "they are in " + in_words(vpcs), evidence);
  } else if (interfaces.empty() || interfaces_in(vpcs) < interfaces.size()) {
    findings.unknown(check, kNodeSubject,
                     interfaces.empty() ? kNotTold : "the metadata does not tell the VPC of all");
  } else {
    findings.pass(check, kNodeSubject, "all are in " + vpcs.begin()->first, evidence);
  }
}

void judge_cards(const Interfaces& interfaces, Findings& findings) {
  const Check& check = kCloudCardShared;
  ByValue cards = by_value(interfaces, [](const auto& each) {
    return each.network_card ? std::optional(std::to_string(*each.network_card)) : std::nullopt;
  });
  const bool all_told = !interfaces.empty() && interfaces_in(cards) == interfaces.size();
  std::erase_if(cards, [](const auto& card) { return card.second.size() < 2; });
  const Evidence evidence{in_words(cards), "one EFA each",
                          "network/interfaces/macs/*/network-card"};
  if (!cards.empty()) {
    findings.fail(check, kNodeSubject, "network card " + in_words(cards), evidence);
  } else if (interfaces.size() == 1) {
    findings.not_applicable(check, kNodeSubject, "there is one EFA interface");
  } else if (!all_told) {
    findings.unknown(
        check, kNodeSubject,
        interfaces.empty() ? kNotTold : "the metadata does not tell the network card of all");
  } else {
    findings.pass(check, kNodeSubject, "each is on a network card of its own", evidence);
  }
}

void judge_macs(const Node& node, Findings& findings) {
  const Check& check = kCloudMacNotListed;
  const CloudFacts& facts = node.cloud.facts;
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (!device.mac) continue;  // rdma.no-gid
    const Evidence evidence{*device.mac, "one of the instance's", "network/interfaces/macs"};
    const bool listed =
        std::any_of(facts.interfaces.begin(), facts.interfaces.end(),
                    [&](const CloudInterface& each) { return each.mac == *device.mac; });
    if (listed) {
      findings.pass(check, device.address.to_text(), *device.mac + " is listed", evidence);
    } else if (facts.metadata_status == MetadataStatus::kOk && !facts.interfaces.empty()) {
      findings.fail(check, device.address.to_text(), *device.mac + " is not listed", evidence);
    } else {
      findings.unknown(check, device.address.to_text(), kNotTold);
    }
  }
}

// "eni-1 on network card 4, eni-2"
std::string words_of(const Interfaces& interfaces) {
  std::vector<std::string> words;
  for (const CloudInterface* interface : interfaces) {
    const std::string id = interface->interface_id.value_or(interface->mac);
    words.push_back(interface->network_card
                        ? fmt::format("{} on network card {}", id, *interface->network_card)
                        : id);
  }
  return join(words, ", ");
}

// Which of them it is, where functions on PCI are left that may be of the others, is not known.
std::string words_of_missing(const AttachedInterfaces& attached) {
  const std::string all = words_of(attached.unmatched);
  if (attached.missing < attached.unmatched.size()) {
    return fmt::format("{} of {} have no function on PCI", attached.missing, all);
  }
  return fmt::format("attached, and no EFA device is there: {}", all);
}

void judge_missing(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kCloudInterfaceNotOnPci;
  const AttachedInterfaces attached = attached_interfaces(node, std::nullopt);
  // of devices that are there others judge: who was not told of more says nothing against the node
  const auto blind = weighed(row_of(check), Severity::kInfo);
  if (!attached.told) {
    findings.unknown(blind, kNodeSubject, kNotTold);
  } else if (node.pci.outcome.status != ProbeStatus::kOk || !node.pci.facts.functions) {
    findings.unknown(blind, kNodeSubject, "the functions on PCI could not be listed");
  } else if (attached.missing > 0) {
    std::vector<std::string_view> not_by;
    if (lost_beside_vanished(node, expectation)) not_by = {kVanished};
    findings.fail({check, not_by}, kNodeSubject, words_of_missing(attached),
                  {fmt::format("{} efa-only interfaces without a device", attached.missing),
                   "a device of each", "network/interfaces/macs/*"});
  } else {
    findings.pass(check, kNodeSubject,
                  fmt::format("{} EFA interface{} of the metadata can be on PCI", attached.certain,
                              attached.certain == 1 ? "" : "s"));
  }
}

}  // namespace

void judge_cloud_interfaces(const Node& node, const Expectation& expectation, Findings& findings) {
  // a sysroot has no metadata service
  if (!expectation.expected || !node.live) return;
  judge_missing(node, expectation, findings);
  if (node.pci.facts.efa.empty()) return;
  judge_groups(node, findings);
  const Interfaces interfaces = efa_interfaces(node);
  tell_of_rules(interfaces, findings);
  tell_of_surroundings(findings);
  judge_vpcs(interfaces, findings);
  judge_cards(interfaces, findings);
  judge_macs(node, findings);
}

}  // namespace efa
