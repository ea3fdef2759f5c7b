#include "agent/account/infrastructure.h"

#include "probes/account/group_checks.h"

namespace efa {

// One group stands for all: the lines differ by its name only.
std::vector<Described> described_remedy(const std::vector<const Finding*>& findings) {
  const std::string_view code = findings.front()->check->code;
  const std::string& group = findings.front()->command.of;
  if (group.empty()) return {};
  if (code == kAccountNoEgress.code) return described_rule(group, Direction::kOut);
  if (code == kAccountNoIngress.code) return described_rule(group, Direction::kIn);
  return {};
}

}  // namespace efa
