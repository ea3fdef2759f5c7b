// What every probe's process does the same way: read its arguments, open the sysroot, look, say
// done.
//
//   probe-pci --sysroot / [--host-root /host] [--deadline-ms 9000] [--device-deadline-ms 5000]
//   [--record] [--replay FILE] [--skip SUBJECT]...
//             [--option NAME=VALUE]...
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "probes/protocol/emitter.h"
#include "probes/protocol/sysroot.h"

namespace efa {

struct Look {
  const Sysroot& root;
  const Emitter& out;
  std::chrono::steady_clock::time_point deadline;  // the agent kills the probe soon after
  std::chrono::steady_clock::time_point
      device_deadline;                         // whom the driver holds by then is not waited for
  std::set<std::string> skip;                  // subjects that a hung process still holds
  std::map<std::string, std::string> options;  // e.g. "imds-endpoint"
};

int probe_main(int argc, char** argv, void (*read)(const Look&));

}  // namespace efa
