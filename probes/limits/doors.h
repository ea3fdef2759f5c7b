// Through which services jobs come to a node.
#pragma once

#include <span>
#include <string_view>

namespace efa {

enum class Door {
  kNone,       // hands its limits to no job
  kScheduler,  // jobs of the node's scheduler inherit its limits
  kRuntime,    // containers inherit its limits
  kLogin,      // PAM may give a login others
};

// A service through which jobs come.
struct DoorRow {
  const char* command;   // of its process, as /proc/<pid>/comm has it
  const char* units[2];  // its names on the distributions
  Door door;
  // What may give its jobs more than it has itself; "": nothing, they inherit from its process.
  const char* raised_by = "";
  bool raises_itself = false;  // once it is started, beyond what its unit gives
  bool numbered = false;       // each of its processes has "-" and a number behind that command
};

std::span<const DoorRow> doors();
// The row of that command; null when jobs do not come through it.
const DoorRow* find_door(std::string_view command);

}  // namespace efa
