// What it means that libfabric does not move data between two devices. Pure.
#pragma once

#include "agent/pair/findings.h"

namespace efa {

// Of a pair of devices whose test broke by a libfabric: by its end, an error of its, or silence.
Finding judge_libfabric(const PairRail& rail, const PairNodes& nodes);

}  // namespace efa
