#include "agent/report/funnel_line.h"

#include <fmt/core.h>

#include "probes/base/text.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

struct Group {
  std::string count;
  std::vector<std::string> rungs;
};

std::string count_of(const FunnelStage& stage) {
  if (!stage.count) return "?";
  return std::to_string(*stage.count) + (stage.at_least ? "+" : "");
}

std::vector<Group> groups_of(const std::vector<FunnelStage>& funnel, bool whole) {
  std::vector<Group> groups;
  for (const FunnelStage& stage : funnel) {
    if (!whole && stage.rung == Rung::kAttached) continue;
    const std::string count = count_of(stage);
    if (groups.empty() || groups.back().count != count) groups.push_back({count, {}});
    groups.back().rungs.push_back(rung_text(stage.rung));
    if (stage.rung >= Rung::kPci && stage.count == 0) break;
  }
  if (groups.size() > 1 && groups.back().count == "?") groups.pop_back();
  return groups;
}

std::string line_of(const std::vector<Group>& groups, std::string_view between,
                    std::string_view comma) {
  std::vector<std::string> parts;
  for (const Group& group : groups) {
    parts.push_back(fmt::format("{} {}", group.count, join(group.rungs, comma)));
  }
  return join(parts, between);
}

}  // namespace

std::string funnel_line(const std::vector<FunnelStage>& funnel) {
  std::string wide = line_of(groups_of(funnel, /*whole=*/true), " > ", ", ");
  if (wide.size() <= kFunnelWidth) return wide;
  std::string narrow = line_of(groups_of(funnel, /*whole=*/true), ">", ",");
  if (narrow.size() <= kFunnelWidth) return narrow;
  return line_of(groups_of(funnel, /*whole=*/false), ">", ",");
}

}  // namespace efa
