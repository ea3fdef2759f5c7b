#include "agent/run/adopted.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "probes/base/child.h"
#include "probes/base/files.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string proc(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// Of our only thread (proc(5), CONFIG_PROC_CHILDREN, which all distributions set).
std::set<pid_t> own_children() {
  constexpr size_t kMaxChildren = size_t{1} * 1024 * 1024;
  std::set<pid_t> pids;
  const std::string text = read_file("/proc/thread-self/children", kMaxChildren).value_or("");
  for (const std::string& word : words(text)) pids.insert(parse_number<pid_t>(word).value_or(0));
  pids.erase(0);
  return pids;
}

std::string started_by(pid_t pid) {
  constexpr size_t kMaxEnvironment = size_t{256} * 1024;
  const std::string wanted = std::string(kProbeVariable) + "=";
  const std::string environment = read_file(proc(pid, "environ"), kMaxEnvironment).value_or("");
  for (const std::string& variable : split(environment, '\0')) {
    if (variable.starts_with(wanted)) return make_utf8(variable.substr(wanted.size()));
  }
  return "";
}

AdoptedProcess adopted(pid_t pid) {
  constexpr size_t kMaxCommand = 64;  // the kernel keeps 15 characters
  AdoptedProcess one;
  one.process.pid = pid;
  one.process.start_time = start_time_of(pid).value_or(0);
  one.process.subject = make_utf8(trim_end(read_file(proc(pid, "comm"), kMaxCommand).value_or("")));
  one.probe = started_by(pid);
  return one;
}

}  // namespace

Adoption::Adoption() : all_are_ours_(getpid() != 1 && own_children().empty()) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

std::vector<AdoptedProcess> Adoption::end(const std::set<pid_t>& own, milliseconds limit) {
  std::vector<AdoptedProcess> all;
  const Clock::time_point until = Clock::now() + limit;
  constexpr int kRounds = 16;  // what an ended one had started comes to us in its turn
  for (int round = 0; round < kRounds; ++round) {
    const size_t before = all.size();
    for (const pid_t pid : own_children()) {
      if (own.contains(pid)) continue;
      if (killed_.contains(pid)) {
        if (waitpid(pid, nullptr, WNOHANG) == pid) killed_.erase(pid);
        continue;
      }
      AdoptedProcess one = adopted(pid);
      if (one.probe.empty() && !all_are_ours_) continue;
      kill(pid, SIGKILL);
      killed_.insert(pid);
      all.push_back(std::move(one));
    }
    for (AdoptedProcess& one : all) {
      const auto left =
          std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(until - Clock::now()));
      one.ended = one.ended || wait_for_exit(one.process.pid, left).has_value();
      if (one.ended) killed_.erase(one.process.pid);
    }
    if (all.size() == before) break;
  }
  return all;
}

}  // namespace efa
