#include "probes/judging/instance_types.h"

#include "probes/base/describe.h"
#include "probes/base/text.h"

namespace efa {

template <class Io>
void describe(Io& io, InstanceType& type) {
  io("efa", type.efa);
  io("max_efa_interfaces", type.max_efa_interfaces);
  io("rails", type.rails);
  io("direct_memory", type.direct_memory);
  io("whole_counts", type.whole_counts);
}

Result<InstanceTypes> parse_instance_types(const std::string& json) {
  const Result<Value> document = parse_json(json, "instance-types.json");
  if (!document) return document.error();
  const Value* types = document->find("types");
  if (types == nullptr) return Error{ErrorKind::kMalformed, "instance-types.json", "has no types"};
  return from_value<InstanceTypes>(*types, "instance-types.json");
}

// Each type has a line of its own: "    "p5.48xlarge": {"efa": true, "max_efa_interfaces": 32},".
InstanceTypes built_in_row(const std::string& name) {
  const std::string_view table = kInstanceTypesJson;
  const std::string begin = "\n    \"" + name + "\": ";
  const size_t at = is_made_of(name, "-.") ? table.find(begin) : std::string_view::npos;
  if (at == std::string_view::npos) return {};
  std::string_view line = table.substr(at + begin.size());
  line = trim(line.substr(0, line.find('\n')));
  if (line.ends_with(',')) line.remove_suffix(1);
  const Result<Value> row = parse_json(line, name);
  const Result<InstanceType> type =
      row ? from_value<InstanceType>(*row, name) : Result<InstanceType>(row.error());
  return type ? InstanceTypes{{name, *type}} : InstanceTypes{};
}

const InstanceTypes& instance_types() {
  static const InstanceTypes kTypes =
      parse_instance_types(kInstanceTypesJson).value_or(InstanceTypes{});
  return kTypes;
}

}  // namespace efa
