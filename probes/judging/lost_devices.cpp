#include "probes/judging/lost_devices.h"

#include <climits>

#include "probes/judging/attached.h"

namespace efa {
namespace {

int found_on(const Node& node) {
  return static_cast<int>(node.pci.facts.efa.size());
}

int without_device(const Node& node) {
  return static_cast<int>(attached_interfaces(node, std::nullopt).missing);
}

// Those that an earlier pass saw. Without one, those that the kernel has named since boot, while
// the node lacks devices: one that was plugged in elsewhere anew is not missed.
std::set<PciAddress> devices_since_boot(const Node& node, const Expectation& expectation) {
  std::set<PciAddress> devices = expectation.past.devices;
  const auto wanted = expectation.exactly ? expectation.exactly : expectation.maximum;
  if (found_on(node) < wanted.value_or(INT_MAX)) {
    devices.insert(node.log.facts.functions.begin(), node.log.facts.functions.end());
  }
  return devices;
}

}  // namespace

std::set<PciAddress> vanished_devices(const Node& node, const Expectation& expectation) {
  std::set<PciAddress> vanished = devices_since_boot(node, expectation);
  for (const PciFunction& function : node.pci.facts.efa) vanished.erase(function.address);
  return vanished;
}

bool lost_any(const Node& node, const Expectation& expectation) {
  return without_device(node) > 0 || !vanished_devices(node, expectation).empty();
}

bool lacks_more_than_lost(const Node& node, const Expectation& expectation, int wanted) {
  const auto vanished = static_cast<int>(vanished_devices(node, expectation).size());
  return found_on(node) + vanished + without_device(node) < wanted;
}

// Where a number is demanded, and none that vanished needs to be counted twice to miss it, each
// interface is counted for itself.
bool lost_beside_vanished(const Node& node, const Expectation& expectation) {
  const auto vanished = static_cast<int>(vanished_devices(node, expectation).size());
  const int missing = without_device(node);
  if (missing > vanished) return true;
  const bool demanded = expectation.exactly || expectation.all;
  const auto wanted = demanded ? expectation.number_for(found_on(node)) : std::nullopt;
  return wanted && found_on(node) + vanished + missing <= *wanted;
}

}  // namespace efa
