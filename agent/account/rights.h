// What the caller of efa-doctor account may ask, and the statement that is missing.
#pragma once

#include <string>

#include "agent/report/page.h"
#include "probes/account/facts.h"
#include "probes/base/value.h"

namespace efa {

// Why no call was made at all, of what the command line or the environment says; "" when calls
// were.
std::string why_none_was_asked(const AccountFacts& facts);
// Healthy: all of it; degraded: not all; unknown: some could not be asked.
Verdict verdict_of_rights(const AccountFacts& facts);
std::string render_rights(const AccountFacts& facts, const TextStyle& style);
// {"caller", "rights": [{"action", "status", "words"}], "statements": of a policy, where some
// are missing}
Value rights_value(const AccountFacts& facts);

}  // namespace efa
