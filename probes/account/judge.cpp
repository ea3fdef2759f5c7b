#include "probes/account/checks.h"
#include "probes/account/facts.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

void judge_all(const AccountFacts& facts, const AccountWishes& wishes, Findings& findings) {
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_launches(facts, findings, wishes);
  judge_account_roles(facts, findings, wishes);
  judge_account_exposure(facts, findings, wishes);
  judge_account_volumes(facts, findings, wishes);
  judge_account_access(facts, findings);
  judge_account_template(facts, findings);
  judge_account_nodes(facts, findings);
}

// They are of instances that run, or of who asks.
bool needs_aws(const Check& check) {
  return check.code == kAccountBucket.code || check.code == kAccountDenied.code ||
         check.code == kAccountInterfaceLost.code || check.code == kAccountNotManaged.code ||
         check.code == kAccountCapacityUnused.code || check.code == kAccountSessionLogs.code;
}

}  // namespace

void judge_account(const AccountFacts& facts, const AccountWishes& wishes, Findings& findings) {
  if (!is_of_template(facts)) {
    judge_all(facts, wishes, findings);
    return;
  }
  Findings all;
  judge_all(facts, wishes, all);
  for (Finding& finding : all.take()) {
    if (needs_aws(*finding.check)) {
      findings.not_applicable(*finding.check, finding.subject, "no template tells it");
    } else {
      findings.add(std::move(finding));
    }
  }
}

}  // namespace efa
