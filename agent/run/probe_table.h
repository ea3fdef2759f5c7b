// The probes, in the order in which the report lists them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace efa {

struct ProbeRow {
  const char* name;
  bool live_only;         // a sysroot has nothing that it could look at
  bool from_files;        // all it says comes from files: a recording of them replays it
  uint64_t capabilities;  // bits of capabilities(7) that it keeps when the agent runs as root
};

std::span<const ProbeRow> probe_table();
bool replays_from_files(std::string_view probe);

}  // namespace efa
