#include "agent/diagnose/expectation.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/judging/attached.h"

namespace efa {

namespace {

DirectMemory direct_memory_of(const InstanceType& type) {
  if (type.direct_memory == "required") return DirectMemory::kRequired;
  if (type.direct_memory == "impossible") return DirectMemory::kImpossible;
  return DirectMemory::kNotKnown;
}

// What says that the node is meant to have EFA; "" when nothing does.
std::string intent_of(const Node& node, const Past& past) {
  if (!node.pci.facts.efa.empty()) return "the node has an EFA device";
  if (!node.rdma.facts.devices.empty()) return "the node has an RDMA device of EFA";
  if (!past.devices.empty() || !node.log.facts.functions.empty()) {
    return "the node had an EFA device earlier in this boot";
  }
  const std::vector<CloudInterface>& interfaces = node.cloud.facts.interfaces;
  const auto attached = static_cast<size_t>(
      std::count_if(interfaces.begin(), interfaces.end(), [&](const CloudInterface& interface) {
        return is_efa_only(interface) && !node.left_out.macs.contains(interface.mac);
      }));
  return attached > node.left_out.nameless ? "AWS has attached an EFA interface" : "";
}

std::string devices_words(int count) {
  return fmt::format("{} EFA device{}", count, count == 1 ? "" : "s");
}

std::string name_of(const Expectation& expectation) {
  return expectation.instance_type.empty() ? "an unknown instance type" : expectation.instance_type;
}

void take_numbers(const InstanceType& type, int set_aside, Expectation& expectation) {
  const auto left = [&](int count) { return std::max(count - set_aside, 0); };
  if (!type.max_efa_interfaces) return;
  expectation.maximum = left(*type.max_efa_interfaces);
  for (const int count : type.whole_counts) expectation.whole.push_back(left(count));
  if (expectation.whole.empty()) expectation.whole = {*expectation.maximum};
}

void expect_number(int number, Expectation& expectation) {
  expectation.exactly = number;
  expectation.expected = number > 0;
  expectation.why = fmt::format("expect says {}", number > 0 ? devices_words(number) : "none");
}

void expect_all(Expectation& expectation) {
  const std::string& type = expectation.instance_type;
  expectation.all = true;
  expectation.expected = expectation.whole.empty() || expectation.whole.front() > 0;
  if (expectation.whole.empty()) {
    expectation.why =
        fmt::format("expect says max, but how many EFA devices {} can have is not known",
                    type.empty() ? "an unknown instance type" : type);
  } else if (expectation.expected) {
    expectation.why = fmt::format("expect says max, and {} can have {}", type,
                                  devices_words(*expectation.maximum));
  } else {
    expectation.why = "expect says max, and all EFA devices are set aside";
  }
}

// Why none is expected.
std::string why_none(const Expectation& expectation, const InstanceType* type) {
  const std::string name = name_of(expectation);
  if (expectation.given) {
    return fmt::format("this container was given none of the node's {}",
                       devices_words(expectation.given->of));
  }
  if (!expectation.set_aside.empty()) return "all EFA devices of the node are set aside";
  if (type == nullptr && expectation.instance_type.empty()) {
    return "the instance type is not known, and no EFA device is attached";
  }
  if (type == nullptr) return name + " is not a known EFA type, and no EFA device is attached";
  if (type->efa == false) return name + " cannot have EFA";
  if (type->efa == true) return name + " can have EFA, but none is attached";
  return fmt::format("whether {} can have EFA is not certain, and none is attached", name);
}

// A node whose fabric is RoCE has no EFA to miss (p6e-gb300r).
std::string words_of_others(const Node& node) {
  const std::vector<std::string>& others = node.rdma.facts.foreign;
  if (others.empty() || !node.pci.facts.efa.empty()) return "";
  const size_t more = others.size() - 1;
  return fmt::format("; its RDMA devices are no EFA: {}{}", others.front(),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

void expect_by_signs(const Node& node, const InstanceType* type, Expectation& expectation) {
  const std::string intent = intent_of(node, expectation.past);
  expectation.expected = !intent.empty();
  if (intent.empty()) {
    expectation.why = why_none(expectation, type) + words_of_others(node);
    return;
  }
  const bool capable = type != nullptr && type->efa == true;
  const bool incapable = type != nullptr && type->efa == false;
  const char* can_have = capable     ? " can have EFA and"
                         : incapable ? " cannot have EFA, yet"
                                     : ", and";
  expectation.why = fmt::format("{}{} {}", name_of(expectation), can_have, intent);
}

}  // namespace

Expectation expectation_of(const Node& node, const ExpectSetting& setting,
                           const InstanceTypes& types, const Scope& scope, Past past) {
  Expectation expectation;
  expectation.instance_type = node.cloud.facts.instance_type.value_or("");
  expectation.given = scope.given;
  expectation.set_aside = scope.set_aside;
  expectation.past = std::move(past);
  const auto row = types.find(expectation.instance_type);
  const InstanceType* type = row == types.end() ? nullptr : &row->second;
  expectation.type_listed = type != nullptr;
  if (type != nullptr) {
    expectation.direct_memory = direct_memory_of(*type);
    expectation.rails = type->rails;
  }
  // what the type can have is no measure of a container that was given a part of it
  const bool measured = type != nullptr && type->efa == true && !scope.given;
  if (measured) take_numbers(*type, static_cast<int>(scope.set_aside.size()), expectation);
  const bool incapable = type != nullptr && type->efa == false;
  expectation.type_lacks_efa = incapable;
  if (setting.exactly) {
    expect_number(*setting.exactly, expectation);
  } else if (setting.all && !incapable && !scope.given) {
    expect_all(expectation);
  } else {
    expect_by_signs(node, type, expectation);
  }
  return expectation;
}

}  // namespace efa
