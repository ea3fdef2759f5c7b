#include "probes/limits/doors.h"

#include <algorithm>
#include <iterator>

namespace efa {
namespace {

constexpr DoorRow kDoors[] = {
    {.command = "slurmd", .units = {"slurmd.service"}, .door = Door::kScheduler},
    {.command = "slurmstepd", .units = {}, .door = Door::kNone},
    // its start script raises the limit (limits.pbs_mom)
    {.command = "pbs_mom",
     .units = {"pbs.service"},
     .door = Door::kScheduler,
     .raises_itself = true},
    {.command = "sge_execd",
     .units = {"sge_execd.service"},
     .door = Door::kScheduler,
     .raised_by = "execd_params H_MEMORYLOCKED may raise it (qconf -sconf)"},
    // IBM's documentation of LSF does not tell
    {.command = "sbatchd",
     .units = {"lsfd.service"},
     .door = Door::kScheduler,
     .raised_by = "whether LSF raises it for a job is not known here"},
    // the limits that HTCondor 25 sets are of files, core and address space (daemon_core.cpp)
    {.command = "condor_startd", .units = {"condor.service"}, .door = Door::kScheduler},
    // Flux's admin_config.rst; where it is one of systemd's users, user@.service gives another
    {.command = "flux-broker",
     .units = {"flux.service"},
     .door = Door::kScheduler,
     .raised_by = "pam_limits or user@.service may raise it for a job",
     .numbered = true},  // by its rank
    {.command = "nomad",
     .units = {"nomad.service"},
     .door = Door::kScheduler,
     .raised_by = "the containers that it starts have the limit of their runtime"},
    {.command = "containerd", .units = {"containerd.service"}, .door = Door::kRuntime},
    {.command = "dockerd", .units = {"docker.service"}, .door = Door::kRuntime},
    {.command = "crio", .units = {"crio.service"}, .door = Door::kRuntime},
    // pods inherit from the runtime
    {.command = "kubelet", .units = {"kubelet.service"}, .door = Door::kNone},
    {.command = "sshd", .units = {"sshd.service", "ssh.service"}, .door = Door::kLogin},
};

// Of "flux-broker-12" as of "flux-broker".
bool is_of(const DoorRow& row, std::string_view command) {
  const std::string_view own = row.command;
  if (!command.starts_with(own)) return false;
  command.remove_prefix(own.size());
  return command.empty() || (row.numbered && command.starts_with('-'));
}

}  // namespace

std::span<const DoorRow> doors() {
  return kDoors;
}

const DoorRow* find_door(std::string_view command) {
  const auto* row = std::find_if(std::begin(kDoors), std::end(kDoors),
                                 [&](const DoorRow& door) { return is_of(door, command); });
  return row == std::end(kDoors) ? nullptr : row;
}

}  // namespace efa
