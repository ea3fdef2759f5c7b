// Judges the network interfaces that AWS lists: EFA itself needs none of them.

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "probes/base/text.h"
#include "probes/judging/node.h"
#include "probes/net/checks.h"
#include "probes/net/parse.h"

namespace efa {
namespace {

const NetInterface* interface_of(const NetFacts& facts, const std::string& mac) {
  const auto found = std::find_if(facts.interfaces.begin(), facts.interfaces.end(),
                                  [&](const NetInterface& each) { return each.mac == mac; });
  return found == facts.interfaces.end() ? nullptr : &*found;
}

bool is_ipv4(const std::string& address) {
  return address.find(':') == std::string::npos;
}

bool is_up(const NetInterface& interface) {
  return interface.state == "up" || interface.state == "unknown";
}

bool has_ipv4(const NetInterface& interface) {
  return std::any_of(interface.addresses.begin(), interface.addresses.end(), is_ipv4);
}

// subnet -> names of the interfaces that have an IPv4 address in it
std::map<std::string, std::vector<std::string>> by_subnet(const Node& node) {
  std::map<std::string, std::vector<std::string>> subnets;
  for (const CloudInterface& listed : node.cloud.facts.interfaces) {
    const NetInterface* here = interface_of(node.net.facts, listed.mac);
    if (!listed.subnet_id || here == nullptr || !is_up(*here) || !has_ipv4(*here)) continue;
    subnets[*listed.subnet_id].push_back(here->name);
  }
  return subnets;
}

bool addresses_were_seen(const Node& node) {
  return node.net.outcome.status == ProbeStatus::kOk && !node.net.facts.addresses_unseen;
}

// Of the interfaces here that have the MAC of one that AWS lists; a bridge over it has it too.
template <class Is>
bool any_listed(const Node& node, const Is& is) {
  const auto& all = node.net.facts.interfaces;
  const auto& listed = node.cloud.facts.interfaces;
  return std::any_of(all.begin(), all.end(), [&](const NetInterface& here) {
    return is(here) && std::any_of(listed.begin(), listed.end(),
                                   [&](const auto& each) { return here.mac == each.mac; });
  });
}

// No interface was found in a subnet.
void judge_without_subnets(const Node& node, Findings& findings) {
  const Check& check = kNetNoPolicyRouting;
  if (node.cloud.facts.interfaces.empty()) {
    findings.unknown(check, kNodeSubject, kNotTold);
  } else if (!any_listed(node, is_up)) {
    findings.unknown(check, kNodeSubject, "no interface that AWS lists is up here");
  } else if (!addresses_were_seen(node)) {
    findings.unknown(check, kNodeSubject, "the addresses of the interfaces here were not seen");
  } else if (!any_listed(node, has_ipv4)) {  // the rules that are counted are those of IPv4
    findings.not_applicable(check, kNodeSubject,
                            "no interface that AWS lists has an IPv4 address here");
  } else {
    findings.unknown(check, kNodeSubject,
                     "in which subnet the interfaces with an address are is not known");
  }
}

// Reverse path filtering that is strict drops what comes by another interface than the answer
// takes.
bool is_strict(const NetFacts& facts, const std::vector<std::string>& names) {
  constexpr int kStrict = 1;  // 2, which is greater, is loose
  return std::any_of(facts.interfaces.begin(), facts.interfaces.end(), [&](const auto& each) {
    return is_one_of(each.name, names) &&
           std::max(each.rp_filter.value_or(0), facts.rp_filter.value_or(0)) == kStrict;
  });
}

// Of these interfaces those that none of the rules leads packets by. A plugin for pods makes rules
// of its own, which say nothing of the node's interfaces.
std::vector<std::string> without_rule(const NetFacts& facts, const std::vector<std::string>& names,
                                      const std::vector<std::string>& rules_of) {
  std::vector<std::string> without;
  for (const NetInterface& each : facts.interfaces) {
    if (!is_one_of(each.name, names)) continue;
    const bool led = is_one_of(each.name, rules_of) ||
                     std::any_of(each.addresses.begin(), each.addresses.end(),
                                 [&](const std::string& one) { return any_holds(rules_of, one); });
    if (!led) without.push_back(each.name);
  }
  return without;
}

void judge_routing(const Node& node, Findings& findings) {
  const Check& check = kNetNoPolicyRouting;
  const auto subnets = by_subnet(node);
  const auto shared = std::find_if(subnets.begin(), subnets.end(),
                                   [](const auto& each) { return each.second.size() > 1; });
  if (subnets.empty()) {
    judge_without_subnets(node, findings);
  } else if (shared == subnets.end()) {
    findings.pass(check, kNodeSubject, "no two interfaces with an address share a subnet");
  } else if (!node.net.facts.rules) {
    findings.unknown(check, kNodeSubject, "the routing rules could not be listed");
  } else if (*node.net.facts.rules > 0 && !node.net.facts.rules_of) {
    findings.unknown(
        check, kNodeSubject,
        fmt::format("which interfaces the {} routing rules lead packets by is not known",
                    *node.net.facts.rules),
        {"", "a rule for each", "RTM_GETRULE"});
  } else {
    const int rules = *node.net.facts.rules;
    const std::string where = join(shared->second, ", ") + " are in " + shared->first;
    const std::vector<std::string> without =
        without_rule(node.net.facts, shared->second,
                     node.net.facts.rules_of.value_or(std::vector<std::string>{}));
    const Evidence evidence{
        fmt::format("{} rules{}", rules,
                    rules > 0 && !without.empty() ? "; none of " + join(without, ", ") : ""),
        "a rule for each", "RTM_GETRULE"};
    if (rules > 0 && without.size() <= 1) {  // the main table leads those of one
      findings.pass(check, kNodeSubject, where + ", with policy routing", evidence);
    } else {
      const bool strict = is_strict(node.net.facts, shared->second);
      findings.fail(
          check, kNodeSubject,
          where + (strict ? ", and rp_filter is strict: what arrives there is dropped" : ""),
          evidence);
    }
  }
}

// The IPv4 addresses here of a MAC: a bridge over an interface has its MAC, and takes its
// addresses. None where they could not be asked for.
std::optional<std::vector<std::string>> ipv4s_of(const Node& node, const std::string& mac) {
  if (!addresses_were_seen(node)) return std::nullopt;
  std::vector<std::string> ipv4s;
  for (const NetInterface& each : node.net.facts.interfaces) {
    if (each.mac != mac) continue;
    std::copy_if(each.addresses.begin(), each.addresses.end(), std::back_inserter(ipv4s), is_ipv4);
  }
  return ipv4s;
}

// One of those that AWS gave is enough: the others may be a container's.
bool has_address_of(const CloudInterface& listed, const std::vector<std::string>& ipv4s) {
  return !ipv4s.empty() &&
         (listed.ipv4s.empty() || std::any_of(ipv4s.begin(), ipv4s.end(), [&](const auto& one) {
            return is_one_of(one, listed.ipv4s);
          }));
}

void judge_address(const Node& node, const CloudInterface& listed, const NetInterface& here,
                   const std::string& subject, Findings& findings) {
  const auto ipv4s = ipv4s_of(node, listed.mac);
  if (!listed.has_ipv4 || !ipv4s || has_address_of(listed, *ipv4s)) {
    findings.pass(kNetInterfaceDown, subject, here.name + " is up",
                  {here.state.value_or(""), "up", "/sys/class/net/*/operstate"});
    return;
  }
  const std::string own = ipv4s->empty() ? "none" : join(*ipv4s, ", ");
  findings.fail(
      kNetInterfaceDown, subject,
      here.name + (ipv4s->empty() ? " has no IPv4 address, and AWS gave it one"
                                  : " has not the IPv4 address that AWS gave it"),
      {own, listed.ipv4s.empty() ? "that of local-ipv4s" : join(listed.ipv4s, ", "), "getifaddrs"});
}

void judge_interface(const Node& node, const RdmaDevice& device, Findings& findings) {
  const Check& check = kNetInterfaceDown;
  const std::string subject = device.address.to_text();
  const auto& all = node.cloud.facts.interfaces;
  const auto listed = std::find_if(all.begin(), all.end(),
                                   [&](const auto& each) { return each.mac == device.mac; });
  if (listed == all.end() || node.net.facts.interfaces.empty()) {
    findings.unknown(check, subject,
                     all.empty() ? kNotTold : "AWS does not list it, or what is here was not told");
    return;
  }
  const NetInterface* here = interface_of(node.net.facts, listed->mac);
  const std::string state = here == nullptr ? "absent" : here->state.value_or("not told");
  const Evidence evidence{state, "up", "/sys/class/net/*/operstate"};
  if (!listed->has_ipv4 && listed->has_ipv6 != true) {
    findings.not_applicable(check, subject, "its interface has no address: efa-only");
  } else if (here != nullptr && is_up(*here)) {
    judge_address(node, *listed, *here, subject, findings);
  } else {
    findings.fail(check, subject,
                  here == nullptr ? "no interface here has the MAC " + listed->mac
                                  : here->name + " is " + state,
                  evidence);
  }
}

}  // namespace

// A container sees the interfaces of its own network namespace: none that AWS lists.
void judge_net(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.live || !expectation.expected || node.rdma.facts.devices.empty()) return;
  const auto& listed = node.cloud.facts.interfaces;
  const bool here = std::any_of(listed.begin(), listed.end(), [&](const CloudInterface& each) {
    return interface_of(node.net.facts, each.mac) != nullptr;
  });
  if (!listed.empty() && !node.net.facts.interfaces.empty() && !here) return;
  judge_routing(node, findings);
  for (const RdmaDevice& device : node.rdma.facts.devices) judge_interface(node, device, findings);
}

}  // namespace efa
