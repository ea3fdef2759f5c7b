// Which devices of a machine are judged: not those that the site set aside, nor, in a container,
// those that it was not given.
#pragma once

#include <optional>
#include <set>

#include "agent/config/expect.h"
#include "probes/judging/node.h"

namespace efa {

struct Scope {
  std::set<PciAddress> left_out;   // not judged
  std::set<PciAddress> set_aside;  // those of them that are there, and are set aside by the site
  std::optional<Given> given;      // in a container that was given fewer than all
};

// With --expect N, also those that another driver holds while N are there without them.
Scope scope_of(const Node& node, const std::set<PciAddress>& set_aside,
               const ExpectSetting& setting);
// As though they were not there, and had not been.
void leave_out(const std::set<PciAddress>& devices, Node& node, Past& past);

}  // namespace efa
