// The part of the judge of PCI functions that is about their PCIe links.
#pragma once

#include "probes/judging/findings.h"
#include "probes/pci/facts.h"

namespace efa {

// All bits of config space read 1: nothing behind them answers.
bool is_dead(const PciFunction& function);
// Whether it tells a link: a device of some types says "Unknown" and 0.
bool tells_link(const PciFunction& function);
void judge_link(const PciFacts& facts, const PciFunction& function, Findings& findings);

}  // namespace efa
