// What passes, told by its code alone: most of a report's findings, and nothing to act on.
#pragma once

#include "probes/base/value.h"

namespace efa {

// A finding that passes or is not applicable.
bool is_good(const Value& finding);

// Takes good findings out of "findings"; "folded" says for how many subjects each check was good:
// [{"code": "pci.narrow-link", "result": "pass", "subjects": 32}], by code, then result.
void fold(Value& report);

}  // namespace efa
