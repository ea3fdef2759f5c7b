// What findings of a test of two nodes are made of.
#pragma once

#include <string>

#include "agent/pair/rail.h"
#include "probes/judging/check.h"

namespace efa {

struct PairNodes {
  const PairHello& own;
  const PairHello& other;
};

Finding finding_of(const Check& check, FindingResult result, std::string subject,
                   std::string message);
// Of the two nodes, not of their devices.
Finding of_nodes(const Check& check, FindingResult result, std::string message);

const char* name_of(PairSide side);  // "this node"
bool by_libfabric(const PairRail& rail);
// "0000:10:1b.0 to 0000:20:1b.0"
std::string devices_of(const PairRail& rail);
// That, and by which libfabric: " by /opt/amazon/efa/lib/libfabric.so.1.25.0"
std::string subject_of(const PairRail& rail);
// "libfabric 2.1 here, 1.22 there"; of one that did not come so far, the file
std::string libfabrics_of(const PairRail& rail);

}  // namespace efa
