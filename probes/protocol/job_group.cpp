#include "probes/protocol/job_group.h"

#include <vector>

#include "probes/base/text.h"

namespace efa {
namespace {

// A part of a control group's path that is a job's alone, by the number or id that it was given; ""
// of any other: names are their owners' words, and are not told. "kubepods-burstable-pod1f-2.slice"
// -> "pod1f-2"
std::string id_of_job(std::string_view part) {
  constexpr size_t kLongest = 64;  // a container's id is as long
  for (const std::string_view ending : {".scope", ".slice"}) {
    if (part.ends_with(ending)) part.remove_suffix(ending.size());
  }
  if (const size_t pod = part.rfind("-pod"); pod != std::string_view::npos) {
    part.remove_prefix(pod + 1);
  }
  std::string_view id = part;
  for (const std::string_view kind :
       {"job_", "pod", "docker-", "cri-containerd-", "crio-", "libpod-", "session-"}) {
    if (!part.starts_with(kind)) continue;
    id.remove_prefix(kind.size());
    break;
  }
  const bool named = id.size() < part.size();
  const bool is_id = !id.empty() && id.size() <= kLongest &&
                     id.find_first_not_of("0123456789abcdef-_") == std::string_view::npos;
  return is_id && (named || id.size() == kLongest) ? std::string(part) : "";
}

}  // namespace

std::string job_of_control_group(std::string_view group) {
  constexpr size_t kLongest = 512;
  if (group.size() > kLongest || group.find("/..") != std::string_view::npos) return "";
  for (const std::string& part : split(group, '/')) {
    if (std::string job = id_of_job(part); !job.empty()) return job;
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
