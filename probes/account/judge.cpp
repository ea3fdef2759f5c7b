#include "probes/account/checks.h"
#include "probes/account/facts.h"
#include "probes/judging/findings.h"

namespace efa {

void judge_account(const AccountFacts& facts, Findings& findings) {
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
}

}  // namespace efa
