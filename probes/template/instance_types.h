// packaging/instance-types.json, built in: no API is asked for types.
#pragma once

namespace efa {
extern const char* const kTemplateInstanceTypesJson;
}  // namespace efa
