#include "tests/support/template_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "probes/account/checks.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"
#include "probes/template/document.h"
#include "probes/template/files.h"

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

bool any(const std::vector<Finding>& findings, FindingResult result, Severity severity) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.result == result && finding.check->severity == severity;
  });
}

}  // namespace

AccountFacts facts_of_files(const TemplateFiles& files) {
  auto templates = read_named_templates(files.paths);
  if (!templates) return unread_templates(message_of(templates.error()));
  const ReadBeside beside = [&](const std::string& parent,
                                const std::string& name) -> Result<NamedTemplate> {
    if (files.without.contains(name)) return Error{ErrorKind::kNotFound, name, "is not there"};
    return read_template_beside(parent, name);
  };
  return facts_of({std::move(*templates), files.parameters, kNowMs}, beside);
}

AccountFacts facts_of_text(const std::string& text,
                           const std::map<std::string, std::string>& parameters,
                           const std::map<std::string, std::string>& beside) {
  Result<Document> document = parse_document(text, "Stack.yaml");
  if (!document) return unread_templates(message_of(document.error()));
  const ReadBeside read = [&](const std::string& /*parent*/,
                              const std::string& name) -> Result<NamedTemplate> {
    const auto found = beside.find(name);
    if (found == beside.end()) return Error{ErrorKind::kNotFound, name, "is not there"};
    Result<Document> child = parse_document(found->second, name);
    if (!child) return child.error();
    return NamedTemplate{name, name, std::move(child->content)};
  };
  std::vector<NamedTemplate> templates;
  templates.push_back(
      {"Stack", "Stack.yaml", std::move(document->content), document->kind == DocumentKind::kPlan});
  return facts_of({std::move(templates), parameters, kNowMs}, read);
}

std::vector<Finding> judged_template(const AccountFacts& facts) {
  Findings findings;
  judge_account(facts, {}, findings);
  return findings.take();
}

std::set<std::string> codes_of_templates() {
  std::set<std::string> codes;
  for (const auto& checks : kAccountChecks) {
    for (const Check* check : checks) codes.emplace(check->code);
  }
  return codes;
}

int exit_of(const std::vector<Finding>& findings) {
  if (any(findings, FindingResult::kFail, Severity::kCritical)) return 2;
  if (any(findings, FindingResult::kUnknown, Severity::kCritical)) return 3;
  return any(findings, FindingResult::kFail, Severity::kWarning) ? 1 : 0;
}

}  // namespace efa
