// Whether the service stands behind the health file. One that an operator has stopped leaves its
// verdict in force until that is stale; one that crashed, or does not start, does not.
#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/deliver/service_file.h"

namespace efa {

struct ServiceWord {
  bool in_force = true;
  std::string words;  // "" when there is nothing to say
  bool runs = false;  // it makes the next pass
};

// What systemd says of the unit.
struct UnitState {
  std::string active;     // "inactive", "failed", "activating"
  std::string result;     // "success", "core-dump", "exit-code"
  std::string restarted;  // times, by systemd
};

// "ActiveState=failed\nResult=exit-code\nNRestarts=7\n": of systemctl show
UnitState parse_unit_state(const std::string& shown);
// `gone`: its process has. `unit` is asked only of a service that has said that it stops.
ServiceWord judge_service(const ServiceFile& service, bool gone,
                          const std::optional<UnitState>& unit);
// Nothing without the file that the daemon leaves: then only passes of persons made the verdict.
ServiceWord word_on_service(const FilesConfig& files);

}  // namespace efa
