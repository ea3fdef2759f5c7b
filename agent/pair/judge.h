// What a test of two nodes means: the causes, of the places of the two and of each pair of devices.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/pair/findings.h"
#include "agent/pair/protocol.h"
#include "agent/pair/rail.h"
#include "agent/report/findings.h"
#include "probes/judging/check.h"

namespace efa {

// Of zone, VPC and types: where one of them fails, no byte is sent. A security group in common that
// is missing is told only where a message does not arrive: groups may have rules for each other.
std::vector<Finding> judge_places(const PairHello& own, const PairHello& other);
bool stops(const std::vector<Finding>& places);

// One finding of the pair of devices: of its cause, in use, or that it passes, which is that of
// kPairUnreachable, by a libfabric of kPairLibfabric.
Finding judge_rail(const PairRail& rail, const PairNodes& nodes);
// Of those that pass, which are slower than the others, at first and by what was measured again of
// them and of another; without that, none is known to be.
std::vector<Finding> judge_rates(const std::vector<PairRail>& rails,
                                 const std::vector<std::optional<double>>& again);
// Why there is no control connection; `where` names the server.
Finding judge_connection(const Error& error, const std::string& where);

}  // namespace efa
