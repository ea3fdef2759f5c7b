// Is EFA expected on this node, and how much of it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/config/expect.h"
#include "probes/base/result.h"
#include "probes/judging/node.h"

namespace efa {

// One row of packaging/instance-types.json.
struct InstanceType {
  std::optional<bool> efa;  // absent: the sources contradict each other
  std::optional<int> max_efa_interfaces;
  std::optional<std::string> direct_memory;  // "required", "impossible"; absent: not known
};
using InstanceTypes = std::map<std::string, InstanceType>;

Result<InstanceTypes> parse_instance_types(const std::string& json);
// The table that was built in.
const InstanceTypes& instance_types();

Expectation expectation_of(const Node& node, const ExpectSetting& setting,
                           const InstanceTypes& types);

}  // namespace efa
