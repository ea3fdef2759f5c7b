#include "agent/cli/list_modes.h"

#include <fmt/core.h>

#include <cstdio>
#include <vector>

#include "agent/report/report.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/judging/modes.h"

namespace efa {
namespace {

std::vector<std::string> checks_of(const Mode& mode) {
  return {mode.checks.begin(), mode.checks.end()};
}

Value value_of(const Mode& mode) {
  Value value;
  value.set("mode", mode.id);
  value.set("title", mode.title);
  value.set("sight", mode_sight_text(mode.sight));
  Array checks;
  for (const std::string& code : checks_of(mode)) checks.emplace_back(code);
  value.set("checks", std::move(checks));
  if (!mode.why.empty()) value.set("why", mode.why);
  return value;
}

void print_json() {
  Array array;
  for (const Mode& mode : all_modes()) array.push_back(value_of(mode));
  std::printf("%s\n", render_json(array, 1).c_str());
}

// What sees it, or why nothing does.
std::string seen_by(const Mode& mode) {
  const std::string checks = join(checks_of(mode), ", ");
  const std::string why(mode.why);
  return checks.empty() || why.empty() ? checks + why : checks + ": " + why;
}

// A row of a table, or two lines.
void print_row(const Mode& mode, bool markdown) {
  const std::string seen = seen_by(mode);
  const std::string row = markdown ? fmt::format("| {} | {} | {} | {} |\n", mode.id,
                                                 mode_sight_text(mode.sight), mode.title, seen)
                                   : fmt::format("{} {:<13} {}\n    {}\n", mode.id,
                                                 mode_sight_text(mode.sight), mode.title, seen);
  std::fputs(row.c_str(), stdout);
}

}  // namespace

int run_list_modes(const std::string& format) {
  if (format == "json") {
    print_json();
    return 0;
  }
  const bool markdown = format == "markdown";
  if (markdown)
    std::printf("| mode | seen | what goes wrong | by what, or why not |\n|---|---|---|---|\n");
  for (const Mode& mode : all_modes()) print_row(mode, markdown);
  return 0;
}

}  // namespace efa
