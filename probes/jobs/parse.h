// Texts of procfs about a process that may be a job. Pure. Interface: proc(5), capabilities(7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// "CapEff:\t000001ffffffffff" of /proc/<pid>/status: whether CAP_IPC_LOCK is among them
std::optional<bool> may_lock_any(std::string_view line);
// "/dev/nvidia0", "/dev/neuron3": of a process that computes there; not "/dev/nvidiactl".
bool is_accelerator_node(std::string_view path);

}  // namespace efa
