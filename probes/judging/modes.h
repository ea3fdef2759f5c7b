// The known ways in which EFA fails on a node, from public reports, AWS's documents and the sources
// of the driver and libfabric: each is seen by a check, or it is said why a node cannot show it.
#pragma once

#include <span>
#include <string_view>

#include "probes/judging/check.h"

namespace efa {

enum class ModeSight {
  kFound,         // by one of its checks
  kNeedsAccount,  // only the EC2 API tells; the check, if any, says that it was not seen
  kNeedsData,     // only moving bytes between nodes tells
  kNotVisible,    // a node does not show it
  kNoFault,       // a trap of tools that efa-doctor does not fall into, or nothing that stops EFA
};

struct Mode {
  std::string_view id;     // "F06"; API as a code is: never used anew
  std::string_view title;  // what goes wrong
  ModeSight sight = ModeSight::kFound;
  Causes checks = {};         // that see it
  std::string_view why = {};  // it is not found
};

std::span<const Mode> all_modes();
const char* mode_sight_text(ModeSight sight);

}  // namespace efa
