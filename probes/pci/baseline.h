// What is remembered of a device's PCIe errors from one pass to the next, so that growth can be
// told from a total since boot. Kept in state.json; forgotten with the boot.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "probes/pci/facts.h"

namespace efa {

struct ErrorBaseline {
  PciAddress address;
  std::map<std::string, uint64_t> aer_errors;  // as those of PciFunction
};

template <class Io>
void describe(Io& io, ErrorBaseline& baseline) {
  io("address", baseline.address);
  io("aer_errors", baseline.aer_errors);
}

// For the next pass, of what this one read. Devices that show none keep theirs.
std::vector<ErrorBaseline> next_baselines(const std::vector<ErrorBaseline>& before,
                                          const PciFacts& facts);

}  // namespace efa
