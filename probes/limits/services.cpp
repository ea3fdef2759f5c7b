#include "probes/limits/services.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

const ServiceLimits* process_of(const LimitsFacts& facts, const DoorRow& row) {
  for (const ServiceLimits& service : facts.services) {
    if (service.name == row.command) return &service;
  }
  return nullptr;
}

const UnitOnDisk* unit_of(const LimitsFacts& facts, const DoorRow& row,
                          const ServiceLimits* process) {
  const UnitOnDisk* found = nullptr;
  for (const UnitOnDisk& unit : facts.units) {
    const bool mine =
        process != nullptr && process->unit
            ? unit.name == *process->unit
            : std::any_of(std::begin(row.units), std::end(row.units),
                          [&](const char* name) { return name != nullptr && unit.name == name; });
    if (mine && (found == nullptr || unit.state == "enabled")) found = &unit;
  }
  return found;
}

// "" when no unit started it.
std::string unit_name(const ServiceOnNode& service) {
  const auto& [process, unit] = service;
  if (unit != nullptr && is_plain(unit->name)) return unit->name;
  if (process != nullptr && process->unit && is_plain(*process->unit)) return *process->unit;
  return "";
}

}  // namespace

ServiceOnNode find_service(const LimitsFacts& facts, const DoorRow& row) {
  const ServiceLimits* process = process_of(facts, row);
  return {process, unit_of(facts, row, process)};
}

// Nothing starts the units of a container's image: its processes are what it has. Nor one that is
// "static", of which it is not known whether another unit starts it.
bool starts_at_boot(const LimitsFacts& facts, const UnitOnDisk* unit) {
  const bool of_image = facts.container && facts.from_container != true;
  return unit != nullptr && unit->state == "enabled" && !of_image;
}

bool is_there(const LimitsFacts& facts, const DoorRow& row) {
  const ServiceOnNode service = find_service(facts, row);
  return service.process != nullptr || starts_at_boot(facts, service.unit);
}

bool is_there(const LimitsFacts& facts, std::string_view command) {
  const DoorRow* row = find_door(command);
  return row != nullptr && is_there(facts, *row);
}

bool any_is_there(const LimitsFacts& facts, Door door) {
  return std::any_of(doors().begin(), doors().end(),
                     [&](const DoorRow& row) { return row.door == door && is_there(facts, row); });
}

bool has_only_containers(const LimitsFacts& facts) {
  const bool runtime = any_is_there(facts, Door::kRuntime) || is_there(facts, "kubelet");
  return runtime && !facts.container && !any_is_there(facts, Door::kScheduler);
}

bool is_plain(const std::string& name) {
  return !name.empty() && is_made_of(name, "@._:-");
}

std::string name_after(const std::string& last, const std::string& wanted) {
  if (last < wanted || !is_plain(last)) return wanted;
  return last.substr(0, last.rfind(".conf")) + "z-memlock.conf";
}

std::string restart_command(const ServiceOnNode& service) {
  const std::string unit = unit_name(service);
  return unit.empty() ? "" : "sudo systemctl daemon-reload && sudo systemctl restart " + unit;
}

std::string drop_in_command(const ServiceOnNode& service) {
  const std::string unit = unit_name(service);
  if (unit.empty()) return "";
  const std::string last = service.unit == nullptr ? "" : service.unit->last_drop_in;
  return fmt::format(
      "sudo mkdir -p /etc/systemd/system/{0}.d && printf '[Service]\\nLimitMEMLOCK=infinity\\n' | "
      "sudo tee /etc/systemd/system/{0}.d/{1} && {2}",
      unit, name_after(last, "zz-memlock.conf"), restart_command(service));
}

}  // namespace efa
