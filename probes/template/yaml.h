// YAML as CloudFormation takes it (CloudFormation User Guide, "Template formats"): short tags stand
// for functions ("!Ref A" for {Ref: A}, "!GetAtt A.B" for {Fn::GetAtt: [A, B]}); there are no
// aliases and no merge keys. The only file that includes yaml-cpp.
#pragma once

#include <string>

#include "probes/base/result.h"
#include "probes/base/value.h"

namespace efa {

// Scalars stay texts: "2010-09-09" is no date, "-1" no number; an empty one is null. Bounded by 64
// levels and 200,000 values. A key that is there twice, an alias and what is no YAML are malformed,
// with the line.
Result<Value> parse_yaml(const std::string& text, const std::string& where);

}  // namespace efa
