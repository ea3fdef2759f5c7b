#include "probes/protocol/job_group.h"

#include <vector>

#include "probes/base/text.h"

namespace efa {
namespace {

// "slurmstepd.scope" holds all jobs of Slurm, "user@1000.service" all services of a user.
bool is_a_job(std::string_view part) {
  if (part == "slurmstepd.scope" || part == "init.scope" || part.starts_with("user@")) return false;
  const bool pod = part.starts_with("pod") || part.find("-pod") != std::string_view::npos;
  return part.starts_with("job_") || pod || part.ends_with(".scope") || part.ends_with(".service");
}

// "0f3a...", as Docker names the group of a container where systemd does not manage it
bool is_container_id(std::string_view part) {
  constexpr size_t kSha256 = 64;
  return part.size() == kSha256 &&
         part.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string job_of_control_group(std::string_view group) {
  constexpr size_t kLongest = 512;
  if (group.size() > kLongest || group.find("/..") != std::string_view::npos) return "";
  std::string job;
  for (const std::string& part : split(group, '/')) {
    if (part.empty()) continue;
    job += "/" + part;
    if (is_a_job(part) || is_container_id(part)) return job;
  }
  return "";
}

std::string job_of_process(std::string_view cgroups) {
  std::string unified;
  for (const std::string& line : split(cgroups, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3) continue;
    if (fields[1] == "memory") return job_of_control_group(fields[2]);
    if (fields[0] == "0") unified = fields[2];
  }
  return job_of_control_group(unified);
}

}  // namespace efa
