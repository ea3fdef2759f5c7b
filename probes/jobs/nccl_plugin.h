// Whether NCCL of a process finds its network plugin, libnccl-net.so: it takes it by its name, as
// the loader finds it (ld.so(8)): by LD_LIBRARY_PATH, beside NCCL and below the program, for those
// that name such a directory themselves, then by the node's own cache, which probe-software has.
// Of the directories nothing is told: they are their owner's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/protocol/sysroot.h"

namespace efa {

// What of it the lines of /proc/<pid>/maps show.
struct MappedNccl {
  bool nccl = false;
  bool plugin = false;
  bool whole = false;                    // all lines were seen
  std::vector<std::string> directories;  // of NCCL

  void take(std::string_view line);
};

// Whether one of its settings is NCCL's own, or of its plugin.
bool any_is_of_nccl(const std::vector<std::string>& settings);

// Whether the plugin is mapped, or lies where that process's loader looks before the node's cache;
// nothing where that is not known. The process has this node's files.
std::optional<bool> finds_nccl_plugin(const Sysroot& root, int pid, const MappedNccl& mapped,
                                      std::string_view library_path);

}  // namespace efa
