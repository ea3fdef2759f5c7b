// What the table [checks] of the configuration makes of single checks.
#pragma once

#include <map>
#include <string>

#include "probes/base/result.h"
#include "probes/judging/weights.h"

namespace efa {

// As it is configured and recorded: {"pci.narrow-link": "off"}. The `where` of an error is the code
// that it is about.
using WeightWords = std::map<std::string, std::string>;
Result<Weights> parse_weights(const WeightWords& words);

}  // namespace efa
