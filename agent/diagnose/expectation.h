// Is EFA expected on this node, and how much of it. What lies in the image is no sign of it:
// images carry the EFA software to nodes that are meant to have none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/expect.h"
#include "agent/diagnose/scope.h"
#include "probes/base/result.h"
#include "probes/judging/node.h"

namespace efa {

// One row of packaging/instance-types.json.
struct InstanceType {
  std::optional<bool> efa;  // absent: the sources contradict each other
  std::optional<int> max_efa_interfaces;
  std::optional<std::string> direct_memory;  // "required", "impossible"; absent: not known
  std::vector<int> whole_counts;             // rising; empty: the maximum alone
};
using InstanceTypes = std::map<std::string, InstanceType>;

Result<InstanceTypes> parse_instance_types(const std::string& json);
// The table that was built in.
const InstanceTypes& instance_types();
// Of that table one type alone, or none: to take 318 apart costs a pass as much as all its judges.
InstanceTypes built_in_row(const std::string& name);

// Of a node without those devices that are out of the scope.
Expectation expectation_of(const Node& node, const ExpectSetting& setting,
                           const InstanceTypes& types, const Scope& scope = {}, Past past = {});

}  // namespace efa
