// The part of the judge of PCI functions that compares an EFA device with its siblings: those of
// the same id on the machine.
#pragma once

#include "probes/judging/findings.h"
#include "probes/pci/facts.h"

namespace efa {

void judge_numa_node(const PciFacts& facts, const PciFunction& function, Findings& findings);
void judge_bars(const PciFacts& facts, const PciFunction& function, Findings& findings);

}  // namespace efa
