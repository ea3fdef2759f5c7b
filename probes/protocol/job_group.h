// Which job a process is of, by its control group. Interface: cgroups(7); the names are those that
// Slurm, the kubelet, Docker, Podman and systemd give.
#pragma once

#include <string>
#include <string_view>

namespace efa {

// "/system.slice/slurmstepd.scope/job_7/step_0/user/task_1" -> "job_7"; "" of one that is no job's
// alone, and of what has a name instead of a number or id.
std::string job_of_control_group(std::string_view group);
// The same of /proc/<pid>/cgroup: by the group that bounds its memory, "9:memory:/slurm/..." of
// cgroup v1, "0::/system.slice/..." of v2.
std::string job_of_process(std::string_view cgroups);

}  // namespace efa
