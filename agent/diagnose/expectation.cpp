#include "agent/diagnose/expectation.h"

#include <fmt/core.h>

#include "agent/diagnose/instance_types.h"
#include "probes/base/describe.h"

namespace efa {

template <class Io>
void describe(Io& io, InstanceType& type) {
  io("efa", type.efa);
  io("max_efa_interfaces", type.max_efa_interfaces);
  io("direct_memory", type.direct_memory);
}

namespace {

DirectMemory direct_memory_of(const InstanceType& type) {
  if (type.direct_memory == "required") return DirectMemory::kRequired;
  if (type.direct_memory == "impossible") return DirectMemory::kImpossible;
  return DirectMemory::kNotKnown;
}

// Distributions ship an efa module in every kernel, below kernel/; the installer's lies elsewhere
// ("extra/efa.ko.xz", "updates/dkms/efa.ko").
bool was_added(const std::optional<std::string>& module_file) {
  return module_file && !module_file->starts_with("kernel/");
}

// What on the node says that somebody meant it to use EFA; "" when nothing does.
std::string intent_of(const Node& node) {
  if (!node.pci.facts.efa.empty()) return "the node has an EFA device";
  if (!node.rdma.facts.devices.empty()) return "the node has an RDMA device of EFA";
  if (!node.log.facts.functions.empty()) return "the node had an EFA device earlier in this boot";
  if (node.kernel.facts.efa_loaded == true) return "the efa driver is loaded";
  if (was_added(node.kernel.facts.module_file)) return "the efa driver was installed";
  if (node.software.facts.installer_version) return "the EFA installer was run";
  return "";
}

}  // namespace

Result<InstanceTypes> parse_instance_types(const std::string& json) {
  const Result<Value> document = parse_json(json, "instance-types.json");
  if (!document) return document.error();
  const Value* types = document->find("types");
  if (types == nullptr) return Error{ErrorKind::kMalformed, "instance-types.json", "has no types"};
  return from_value<InstanceTypes>(*types, "instance-types.json");
}

const InstanceTypes& instance_types() {
  static const InstanceTypes kTypes =
      parse_instance_types(kInstanceTypesJson).value_or(InstanceTypes{});
  return kTypes;
}

Expectation expectation_of(const Node& node, const ExpectSetting& setting,
                           const InstanceTypes& types) {
  Expectation expectation;
  expectation.instance_type = node.cloud.facts.instance_type.value_or("");
  const auto type = types.find(expectation.instance_type);
  const bool known = type != types.end();
  if (known) {
    expectation.maximum = type->second.max_efa_interfaces;
    expectation.direct_memory = direct_memory_of(type->second);
  }
  if (setting.exactly) {
    expectation.exactly = setting.exactly;
    expectation.expected = *setting.exactly > 0;
    expectation.why = *setting.exactly > 0
                          ? std::to_string(*setting.exactly) + " EFA devices are configured"
                          : "the configuration expects none";
    return expectation;
  }
  const std::string intent = intent_of(node);
  const std::string name =
      expectation.instance_type.empty() ? "an unknown instance type" : expectation.instance_type;
  const bool capable = known && type->second.efa == true;
  const bool incapable = known && type->second.efa == false;
  const bool has_device = !node.pci.facts.efa.empty();
  if (has_device || (!intent.empty() && capable)) {
    expectation.expected = true;
    const char* can_have = capable     ? " can have EFA and"
                           : incapable ? " cannot have EFA, yet"
                                       : ", and";
    expectation.why = fmt::format("{}{} {}", name, can_have, intent);
  } else if (incapable) {
    expectation.why = name + " cannot have EFA";
  } else if (capable) {
    expectation.why = name + " can have EFA, but nothing on the node shows that it is meant to";
  } else if (known) {  // the sources contradict each other
    expectation.why =
        fmt::format("whether {} can have EFA is not certain{}", name,
                    intent.empty() ? " and nothing on the node shows it" : ", though " + intent);
  } else {
    expectation.why = fmt::format(
        "{}{}{}", name, expectation.instance_type.empty() ? "" : " is not a known EFA type",
        intent.empty() ? " and there is no sign of EFA" : ", though " + intent);
  }
  return expectation;
}

}  // namespace efa
