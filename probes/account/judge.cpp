#include "probes/account/checks.h"
#include "probes/account/facts.h"
#include "probes/judging/findings.h"

namespace efa {

void judge_account(const AccountFacts& facts, const AccountWishes& wishes, Findings& findings) {
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_launches(facts, findings, wishes);
  judge_account_roles(facts, findings, wishes);
  judge_account_exposure(facts, findings, wishes);
  judge_account_volumes(facts, findings, wishes);
  judge_account_access(facts, findings);
  judge_account_template(facts, findings);
}

}  // namespace efa
