#include "agent/run/runner.h"

#include <fcntl.h>

#include <algorithm>
#include <csignal>

#include "agent/run/hide_credentials.h"
#include "agent/run/running.h"
#include "probes/base/bounds.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Running start(const Launch& launch, const Allowances& allowances) {
  Running running;
  running.run.transcript =
      launch.allowance ? Transcript(*launch.allowance) : allowances.transcript_for(launch.name);
  running.run.transcript.give_to(launch.take);
  running.started = Clock::now();
  ProbeOutcome& outcome = running.run.outcome;
  outcome.name = launch.name;
  Result<Started> started = start_probe(launch);
  if (started) {
    running.process = std::move(*started);
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
  const std::string_view bytes = read_some(running.process.out, buffer);
  const bool taken = bytes.empty() || running.run.transcript.take(bytes);
  // an endless writer ends here, not at the deadline
  if (!taken) running.process.child.kill_group(SIGKILL);
  if (bytes.empty() || !taken) running.process.out.reset();
}

void read_stderr(Running& running) {
  char buffer[4096];
  const std::string_view bytes = read_some(running.process.err, buffer);
  if (bytes.empty()) running.process.err.reset();
  std::string& tail = running.run.outcome.stderr_tail;
  tail += bytes;
  if (tail.size() <= kMaxStderr) return;
  tail.erase(0, tail.size() - kMaxStderr);
  running.stderr_cut = true;
}

// What it said at its end, of which its children may hold the pipe open.
void read_rest_of_stderr(Running& running) {
  if (!running.process.err) return;
  fcntl(running.process.err.get(), F_SETFL, O_NONBLOCK);
  while (running.process.err) read_stderr(running);
}

// A script that traces itself, or a library, may print a credential. Half a line may hold a value
// without the name that tells what it is.
std::string told_stderr(const Running& running) {
  std::string tail = running.run.outcome.stderr_tail;
  if (running.stderr_cut) tail.erase(0, std::min(tail.find('\n'), tail.size() - 1) + 1);
  return hide_credentials(make_utf8(tail));
}

void stop_clock(Running& running) {
  running.run.outcome.duration_ms = ms_since(running.started);
}

bool is_awaited(const Running& running) {
  return !running.ended && !running.said_all;
}

HowFar how_far(const std::vector<Running>& all) {
  HowFar far;
  far.all = all.size();
  for (const Running& running : all) {
    const Transcript& said = running.run.transcript;
    if (is_awaited(running)) {
      far.awaited.push_back({running.run.outcome.name, said.step(), ms_since(running.started)});
    }
  }
  far.ended = far.all - far.awaited.size();
  return far;
}

// Tells of it when another probe has ended, or a second has gone by.
class Teller {
 public:
  explicit Teller(const Progress& progress) : progress_(progress) {}

  [[nodiscard]] milliseconds until_next(milliseconds left) const {
    return progress_ ? std::min(left, kBetween) : left;
  }

  void tell(const std::vector<Running>& all) {
    if (!progress_) return;
    const auto awaited = static_cast<size_t>(std::count_if(all.begin(), all.end(), is_awaited));
    if (awaited == awaited_ && ms_since(told_) < kBetween.count()) return;
    awaited_ = awaited;
    told_ = Clock::now();
    progress_(how_far(all));
  }

 private:
  static constexpr milliseconds kBetween{1000};
  const Progress& progress_;
  size_t awaited_ = 0;
  SteadyTime told_ = Clock::now();
};

// What is known when the child was reaped, or was left to the kernel that holds it.
void finish(Running& running) {
  read_rest_of_stderr(running);
  running.process.out.reset();
  ProbeOutcome& outcome = running.run.outcome;
  outcome.stderr_tail = told_stderr(running);
  judge_end(running);
  outcome.step = running.run.transcript.step();
  outcome.subject = running.run.transcript.subject();
  outcome.detail = cut(std::move(outcome.detail), kMaxWords);
}

// Standard output and standard error of each, one after the other; -1 where none is waited for.
std::vector<int> awaited(const std::vector<Running>& all) {
  std::vector<int> fds;
  for (const Running& running : all) {
    fds.push_back(is_awaited(running) ? running.process.out.get() : -1);
    fds.push_back(running.ended ? -1 : running.process.err.get());
  }
  return fds;
}

// Waits for output of any; true when there is none left to wait for.
bool wait_and_read(std::vector<Running>& all, milliseconds left) {
  if (std::none_of(all.begin(), all.end(), is_awaited)) return true;
  const SteadyTime limit = Clock::now() + left;
  const std::vector<bool> readable = readable_within(awaited(all), left);
  for (size_t i = 0; i < readable.size(); ++i) {
    if (Clock::now() >= limit) break;  // what is read is taken apart too
    if (!readable[i]) continue;
    if (i % 2 == 0) {
      read_stdout(all[i / 2]);
    } else {
      read_stderr(all[i / 2]);
    }
  }
  for (Running& running : all) {
    // done may come before the end of the output: a child that hangs keeps the pipe open
    const bool end = !running.process.out || running.run.transcript.done();
    if (!is_awaited(running) || !end) continue;
    running.said_all = true;
    stop_clock(running);
  }
  return false;
}

bool is_for_aws(std::string_view variable) {
  constexpr std::string_view kNames[] = {"HOME=",     "HTTPS_PROXY=", "https_proxy=", "HTTP_PROXY=",
                                         "NO_PROXY=", "no_proxy=",    "http_proxy="};
  return variable.starts_with("AWS_") ||
         std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return variable.starts_with(name); });
}

}  // namespace

std::vector<std::string> base_environment() {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
#if defined(__SANITIZE_ADDRESS__)
  // the libraries' leaks are not ours
  environment.emplace_back("ASAN_OPTIONS=detect_leaks=0:malloc_context_size=2");
#endif
  return environment;
}

std::vector<std::string> environment_for_aws() {
  std::vector<std::string> environment = base_environment();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (is_for_aws(*variable)) environment.emplace_back(*variable);
  }
  return environment;
}

std::vector<ProbeRun> run_probes(const std::vector<Launch>& launches, milliseconds deadline,
                                 const Progress& progress, const LaterLaunches& later) {
  const SteadyTime end = Clock::now() + deadline - kTimeToDie;
  Adoption adoption;
  const Allowances allowances;
  std::vector<Running> all;
  for (const Launch& launch : launches) all.push_back(start(launch, allowances));
  if (later) {
    for (const Launch& launch : later()) all.push_back(start(launch, allowances));
  }
  Teller teller(progress);
  while (Clock::now() < end) {
    if (wait_and_read(all, teller.until_next(left_until(end)))) break;
    teller.tell(all);
  }
  reap(all, end);
  for (Running& running : all) {
    if (running.ended) continue;
    if (!running.said_all) stop_clock(running);
    finish(running);
  }
  end_adopted(adoption, all);
  std::vector<ProbeRun> runs;
  for (Running& running : all) runs.push_back(std::move(running.run));
  return runs;
}

}  // namespace efa
