// The kernel's words about a process that it killed for lack of memory (dump_oom_summary of
// mm/oom_kill.c), and about all of a control group (mem_cgroup_print_oom_group of
// mm/memcontrol.c), since 4.19.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/log/facts.h"

namespace efa {

// "6,900,52000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,
// oom_memcg=/job,task_memcg=/job/step,task=python3,pid=4711,uid=1000"; behind it, for a whole
// group, "6,901,52000010,-;Tasks in /job/step are going to be killed due to memory.oom.group set"
std::optional<MemoryKill> parse_memory_kill(std::string_view record);
// The same record with the job alone, for a recording: the process's name is its owner's word.
std::string words_of_memory_kill(std::string_view record);

}  // namespace efa
