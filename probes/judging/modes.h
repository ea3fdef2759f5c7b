// The known ways in which EFA fails on a node, from public reports, AWS's documents and the sources
// of the driver and libfabric: each is seen by a check, or it is said why a node cannot show it.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

namespace efa {

enum class ModeSight {
  kFound,         // by one of its checks
  kNeedsAccount,  // only the EC2 API tells; a node's check, if any, says that it was not seen
  kNeedsData,     // only a test with other nodes, or one that moves bytes, tells
  kNotVisible,    // a node does not show it
  kNoFault,       // a trap of tools that efa-doctor does not fall into, or nothing that stops EFA
};

// A check that sees a mode, and the machine on which a test makes it see that (tests/modes); for
// efa-doctor account, pair and mesh a fleet or template, a pair or a mesh of nodes.
struct Sighting {
  std::string_view check;
  std::string_view scenario;
};

struct Mode {
  std::string_view id;     // "F06"; API as a code is: never used anew
  std::string_view title;  // what goes wrong
  ModeSight sight = ModeSight::kFound;
  Sighting seen_by[5] = {};
  std::string_view why = {};  // it is not found

  [[nodiscard]] constexpr std::span<const Sighting> sightings() const {
    return {std::begin(seen_by),
            std::find_if(std::begin(seen_by), std::end(seen_by),
                         [](const Sighting& sighting) { return sighting.check.empty(); })};
  }
};

std::span<const Mode> all_modes();
const char* mode_sight_text(ModeSight sight);

}  // namespace efa
