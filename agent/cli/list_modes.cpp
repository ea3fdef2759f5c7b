#include "agent/cli/list_modes.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "agent/report/report.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/judging/modes.h"

namespace efa {
namespace {

Value value_of(const Mode& mode) {
  Value value;
  value.set("mode", mode.id);
  value.set("title", mode.title);
  value.set("sight", mode_sight_text(mode.sight));
  Array checks;
  Array scenarios;
  for (const Sighting& sighting : mode.sightings()) {
    checks.emplace_back(sighting.check);
    scenarios.emplace_back(sighting.scenario);
  }
  value.set("checks", std::move(checks));
  value.set("scenarios", std::move(scenarios));
  if (!mode.why.empty()) value.set("why", mode.why);
  return value;
}

void print_json() {
  Array array;
  for (const Mode& mode : all_modes()) array.push_back(value_of(mode));
  std::printf("%s\n", render_json(array, 1).c_str());
}

// What sees it and where that was tried, and why it is not found.
std::vector<std::string> seen_by(const Mode& mode) {
  std::vector<std::string> lines;
  for (const Sighting& sighting : mode.sightings()) {
    lines.push_back(fmt::format("{} ({})", sighting.check, sighting.scenario));
  }
  if (!mode.why.empty()) lines.emplace_back(mode.why);
  return lines;
}

// A row of a table, or a line and one for each of what sees it.
void print_row(const Mode& mode, bool markdown) {
  const std::vector<std::string> seen = seen_by(mode);
  const char* sight = mode_sight_text(mode.sight);
  const std::string row =
      markdown
          ? fmt::format("| {} | {} | {} | {} |\n", mode.id, sight, mode.title, join(seen, "; "))
          : fmt::format("{} {:<13} {}\n    {}\n", mode.id, sight, mode.title, join(seen, "\n    "));
  std::fputs(row.c_str(), stdout);
}

// "90 modes: 63 found, 3 needs account, ..."
std::string totals() {
  constexpr ModeSight kSights[] = {ModeSight::kFound, ModeSight::kNeedsAccount,
                                   ModeSight::kNeedsData, ModeSight::kNotVisible,
                                   ModeSight::kNoFault};
  const auto modes = all_modes();
  std::vector<std::string> parts;
  for (const ModeSight sight : kSights) {
    const auto count = std::count_if(modes.begin(), modes.end(),
                                     [&](const Mode& mode) { return mode.sight == sight; });
    parts.push_back(fmt::format("{} {}", count, mode_sight_text(sight)));
  }
  return fmt::format("{} modes: {}", modes.size(), join(parts, ", "));
}

}  // namespace

int run_list_modes(OutputFormat format) {
  if (format == OutputFormat::kJson) {
    print_json();
    return 0;
  }
  const bool markdown = format == OutputFormat::kMarkdown;
  if (markdown)
    std::printf("| mode | seen | what goes wrong | by what, or why not |\n|---|---|---|---|\n");
  for (const Mode& mode : all_modes()) print_row(mode, markdown);
  std::printf("%s%s\n", markdown ? "\n" : "", totals().c_str());  // a line of the table is a mode
  return 0;
}

}  // namespace efa
