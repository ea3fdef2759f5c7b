// Judges what the caller may ask, by what it was refused.

#include <fmt/core.h>

#include "probes/account/access_checks.h"
#include "probes/account/facts.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

std::string partition_of(const std::string& region) {
  if (region.starts_with("cn-")) return "aws-cn";
  return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

// Describing has no resources that a policy could name; of IAM, all roles are meant.
std::string resource_of(const AccountFacts& facts, const std::string& action) {
  constexpr std::string_view kScheme = "s3://";
  if (!action.starts_with("s3:") || !facts.reports || !facts.reports->starts_with(kScheme)) {
    return "*";
  }
  const std::string place = facts.reports->substr(kScheme.size());
  const std::string arn = fmt::format("arn:{}:s3:::", partition_of(facts.region));
  if (action == "s3:ListBucket") return arn + place.substr(0, place.find('/'));
  return arn + place + (place.ends_with('/') ? "latest/*" : "/latest/*");
}

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
