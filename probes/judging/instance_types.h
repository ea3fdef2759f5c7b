// packaging/instance-types.json, built in so that it is never missing: no API is asked for types.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"

namespace efa {

extern const char* const kInstanceTypesJson;

// One row of packaging/instance-types.json.
struct InstanceType {
  std::optional<bool> efa;  // absent: the sources contradict each other
  std::optional<int> max_efa_interfaces;
  bool rails = false;  // sold for training over many devices: one with none is worth a word
  std::optional<std::string> direct_memory;  // "required", "impossible"; absent: not known
  std::vector<int> whole_counts;             // rising; empty: the maximum alone
};
using InstanceTypes = std::map<std::string, InstanceType>;

Result<InstanceTypes> parse_instance_types(const std::string& json);
// The table that was built in.
const InstanceTypes& instance_types();
// Of that table one type alone, or none: to take 318 apart costs a pass as much as all its judges.
InstanceTypes built_in_row(const std::string& name);

}  // namespace efa
