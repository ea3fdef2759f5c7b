// Judges what the caller may ask, by what it was refused.

#include <fmt/core.h>

#include "probes/account/access_checks.h"
#include "probes/account/resources.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

std::string statement_for(const AccountFacts& facts, const std::string& action) {
  return fmt::format(R"({{"Effect": "Allow", "Action": "{}", "Resource": "{}"}})", action,
                     resource_of(facts, action));
}

void judge_section(const AccountFacts& facts, const AccountSection& section, Findings& findings) {
  const Check& check = kAccountDenied;
  if (section.denied_action) {
    const std::string& action = *section.denied_action;
    const std::string caller = facts.caller ? facts.caller->arn : "the caller";
    findings.fail(check, section.name,
                  fmt::format("{} may not ask {} ({}); the statement to add is {}", caller, action,
                              section.error_code, statement_for(facts, action)),
                  {section.words, statement_for(facts, action), action});
  } else if (section.status == SectionStatus::kOk) {
    findings.pass(check, section.name, "the caller may ask for it");
  } else {
    findings.unknown(check, section.name, why_not_whole(facts, section.name.c_str()));
  }
}

}  // namespace

void judge_account_access(const AccountFacts& facts, Findings& findings) {
  for (const AccountSection& section : facts.sections) judge_section(facts, section, findings);
  if (!facts.sections.empty()) return;
  findings.not_applicable(kAccountDenied, "account", "AWS was not asked");
}

}  // namespace efa
