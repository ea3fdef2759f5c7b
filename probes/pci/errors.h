// The part of the judge of PCI functions that is about the errors of PCIe that the kernel counts.
#pragma once

#include "probes/judging/node.h"

namespace efa {

void judge_errors(const Past& past, const PciFunction& function, Findings& findings);

}  // namespace efa
