// What the configuration takes away from the verdict, which no report passes over: checks that it
// weighs anew, devices that it sets aside.
#pragma once

#include <string>
#include <vector>

#include "probes/base/value.h"
#include "probes/judging/node.h"

namespace efa {

// {"checks": {"pci.narrow-link": "off"}, "set_aside": ["0000:10:1b.0"]}; null when there is none.
Value configured_value(const Expectation& expectation);
// For a person, after an empty line; none when there is none.
std::vector<std::string> configured_lines(const Expectation& expectation);

}  // namespace efa
