#include "agent/report/configured.h"

#include "probes/base/text.h"
#include "probes/judging/words.h"

namespace efa {

Value configured_value(const Expectation& expectation) {
  Value value;
  Value checks;
  for (const auto& [code, weight] : expectation.weights) checks.set(code, weight_text(weight));
  if (!checks.is_null()) value.set("checks", std::move(checks));
  for (const PciAddress& address : expectation.set_aside) {
    value.add("set_aside", address.to_text());
  }
  return value;
}

std::vector<std::string> configured_lines(const Expectation& expectation) {
  std::vector<std::string> checks;
  for (const auto& [code, weight] : expectation.weights) {
    checks.push_back(code + " " + weight_text(weight));
  }
  std::vector<std::string> devices;
  for (const PciAddress& address : expectation.set_aside) devices.push_back(address.to_text());
  std::vector<std::string> lines;
  if (!checks.empty() || !devices.empty()) lines.emplace_back();
  if (!checks.empty()) lines.push_back("set in the configuration: " + join(checks, ", "));
  if (!devices.empty()) lines.push_back("set aside, not judged: " + join(devices, " "));
  return lines;
}

}  // namespace efa
