// The services through which jobs come, as the node has them, and the commands that let one lock
// more memory.
#pragma once

#include <string>
#include <string_view>

#include "probes/limits/doors.h"
#include "probes/limits/facts.h"

namespace efa {

// What the node has of one.
struct ServiceOnNode {
  const ServiceLimits* process = nullptr;  // null: it does not run
  // Of the process, else of the names that distributions give it: an enabled one before others.
  const UnitOnDisk* unit = nullptr;  // null: there is none
};

ServiceOnNode find_service(const LimitsFacts& facts, const DoorRow& row);
bool starts_at_boot(const LimitsFacts& facts, const UnitOnDisk* unit);
// It runs, or starts at boot.
bool is_there(const LimitsFacts& facts, const DoorRow& row);
bool is_there(const LimitsFacts& facts, std::string_view command);
bool any_is_there(const LimitsFacts& facts, Door door);
// Jobs come as containers, with libraries of their own, and by no scheduler of the host.
bool has_only_containers(const LimitsFacts& facts);

// Names go into a command: whether a shell takes this one as it is.
bool is_plain(const std::string& name);
// A name that comes after that of the file which is in force.
std::string name_after(const std::string& last, const std::string& wanted);
std::string restart_command(const ServiceOnNode& service);
std::string drop_in_command(const ServiceOnNode& service);

}  // namespace efa
