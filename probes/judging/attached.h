// Which EFA interfaces AWS has attached, as far as the metadata shows without any right. It does
// not tell the kind of an interface. One is EFA for certain when a device's GID holds its MAC, or
// when it has no IP address: only an efa-only interface has none (amazon-vpc-cni-k8s,
// getENIMetadata). An addressed interface whose EFA function was lost looks as one without EFA.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "probes/judging/node.h"

namespace efa {

bool is_efa_only(const CloudInterface& interface);

struct AttachedInterfaces {
  bool told = false;   // the metadata lists interfaces
  int certain = 0;     // are EFA
  bool whole = false;  // there can be no other; else there are at least so many
  // efa-only ones whose MAC no device has
  std::vector<const CloudInterface*> unmatched;
  // of these, so many have no function on PCI: their devices were lost before it
  size_t missing = 0;
};

// `most`: of the instance type, where it is known. Valid as long as the node is.
AttachedInterfaces attached_interfaces(const Node& node, std::optional<int> most);

}  // namespace efa
