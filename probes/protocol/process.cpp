#include "probes/protocol/process.h"

#include <sys/wait.h>

#include <fstream>
#include <iterator>

#include "probes/protocol/child_exit.h"
#include "probes/protocol/text.h"

namespace efa {

std::optional<uint64_t> parse_start_time(const std::string& stat) {
  const size_t command_end = stat.rfind(')');
  if (command_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = words(stat.substr(command_end + 1));
  constexpr size_t kStartTime =
      22 - 3;  // proc(5) counts from 1, the fields here start at the third
  if (fields.size() <= kStartTime) return std::nullopt;
  return parse_number<uint64_t>(fields[kStartTime]);
}

std::optional<uint64_t> start_time_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return parse_start_time(stat);
}

std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds limit) {
  int status = 0;
  if (!ends_within(pid, limit) || waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return status;
}

}  // namespace efa
