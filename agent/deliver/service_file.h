// The daemon's word on itself, service.json beside health.json: who renews the health file, and
// whether anybody does. Without it a daemon that is gone would leave its last verdict in force
// until that is stale. The kernel is asked whether its process lives: no service manager is needed,
// and a daemon that crashes before its first instruction is seen too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/config/config.h"

namespace efa {

struct ServiceFile {
  std::string state;  // "running"; "starting" (again, after an unexpected end); "stopped"
  std::string since;  // RFC 3339
  std::string boot_id;
  int pid = 0;
  uint64_t start_time = 0;     // of the pid, as ProcessIdentity has it
  uint64_t pid_namespace = 0;  // in which the pid means something
};

std::string service_path(const FilesConfig& files);
std::optional<ServiceFile> read_service_file(const FilesConfig& files);
// Of this process. False: it could not be written, which is logged.
bool write_service_file(const FilesConfig& files, const std::string& state);

// Its process is known to be gone; not known from another pid namespace.
bool has_gone(const ServiceFile& service);

// As write_file(), and where there is no room the old file makes some.
Result<Done> write_in_place_of_old(const std::string& path, const std::string& text);
int64_t unix_now_ms();

}  // namespace efa
