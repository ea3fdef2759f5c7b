// What can be said of an image before it has run on a node with EFA devices: its software, by the
// checks and judges of the nodes. Pure.
#pragma once

#include <vector>

#include "agent/diagnose/diagnosis.h"

namespace efa {

// `kernels`: what probe-kernel saw of each installed one. Findings about one of them have the
// subject "kernel 6.1.0-40-amd64"; what only a node with devices can show is left out.
Diagnosis diagnose_image(const Node& image, const std::vector<Seen<KernelFacts>>& kernels,
                         const Weights& weights);

}  // namespace efa
