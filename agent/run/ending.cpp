// How the processes of a pass end: by themselves, killed, or left to the kernel that holds them.

#include <fmt/core.h>
#include <sys/wait.h>

#include <csignal>
#include <map>
#include <set>

#include "agent/run/running.h"
#include "probes/base/child.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// One that has said done only has to unload its libraries.
constexpr milliseconds kTimeToExit{1000};

bool is_loader_message(const std::string& text) {
  return text.find("error while loading shared libraries") != std::string::npos ||
         text.find("symbol lookup error") != std::string::npos ||
         text.find("not found (required by") != std::string::npos;
}

std::string last_line(const std::string& text) {
  std::string last;
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) last = line;
  }
  return last;
}

std::string after_colon(const std::string& words) {
  return words.empty() ? "" : ": " + words;
}

void judge_exit(Running& running, int status) {
  ProbeOutcome& outcome = running.run.outcome;
  const std::string words = last_line(outcome.stderr_tail);
  if (!running.run.transcript.broken().empty()) {
    outcome.status = ProbeStatus::kFailed;
    outcome.detail = running.run.transcript.broken();
  } else if (WIFSIGNALED(status)) {
    outcome.status = ProbeStatus::kCrashed;
    outcome.detail = fmt::format("{}{}", words_of_exit(status), after_colon(words));
    // before the deadline nobody here sends it
    if (WTERMSIG(status) == SIGKILL) outcome.detail += "; the kernel sends it when memory runs out";
  } else if (WEXITSTATUS(status) == 0 && running.run.transcript.done()) {
    outcome.status = ProbeStatus::kOk;
  } else if (is_loader_message(outcome.stderr_tail)) {
    outcome.status = ProbeStatus::kUnavailable;
    outcome.detail = words;
  } else {
    outcome.status = ProbeStatus::kFailed;
    const char* unfinished = WEXITSTATUS(status) == 0 ? " without finishing its output" : "";
    outcome.detail = fmt::format("{}{}{}", words_of_exit(status), unfinished, after_colon(words));
  }
}

void judge_killed(Running& running) {
  ProbeOutcome& outcome = running.run.outcome;
  if (running.run.transcript.done()) {
    outcome.status = ProbeStatus::kOk;
    return;
  }
  outcome.status = ProbeStatus::kTimedOut;
  outcome.spent = running.spent;
  outcome.detail = running.held       ? "could not be killed and was left behind"
                   : running.said_all ? "its output ended early and it did not exit"
                                      : "killed at the deadline";
}

TimeSpent spent_by(const Running& running, std::optional<int> pressure) {
  TimeSpent spent;
  spent.waited_ms = ms_since(running.started);
  spent.pressure = pressure;
  const std::optional<Sight> sight = look_at_tree(running.process.child.pid());
  if (!sight) return spent;
  spent.cpu_ms = sight->cpu_ms;
  spent.queued_ms = sight->queued_ms;
  spent.state = sight->state;
  spent.waits_in = sight->waits_in;
  return spent;
}

// One that SIGKILL did not end sleeps in the kernel, and the next pass must know of it; or it is
// still in line for the CPU that it needs to die, which is no news.
void leave_when_held(Running& running) {
  const std::optional<Sight> sight = look_at(running.process.child.pid());
  if (!sight || sight->state != 'D') return;
  running.held = true;
  if (running.spent) running.spent->outlived_kill = true;
  running.run.transcript.leave(
      {running.process.child.pid(), sight->start_time, "probe", sight->turns});
}

// Those that the kernel holds, and those that a probe has told to be held, were killed before.
std::set<pid_t> known_children(const std::vector<Running>& all) {
  std::set<pid_t> known;
  for (const Running& running : all) {
    const pid_t pid = running.process.child.pid();
    if (pid > 0 && !running.status) known.insert(pid);
    for (const ProcessIdentity& left : running.run.transcript.left()) known.insert(left.pid);
  }
  return known;
}

}  // namespace

void reap(std::vector<Running>& all, SteadyTime end) {
  const SteadyTime exit_by = std::min(Clock::now() + kTimeToExit, end);
  for (Running& running : all) {
    if (running.ended || !running.said_all) continue;
    if (!ends_within(running.process.child.pid(), left_until(exit_by))) continue;
    running.process.child.kill_group(SIGKILL);  // what it started ends with it
    running.status = running.process.child.wait(milliseconds(0));
  }
  const std::optional<int> pressure = cpu_pressure();
  for (Running& running : all) {
    if (running.ended || running.status) continue;
    if (!running.run.transcript.done()) running.spent = spent_by(running, pressure);
    running.killed = true;
    running.process.child.kill_group(SIGKILL);
  }
  const SteadyTime dead_by = Clock::now() + kTimeToDie;
  for (Running& running : all) {
    if (running.ended || running.status) continue;
    running.status = running.process.child.wait(left_until(dead_by));
    if (running.status) continue;
    leave_when_held(running);
    running.process.child.leave();
  }
}

void judge_end(Running& running) {
  if (running.status && !running.killed) {
    judge_exit(running, *running.status);
  } else {
    judge_killed(running);
  }
}

void end_adopted(Adoption& adoption, std::vector<Running>& all) {
  std::map<std::string, std::vector<std::string>> commands;
  for (const AdoptedProcess& one : adoption.end(known_children(all), kTimeToDie)) {
    const auto probe = std::find_if(all.begin(), all.end(), [&](const Running& running) {
      return running.run.outcome.name == one.probe;
    });
    if (probe == all.end()) continue;
    commands[one.probe].push_back(one.process.subject);
    if (one.ended) continue;
    probe->run.transcript.note_left({one.process.pid, one.process.start_time, "probe"});
  }
  for (Running& running : all) {
    const auto left = commands.find(running.run.outcome.name);
    if (left != commands.end()) running.run.transcript.note_left_behind(left->second);
  }
}

}  // namespace efa
