// What one pass leaves for the next, in state.json: which devices this boot has had, which
// processes could not be killed, the number of the pass.
#pragma once

#include <string>
#include <vector>

#include "probes/protocol/pci_address.h"
#include "probes/protocol/process.h"
#include "probes/protocol/result.h"

namespace efa {

struct LeftProcess {
  std::string probe;
  ProcessIdentity process;
};

template <class Io>
void describe(Io& io, LeftProcess& left) {
  io("probe", left.probe);
  io("process", left.process);
}

struct State {
  std::string boot_id;
  int64_t sequence = 0;
  std::vector<PciAddress> devices;  // seen since that boot
  std::vector<LeftProcess> left;
};

template <class Io>
void describe(Io& io, State& state) {
  io("boot_id", state.boot_id);
  io("sequence", state.sequence);
  io("devices", state.devices);
  io("left", state.left);
}

// A missing or damaged file is an empty state: nothing is known of earlier passes.
State read_state(const std::string& path);
Result<Done> write_state(const std::string& path, const State& state);
// Forgets what belongs to another boot, and processes that are gone.
void refresh(State& state, const std::string& boot_id);

}  // namespace efa
