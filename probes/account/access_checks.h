// The check of what those who ask about a fleet may ask: its code and texts. A code is API: never
// renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountDenied{
    .code = "account.denied",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "A part of the account was not looked at: the caller may not ask",
    .meaning = "What hangs on it is unknown; everything else is judged.",
    .seen_by = "The service refused the call: UnauthorizedOperation, AccessDenied.",
    .remedy = "Add the statement that the finding names to a policy of the caller; they only read.",
};

inline constexpr const Check* kAccountAccessChecks[] = {&kAccountDenied};

// Of each kind of thing that was asked for.
struct AccountFacts;
class Findings;
void judge_account_access(const AccountFacts& facts, Findings& findings);

}  // namespace efa
