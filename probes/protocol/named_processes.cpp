#include "probes/protocol/named_processes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "probes/base/text.h"

namespace efa {

NamedProcesses named_processes(
    const Look& look, const std::function<bool(int pid, const std::string& name)>& is_wanted,
    size_t most) {
  NamedProcesses named;
  const auto processes = look.root.list("/proc", Sysroot::kManyProcesses);
  if (!processes) {
    named.unseen = unseen_of("/proc", processes.error());
    return named;
  }
  named.shows_first = std::find(processes->begin(), processes->end(), "1") != processes->end();
  const auto now = std::chrono::steady_clock::now;
  const auto stop = now() + (look.deadline - now()) / 2;
  for (const std::string& process : *processes) {
    if (named.found.size() >= most) break;
    if (now() >= stop) {
      named.unseen = Unseen{"/proc", "there was no time for all processes", 0};
      break;
    }
    const auto pid = parse_number<int>(process);
    if (!pid) continue;
    const auto is_its = [&](const std::string& name) { return is_wanted(*pid, name); };
    const auto names =
        look.root.read_lines("/proc/" + process + "/comm", is_its, Sysroot::kSmallFile);
    // one that has ended meanwhile gives ENOENT or ESRCH
    const bool hidden =
        !names && names.error().kind != ErrorKind::kNotFound && names.error().os_error != ESRCH;
    if (hidden) named.unseen = unseen_of(names.error());
    // a recording may hold others
    if (names && !names->empty() && is_its(names->front())) {
      named.found.push_back({*pid, names->front()});
    }
  }
  return named;
}

}  // namespace efa
