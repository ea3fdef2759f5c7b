#include "agent/cli/catalogue.h"

#include <cstdio>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/near_miss.h"
#include "agent/log/log.h"
#include "agent/report/report.h"
#include "probes/base/exit_codes.h"
#include "probes/base/text.h"
#include "probes/base/value.h"
#include "probes/judging/modes.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

// The known ways of failing that a check sees.
std::vector<const Mode*> modes_seen_by(const Check& check) {
  std::vector<const Mode*> modes;
  for (const Mode& mode : all_modes()) {
    for (const Sighting& sighting : mode.sightings()) {
      if (sighting.check == check.code) modes.push_back(&mode);
    }
  }
  return modes;
}

std::string mode_ids(const Check& check) {
  std::vector<std::string> ids;
  for (const Mode* mode : modes_seen_by(check)) ids.emplace_back(mode->id);
  return join(ids, " ");
}

Value check_value(const Check& check) {
  Value value;
  value.set("code", check.code);
  value.set("severity", severity_text(check.severity));
  value.set("actor", actor_text(check.actor));
  if (check.rung != Rung::kNone) value.set("rung", rung_text(check.rung));
  Array modes;
  for (const Mode* mode : modes_seen_by(check)) modes.emplace_back(mode->id);
  value.set("modes", std::move(modes));
  value.set("title", check.title);
  value.set("meaning", check.meaning);
  value.set("seen_by", check.seen_by);
  value.set("remedy", check.remedy);
  if (!check.command.empty()) value.set("command", check.command);
  if (check.drain_first) value.set("drain_first", true);
  if (!check.in_container.empty()) value.set("in_container", check.in_container);
  if (!check.on_bottlerocket.empty()) value.set("on_bottlerocket", check.on_bottlerocket);
  if (!check.in_auto_mode.empty()) value.set("in_auto_mode", check.in_auto_mode);
  if (!check.on_suse.empty()) value.set("on_suse", check.on_suse);
  return value;
}

// For printf(3).
std::string text_of(std::string_view text) {
  return std::string(text);
}

void print_text(const Check& check) {
  std::printf(
      "%s (%s)\n  %s\n\n  What it means: %s\n  How it is seen: %s\n  Who fixes it: %s\n"
      "  How: %s\n",
      text_of(check.code).c_str(), severity_text(check.severity).c_str(),
      text_of(check.title).c_str(), text_of(check.meaning).c_str(), text_of(check.seen_by).c_str(),
      actor_words(check.actor).c_str(), text_of(check.remedy).c_str());
  if (!check.command.empty()) std::printf("  $ %s\n", text_of(check.command).c_str());
  if (!check.in_container.empty()) {
    std::printf("  How in a container: %s\n", text_of(check.in_container).c_str());
  }
  if (!check.on_bottlerocket.empty()) {
    std::printf("  How on Bottlerocket: %s\n", text_of(check.on_bottlerocket).c_str());
  }
  if (!check.in_auto_mode.empty()) {
    std::printf("  How in EKS Auto Mode: %s\n", text_of(check.in_auto_mode).c_str());
  }
  if (!check.on_suse.empty()) std::printf("  How on SUSE: %s\n", text_of(check.on_suse).c_str());
  for (const Mode* mode : modes_seen_by(check)) {
    std::printf("  Sees %s: %s\n", text_of(mode->id).c_str(), text_of(mode->title).c_str());
  }
}

void print_json(const std::vector<const Check*>& checks) {
  Array array;
  for (const Check* check : checks) array.push_back(check_value(*check));
  std::printf("%s\n", render_json(array, 1).c_str());
}

void print_markdown(const std::vector<const Check*>& checks) {
  std::printf(
      "| code | severity | who fixes it | what is wrong | modes |\n|---|---|---|---|---|\n");
  for (const Check* check : checks) {
    std::printf("| `%s` | %s | %s | %s | %s |\n", text_of(check->code).c_str(),
                severity_text(check->severity).c_str(), actor_text(check->actor).c_str(),
                text_of(check->title).c_str(), mode_ids(*check).c_str());
  }
}

void print_lines(const std::vector<const Check*>& checks) {
  for (const Check* check : checks) {
    std::printf("%-30s %-9s %s\n", text_of(check->code).c_str(),
                severity_text(check->severity).c_str(), text_of(check->title).c_str());
  }
}

// A code, or of a word without a dot the beginning of codes.
std::string meant_by(const std::string& word, const std::vector<std::string_view>& codes) {
  std::string code = near_miss(word, codes);
  if (!code.empty() || word.find('.') != std::string::npos) return code;
  std::vector<std::string_view> domains;
  for (const std::string_view one : codes) domains.push_back(one.substr(0, one.find('.')));
  return near_miss(word, domains);
}

}  // namespace

int run_explain(const std::string& code) {
  if (const Check* check = find_check(code)) {
    print_text(*check);
    return 0;
  }
  std::vector<const Check*> checks = all_checks();
  std::vector<std::string_view> codes;
  for (const Check* check : checks) codes.push_back(check->code);
  std::erase_if(checks, [&](const Check* check) { return !check->code.starts_with(code); });
  if (!code.empty() && !checks.empty()) {
    print_lines(checks);
    return 0;
  }
  if (is_site_code(code)) {
    log_error("{} is of the site itself: the probe in {} that prints it says what it means", code,
              PassConfig().site_probes);
    return kExitUsage;
  }
  log_error("no check has the code '{}'{}; efa-doctor list-checks names all", code,
            meant_by(code, codes));
  return kExitUsage;
}

int run_list_checks(OutputFormat format) {
  const std::vector<const Check*> checks = all_checks();
  if (format == OutputFormat::kJson) {
    print_json(checks);
  } else if (format == OutputFormat::kMarkdown) {
    print_markdown(checks);
  } else {
    print_lines(checks);
  }
  return 0;
}

}  // namespace efa
