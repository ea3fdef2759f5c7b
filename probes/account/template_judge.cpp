// Judges a template as such: whether anything will be made of it.

#include "probes/account/facts.h"
#include "probes/account/template_checks.h"
#include "probes/judging/findings.h"

namespace efa {

void judge_account_template(const AccountFacts& facts, Findings& findings) {
  constexpr const char* kSubject = "template";
  const Check& check = kAccountTemplateInvalid;
  if (!is_of_template(facts)) {
    findings.not_applicable(check, kSubject, "no template was read");
    return;
  }
  if (!facts.from_template) {
    findings.unknown(check, kSubject, why_not_whole(facts, kInstancesSection));
    return;
  }
  for (const AccountTemplateFault& fault : facts.from_template->invalid) {
    findings.fail(check, fault.resource, fault.resource + " " + fault.words,
                  {fault.words, "a template that AWS takes", "the template"});
  }
  if (!facts.from_template->invalid.empty()) return;
  if (!is_whole(facts, kInstancesSection)) {
    findings.unknown(check, kSubject, why_not_whole(facts, kInstancesSection));
    return;
  }
  findings.pass(check, kSubject, "nothing was seen for which AWS refuses it");
}

}  // namespace efa
