// What the table [checks] of the configuration makes of single checks.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "probes/base/result.h"
#include "probes/judging/weights.h"

namespace efa {

// As it is configured and recorded: {"pci.narrow-link": "off"}. The `where` of an error is the code
// that it is about.
using WeightWords = std::map<std::string, std::string>;
Result<Weights> parse_weights(const WeightWords& words);

// The command that alone judges a check and weighs none: "efa-doctor pair"; "" of the others.
std::string_view judge_without_weights(std::string_view code);

}  // namespace efa
