// What a probe read, in a redacted recording: the path, and the file, link or directory there.
#pragma once

#include "agent/pass/pseudonyms.h"
#include "probes/base/value.h"

namespace efa {

// `look` as Sysroot records it. `of_limits`: by probe-limits, which reads lines that name users.
Value redacted_look(Value look, bool of_limits, Pseudonyms& pseudonyms);

}  // namespace efa
