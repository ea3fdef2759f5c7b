// The judges and their catalogues, one of each for a probe: the table of all checks.
// A judge is pure: what a pass saw and what is expected go in, findings come out.
#pragma once

#include <span>

#include "probes/node.h"

namespace efa {

struct Judge {
  const char* domain;  // the first part of its codes
  std::span<const Check* const> (*checks)();
  void (*judge)(const Node&, const Expectation&, Findings&);
};

Judge pci_judge();
Judge kernel_judge();
Judge rdma_judge();
Judge verbs_judge();
Judge fabric_judge();
Judge limits_judge();
Judge log_judge();
Judge cloud_judge();
Judge jobs_judge();
Judge counters_judge();
Judge outcome_judge();
Judge site_judge();

// All of them, in the order in which they judge.
std::span<const Judge> judges();
// The row of that code; null when there is none.
const Check* find_check(std::string_view code);

}  // namespace efa
