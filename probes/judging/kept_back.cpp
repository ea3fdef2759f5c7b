#include "probes/judging/kept_back.h"

#include <algorithm>

namespace efa {
namespace {

bool is_among(const std::vector<PciAddress>& devices, const PciAddress& address) {
  return std::find(devices.begin(), devices.end(), address) != devices.end();
}

}  // namespace

bool is_confined(const LimitsFacts& limits) {
  return limits.container && limits.may_administer != true;
}

bool is_elsewhere(const Node& node, const PciAddress& address) {
  return node.kernel.facts.rdma_netns_shared == false &&
         is_among(node.rdma.facts.elsewhere, address);
}

bool is_perhaps_kept_back(const Node& node, const PciAddress& address) {
  return is_confined(node.limits.facts) && node.rdma.facts.devices.empty() &&
         is_elsewhere(node, address) && is_among(node.rdma.facts.elsewhere_node, address);
}

}  // namespace efa
