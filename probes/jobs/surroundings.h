// What a process sees around it: the libraries that it has mapped, its root directory, its shared
// memory. Each can make its reader wait, as its environment can: by the memory lock of the process,
// or by a file system that it brought. Interface: proc_pid_maps(5), proc_pid_root(5), statvfs(3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/jobs/facts.h"
#include "probes/jobs/nccl_plugin.h"
#include "probes/protocol/sysroot.h"

namespace efa {

struct Surroundings {
  std::optional<bool> own_root;
  Reading<std::vector<std::string>> libraries;
  Reading<SharedMemory> shared_memory;
  MappedNccl nccl;
};

Surroundings read_surroundings(const Sysroot& root, int pid);

}  // namespace efa
