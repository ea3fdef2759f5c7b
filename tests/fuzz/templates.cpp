// Templates of CloudFormation, as YAML and as JSON; nested stacks read the same text again.

#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"
#include "probes/account/template_checks.h"
#include "probes/base/text.h"
#include "probes/judging/findings.h"
#include "probes/template/document.h"
#include "probes/template/reading.h"
#include "tests/fuzz/claims.h"

namespace efa {
namespace {

void read(const std::string& text) {
  Result<Document> document = parse_document(text, "template");
  if (!document) {
    claim(!document.error().what.empty(), "a refusal says why");
    return;
  }
  TemplateQuestion question;
  question.templates.push_back(
      {"Stack", "template", document->content, document->kind == DocumentKind::kPlan});
  question.parameters["P"] = "x";
  const AccountFacts facts =
      facts_of(question, [&](const std::string& /*parent*/, const std::string& name) {
        return Result<NamedTemplate>(NamedTemplate{name, name, document->content});
      });
  Findings findings;
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_template(facts, findings);
  for (const AccountSection& section : facts.sections) {
    claim(is_utf8(section.words), "the report takes the words");
  }
}

}  // namespace
}  // namespace efa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  efa::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
