// A report stays below what its readers take (the spool 16 MiB, parse_json 200,000 values),
// whatever it tells of.
#pragma once

#include "probes/base/value.h"

namespace efa {

// Leaves out, in this order, facts, what passes with findings after the first 2,000, devices;
// "left_out" says what. A report that fits stays as it is.
void fit(Value& report);

}  // namespace efa
