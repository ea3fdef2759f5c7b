#include "agent/account/rights.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "probes/account/resources.h"
#include "probes/base/describe.h"

namespace efa {
namespace {

bool is_denied(const AccountSection& section) {
  return section.denied_action.has_value();
}

bool is_allowed(const AccountSection& section) {
  return section.status == SectionStatus::kOk;
}

// One for each resource; none when nothing is denied.
Array missing_statements(const AccountFacts& facts) {
  std::map<std::string, Array> actions;  // by resource, "*" first
  for (const AccountSection& section : facts.sections) {
    if (!is_denied(section)) continue;
    actions[resource_of(facts, *section.denied_action)].push_back(*section.denied_action);
  }
  Array statements;
  for (auto& [resource, denied] : actions) {
    Value statement;
    statement.set("Effect", "Allow");
    statement.set("Action", std::move(denied));
    statement.set("Resource", resource);
    statements.push_back(std::move(statement));
  }
  return statements;
}

}  // namespace

// The sections of rights are called as their actions; that of a fleet is what the probe refuses
// with.
std::string why_none_was_asked(const AccountFacts& facts) {
  const bool refused =
      facts.sections.size() == 1 && facts.sections.front().name == kInstancesSection;
  return refused ? facts.sections.front().words : "";
}

Verdict verdict_of_rights(const AccountFacts& facts) {
  const auto& sections = facts.sections;
  if (std::any_of(sections.begin(), sections.end(), is_denied)) return Verdict::kDegraded;
  const bool all = std::all_of(sections.begin(), sections.end(), is_allowed);
  return all && !sections.empty() ? Verdict::kHealthy : Verdict::kUnknown;
}

std::string render_rights(const AccountFacts& facts, const TextStyle& style) {
  TextPage page(style);
  const auto allowed = std::count_if(facts.sections.begin(), facts.sections.end(), is_allowed);
  page.paragraph(
      fmt::format("{} may make {} of the {} calls of efa-doctor account",
                  facts.caller ? facts.caller->arn : "the caller", allowed, facts.sections.size()),
      0);
  std::string said;  // of the one before: keys that are missing are so for all
  for (const AccountSection& section : facts.sections) {
    const char* word = is_allowed(section) ? "allowed" : is_denied(section) ? "denied " : "unknown";
    const std::string why = section.words == said ? "" : ": " + section.words;
    page.paragraph(fmt::format("{} {}{}", word, section.name, why), 4);
    said = section.words;
  }
  const Array statements = missing_statements(facts);
  if (statements.empty()) return page.take(kMostOfFleet);
  page.line();
  page.paragraph(fmt::format("the statement{} to add to a policy of the caller:",
                             statements.size() > 1 ? "s" : ""),
                 0);
  for (const Value& statement : statements) page.line(render_json(statement));
  return page.take(kMostOfFleet);
}

Value rights_value(const AccountFacts& facts) {
  Array rights;
  for (const AccountSection& section : facts.sections) {
    Value right;
    right.set("action", section.name);
    right.set("status", section_status_text(section.status));
    if (!section.words.empty()) right.set("words", section.words);
    rights.push_back(std::move(right));
  }
  Value value;
  if (facts.caller) value.set("caller", to_value(*facts.caller));
  value.set("rights", std::move(rights));
  Array statements = missing_statements(facts);
  if (!statements.empty()) value.set("statements", std::move(statements));
  return value;
}

}  // namespace efa
