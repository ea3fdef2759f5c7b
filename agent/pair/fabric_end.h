// The process that has one device by a libfabric: an executable of its own, so that the loader can
// be led to that copy, and that a library which ends its process ends nothing else.
#pragma once

#include <string>

#include "agent/pair/device_end.h"

namespace efa {

std::string fabric_executable(const PairGround& ground);

// Becomes that executable; comes back, with an exit code, only where it cannot.
int become_fabric_end(const PairGround& ground, const PairCopy& copy, const PairDevice& device,
                      const Fd& socket);

// main() of it.
int run_fabric_end(int argc, char** argv, DataLibrary& library);

}  // namespace efa
