#include "probes/limits/doors.h"

#include <algorithm>
#include <iterator>

namespace efa {
namespace {

constexpr DoorRow kDoors[] = {
    {.command = "slurmd",
     .units = {"slurmd.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = true},
    {.command = "slurmstepd", .units = {}, .door = Door::kNone, .unit_decides = false},
    // its start script raises the limit (limits.pbs_mom)
    {.command = "pbs_mom",
     .units = {"pbs.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    // execd_params S_MEMORYLOCKED and H_MEMORYLOCKED
    {.command = "sge_execd",
     .units = {"sge_execd.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    // LSF, HTCondor, Flux and Nomad: their settings, or who runs the daemon, may raise the limit
    {.command = "sbatchd",
     .units = {"lsfd.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    {.command = "condor_startd",
     .units = {"condor.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    {.command = "flux-broker",
     .units = {"flux.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    {.command = "nomad",
     .units = {"nomad.service", nullptr},
     .door = Door::kScheduler,
     .unit_decides = false},
    {.command = "containerd",
     .units = {"containerd.service", nullptr},
     .door = Door::kRuntime,
     .unit_decides = true},
    {.command = "dockerd",
     .units = {"docker.service", nullptr},
     .door = Door::kRuntime,
     .unit_decides = true},
    {.command = "crio",
     .units = {"crio.service", nullptr},
     .door = Door::kRuntime,
     .unit_decides = true},
    // pods inherit from the runtime
    {.command = "kubelet",
     .units = {"kubelet.service", nullptr},
     .door = Door::kNone,
     .unit_decides = true},
    {.command = "sshd",
     .units = {"sshd.service", "ssh.service"},
     .door = Door::kLogin,
     .unit_decides = true},
};

}  // namespace

std::span<const DoorRow> doors() {
  return kDoors;
}

const DoorRow* find_door(std::string_view command) {
  constexpr std::string_view kNumbered = "flux-broker-";  // and its rank
  if (command.starts_with(kNumbered)) command = kNumbered.substr(0, kNumbered.size() - 1);
  const auto* row = std::find_if(std::begin(kDoors), std::end(kDoors),
                                 [&](const DoorRow& door) { return command == door.command; });
  return row == std::end(kDoors) ? nullptr : row;
}

}  // namespace efa
