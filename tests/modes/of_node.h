// Which sightings are those of a node's own probes: the others are of efa-doctor account, pair and
// mesh, which ask AWS or meet other nodes.
#pragma once

#include "probes/judging/modes.h"
#include "probes/judging/table.h"

namespace efa {

inline bool is_of_node(const Sighting& sighting) {
  const Check* check = find_check(sighting.check);
  return check != nullptr && probe_of(*check) != nullptr;
}

}  // namespace efa
