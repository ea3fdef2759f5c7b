#include "agent/run/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "agent/run/adopted.h"
#include "agent/run/hide_credentials.h"
#include "agent/run/launch.h"
#include "probes/protocol/bounds.h"
#include "probes/protocol/child_exit.h"
#include "probes/protocol/describe.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTimeToDie{150};  // a killed process that gets a CPU ends within a few ms
constexpr milliseconds kTimeToExit{
    1000};  // one that has said done only has to unload its libraries

struct Running {
  ProbeRun run;
  Started process;
  Clock::time_point started;
  bool broken = false;
  bool stderr_cut = false;  // at its beginning
  bool said_all = false;    // done, or the end of its output: it only has to exit
  bool ended = false;
  bool killed = false;
  bool held = false;  // it outlived SIGKILL, asleep in the kernel
  std::optional<TimeSpent> spent;
  std::optional<int> status;  // as waitpid(2) gives it, once it was reaped
};

int64_t ms_since(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
}

milliseconds left_until(Clock::time_point limit) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(limit - Clock::now()));
}

void close_pipe(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

Running start(const Launch& launch, const Allowances& allowances) {
  Running running;
  running.run.transcript = allowances.transcript_for(launch.name);
  running.started = Clock::now();
  ProbeOutcome& outcome = running.run.outcome;
  outcome.name = launch.name;
  const Result<Started> started = start_probe(launch);
  if (started) {
    running.process = *started;
    return running;
  }
  running.ended = true;
  const ErrorKind kind = started.error().kind;
  outcome.status = kind == ErrorKind::kNotFound ? ProbeStatus::kUnavailable
                   : kind == ErrorKind::kDenied ? ProbeStatus::kDenied
                                                : ProbeStatus::kFailed;
  outcome.detail = message_of(started.error());
  return running;
}

void read_stdout(Running& running) {
  char buffer[65536];
  const ssize_t count = ::read(running.process.stdout_fd, buffer, sizeof buffer);
  if (count <= 0) {
    close_pipe(running.process.stdout_fd);
  } else if (!running.run.transcript.take({buffer, static_cast<size_t>(count)})) {
    running.broken = true;  // an endless writer ends here, not at the deadline
    kill(-running.process.pid, SIGKILL);
    close_pipe(running.process.stdout_fd);
  }
}

void read_stderr(Running& running) {
  char buffer[4096];
  const ssize_t count = ::read(running.process.stderr_fd, buffer, sizeof buffer);
  if (count <= 0) {
    close_pipe(running.process.stderr_fd);
    return;
  }
  std::string& tail = running.run.outcome.stderr_tail;
  tail.append(buffer, static_cast<size_t>(count));
  if (tail.size() <= kMaxStderr) return;
  tail.erase(0, tail.size() - kMaxStderr);
  running.stderr_cut = true;
}

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

void judge_exit(Running& running, int status) {
  ProbeOutcome& outcome = running.run.outcome;
  const std::string words = last_line(outcome.stderr_tail);
  if (running.broken) {
    outcome.status = ProbeStatus::kFailed;
    outcome.detail = running.run.transcript.broken();
  } else if (WIFSIGNALED(status)) {
    outcome.status = ProbeStatus::kCrashed;
    outcome.detail = std::string("signal ") + std::to_string(WTERMSIG(status)) + " (" +
                     strsignal(WTERMSIG(status)) + ")" + (words.empty() ? "" : ": " + words);
    // before the deadline nobody here sends it
    if (WTERMSIG(status) == SIGKILL) outcome.detail += "; the kernel sends it when memory runs out";
  } else if (WEXITSTATUS(status) == 0 && running.run.transcript.done()) {
    outcome.status = ProbeStatus::kOk;
  } else if (is_loader_message(outcome.stderr_tail)) {
    outcome.status = ProbeStatus::kUnavailable;
    outcome.detail = words;
  } else {
    outcome.status = ProbeStatus::kFailed;
    outcome.detail = "exit code " + std::to_string(WEXITSTATUS(status)) +
                     (WEXITSTATUS(status) == 0 ? " without having said done" : "") +
                     (words.empty() ? "" : ": " + words);
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
  outcome.detail = running.held       ? "could not be killed and was left"
                   : running.said_all ? "its output ended early and it did not exit"
                                      : "killed at the deadline";
}

void stop_clock(Running& running, const Progress& progress) {
  running.run.outcome.duration_ms = ms_since(running.started);
  if (progress) progress(running.run.outcome);
}

// As if the probe had said so, which goes into a recording with the rest.
void tell(Running& running, const char* what, Value value) {
  Value line;
  line.set(what, std::move(value));
  running.run.transcript.take_of_runner(render_json(line) + "\n");
}

// A script that traces itself, or a library, may print a credential. Half a line may hold a value
// without the name that tells what it is.
std::string told_stderr(const Running& running) {
  std::string tail = running.run.outcome.stderr_tail;
  if (running.stderr_cut) tail.erase(0, std::min(tail.find('\n'), tail.size() - 1) + 1);
  return hide_credentials(make_utf8(tail));
}

// What is known when the child was reaped, or was left to the kernel that holds it.
void finish(Running& running) {
  ProbeOutcome& outcome = running.run.outcome;
  if (running.process.stderr_fd >= 0) {
    fcntl(running.process.stderr_fd, F_SETFL, O_NONBLOCK);
    while (running.process.stderr_fd >= 0) read_stderr(running);
  }
  outcome.stderr_tail = told_stderr(running);
  if (running.status && !running.killed) {
    judge_exit(running, *running.status);
  } else {
    judge_killed(running);
  }
  outcome.step = running.run.transcript.step();
  outcome.subject = running.run.transcript.subject();
  close_pipe(running.process.stdout_fd);
  outcome.detail = cut(std::move(outcome.detail), kMaxWords);
}

// Waits for output of any; true when there is none left to wait for.
bool wait_and_read(std::vector<Running>& all, milliseconds left, const Progress& progress) {
  std::vector<pollfd> waits;
  std::vector<std::pair<Running*, bool>> readers;  // and whether it is standard output
  bool all_said = true;
  for (Running& running : all) {
    all_said = all_said && (running.ended || running.said_all);
    for (const bool is_stdout : {true, false}) {
      const int fd = is_stdout ? running.process.stdout_fd : running.process.stderr_fd;
      if (running.ended || fd < 0 || (is_stdout && running.said_all)) continue;
      waits.push_back({fd, POLLIN, 0});
      readers.emplace_back(&running, is_stdout);
    }
  }
  if (all_said) return true;
  const Clock::time_point limit = Clock::now() + left;
  if (poll(waits.data(), waits.size(), static_cast<int>(left.count())) <= 0) return false;
  for (size_t i = 0; i < waits.size(); ++i) {
    if (waits[i].revents == 0 || Clock::now() >= limit)
      continue;  // what is read is taken apart too
    Running& running = *readers[i].first;
    readers[i].second ? read_stdout(running) : read_stderr(running);
  }
  for (Running& running : all) {
    // done may come before the end of the output: a child that hangs keeps the pipe open
    const bool end = running.process.stdout_fd < 0 || running.run.transcript.done();
    if (running.ended || running.said_all || !end) continue;
    running.said_all = true;
    stop_clock(running, progress);
  }
  return false;
}

TimeSpent spent_by(const Running& running, std::optional<int> pressure) {
  TimeSpent spent;
  spent.waited_ms = ms_since(running.started);
  spent.pressure = pressure;
  const std::optional<Sight> sight = look_at_tree(running.process.pid);
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
  const std::optional<Sight> sight = look_at(running.process.pid);
  if (!sight || sight->state != 'D') return;
  running.held = true;
  if (running.spent) running.spent->outlived_kill = true;
  running.run.transcript.leave({running.process.pid, sight->start_time, "probe", sight->turns});
}

// Those that have said all get a moment to exit; the rest is killed all at once, so that all die
// at once.
void reap(std::vector<Running>& all, Clock::time_point end) {
  const Clock::time_point exit_by = std::min(Clock::now() + kTimeToExit, end);
  for (Running& running : all) {
    if (running.ended || !running.said_all) continue;
    if (!ends_within(running.process.pid, left_until(exit_by))) continue;
    kill(-running.process.pid, SIGKILL);  // what it started ends with it
    running.status = wait_for_exit(running.process.pid, milliseconds(0));
  }
  const std::optional<int> pressure = cpu_pressure();
  for (Running& running : all) {
    if (running.ended || running.status) continue;
    if (!running.run.transcript.done()) running.spent = spent_by(running, pressure);
    running.killed = true;
    kill(-running.process.pid, SIGKILL);
  }
  const Clock::time_point dead_by = Clock::now() + kTimeToDie;
  for (Running& running : all) {
    if (running.ended || running.status) continue;
    running.status = wait_for_exit(running.process.pid, left_until(dead_by));
    if (!running.status) leave_when_held(running);
  }
}

// Those that the kernel holds, and those that a probe has told to be held, were killed before.
std::set<pid_t> known_children(const std::vector<Running>& all) {
  std::set<pid_t> known;
  for (const Running& running : all) {
    if (running.process.pid > 0 && !running.status) known.insert(running.process.pid);
    for (const ProcessIdentity& left : running.run.transcript.left()) known.insert(left.pid);
  }
  return known;
}

// What site's probes took out of their sessions ends with the pass. Of each probe that is one
// finding, which site_judge.cpp puts into words.
void end_adopted(Adoption& adoption, std::vector<Running>& all) {
  std::map<std::string, Array> commands;
  for (const AdoptedProcess& one : adoption.end(known_children(all), kTimeToDie)) {
    const auto probe = std::find_if(all.begin(), all.end(), [&](const Running& running) {
      return running.run.outcome.name == one.probe;
    });
    if (probe == all.end()) continue;
    commands[one.probe].emplace_back(one.process.subject);
    if (one.ended) continue;
    tell(*probe, "left",
         to_value(ProcessIdentity{one.process.pid, one.process.start_time, "probe"}));
  }
  for (Running& running : all) {
    const auto left = commands.find(running.run.outcome.name);
    if (left == commands.end()) continue;
    Value finding;
    finding.set("left_behind", left->second);
    tell(running, "finding", std::move(finding));
  }
}

}  // namespace

std::vector<ProbeRun> run_probes(const std::vector<Launch>& launches, milliseconds deadline,
                                 const Progress& progress) {
  const Clock::time_point end = Clock::now() + deadline - kTimeToDie;
  Adoption adoption;
  const Allowances allowances;
  std::vector<Running> all;
  all.reserve(launches.size());
  for (const Launch& launch : launches) all.push_back(start(launch, allowances));
  while (Clock::now() < end) {
    if (wait_and_read(all, left_until(end), progress)) break;
  }
  reap(all, end);
  for (Running& running : all) {
    if (running.ended) continue;
    if (!running.said_all) stop_clock(running, progress);
    finish(running);
  }
  end_adopted(adoption, all);
  std::vector<ProbeRun> runs;
  for (Running& running : all) runs.push_back(std::move(running.run));
  return runs;
}

}  // namespace efa
