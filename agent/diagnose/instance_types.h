// packaging/instance-types.json, built in so that it is never missing.
#pragma once

namespace efa {
extern const char* const kInstanceTypesJson;
}  // namespace efa
