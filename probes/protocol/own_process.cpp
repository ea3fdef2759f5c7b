#include "probes/protocol/own_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "probes/protocol/process.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{250};
constexpr milliseconds kTimeToDie{100};  // for one that nothing holds and that gets a CPU

constexpr size_t kMaxLine = size_t{1} * 1024 * 1024;  // as the agent takes it

struct Child {
  std::string subject;
  pid_t pid = -1;
  int fd = -1;         // until it has said all
  std::string unread;  // a line that has not ended yet
  std::string step;    // the last it announced
  bool done = false;
  SleepWatch sleep;
  Sight seen;
};

// When to stop waiting, out of the time that the probe has.
struct Limits {
  Clock::time_point device;  // for one that is proven to hang
  Clock::time_point last;    // for the others: the rest is for killing them and telling
  milliseconds long_sleep;   // a device that lives answers a command within milliseconds
};

Limits limits_of(const Look& look) {
  constexpr milliseconds kToTell{600};
  constexpr milliseconds kLongSleep{2'000};
  const auto left = std::chrono::duration_cast<milliseconds>(look.deadline - Clock::now());
  const Clock::time_point last = look.deadline - std::min(kToTell, left / 8);
  return {std::min(look.device_deadline, last), last, std::min(kLongSleep, left / 4)};
}

Child start(const Look& look, const std::string& subject,
            const std::function<void(const std::string&, const Emitter&)>& ask) {
  Child child{subject};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return child;
  const pid_t probe = getpid();
  child.pid = fork();
  if (child.pid == 0) {
    ::close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != probe) std::_Exit(0);  // it died before we were to be told
    const Emitter out(ends[1]);
    ask(subject, out);
    out.done();
    std::_Exit(0);
  }
  ::close(ends[1]);
  child.fd = ends[0];
  if (child.pid < 0) ::close(std::exchange(child.fd, -1));
  look.out.doing("ask device", subject);
  return child;
}

void take_line(const Look& look, Child& child, const std::string& text) {
  const Result<Value> line = parse_json(text, "child");
  if (!line) return;
  if (line->find("done") != nullptr) {
    child.done = true;
  } else if (line->find("doing") != nullptr) {
    child.step = line->text("doing");
  } else {
    look.out.line(*line);
  }
}

// Reads what is there; false when the child has closed its end.
bool read_some(const Look& look, Child& child) {
  char buffer[65536];
  const ssize_t count = ::read(child.fd, buffer, sizeof buffer);
  if (count <= 0) return false;
  std::string_view bytes(buffer, static_cast<size_t>(count));
  size_t end = 0;
  while ((end = bytes.find('\n')) != std::string_view::npos) {
    child.unread += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    take_line(look, child, std::exchange(child.unread, {}));
  }
  child.unread += bytes;
  return child.unread.size() <= kMaxLine;
}

// It has neither said all nor closed its end.
bool is_asking(const Child& child) {
  return child.fd >= 0 && !child.done;
}

void look_at_those_that_ask(std::vector<Child>& children) {
  for (Child& child : children) {
    if (!is_asking(child)) continue;
    child.seen = look_at(child.pid).value_or(Sight());
    child.sleep.look(child.seen, Clock::now());
  }
}

bool all_hang(const std::vector<Child>& children, milliseconds long_sleep) {
  return std::all_of(children.begin(), children.end(), [&](const Child& child) {
    return !is_asking(child) ||
           (is_in_driver(child.seen) && child.sleep.slept(Clock::now()) >= long_sleep);
  });
}

// Until all have said all, or no more can be learned of the rest.
void read_until(const Look& look, std::vector<Child>& children, const Limits& limits) {
  Clock::time_point next_look = Clock::now() + kBetweenLooks;
  while (true) {
    std::vector<pollfd> waits;
    std::vector<Child*> waiting;
    for (Child& child : children) {
      if (!is_asking(child)) continue;
      waits.push_back({child.fd, POLLIN, 0});
      waiting.push_back(&child);
    }
    if (waits.empty()) return;
    if (Clock::now() >= next_look) {
      look_at_those_that_ask(children);
      next_look = Clock::now() + kBetweenLooks;
      if (Clock::now() >= limits.last) return;
      if (Clock::now() >= limits.device && all_hang(children, limits.long_sleep)) return;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(next_look - Clock::now());
    const auto timeout = static_cast<int>(std::max(left, milliseconds(0)).count());
    if (poll(waits.data(), waits.size(), timeout) <= 0) continue;
    for (size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].revents != 0 && !read_some(look, *waiting[i])) {
        ::close(std::exchange(waiting[i]->fd, -1));
      }
    }
  }
}

TimeSpent spent_by(const Child& child, Clock::time_point started, Clock::time_point killed) {
  TimeSpent spent;
  spent.waited_ms = std::chrono::duration_cast<milliseconds>(killed - started).count();
  spent.cpu_ms = child.seen.cpu_ms;
  spent.queued_ms = child.seen.queued_ms;
  spent.state = child.seen.state;
  spent.waits_in = child.seen.waits_in;
  spent.slept_ms = child.sleep.slept(killed).count();
  spent.pressure = cpu_pressure();
  return spent;
}

// A child that the driver holds outlives SIGKILL: it is left, and the agent told. One that is only
// in line for the CPU that it needs to die is no news.
bool leave_when_held(const Look& look, const Child& child) {
  const std::optional<Sight> sight = look_at(child.pid);
  if (!sight || !is_in_driver(*sight)) return false;
  Value left;
  left.set("left",
           to_value(ProcessIdentity{child.pid, sight->start_time, child.subject, sight->turns}));
  look.out.line(left);
  return true;
}

Asked end_of_slow(const Child& child, TimeSpent spent, bool held, milliseconds long_sleep) {
  spent.outlived_kill = held;
  const char* status = is_held(spent, long_sleep) ? "hung" : "slow";
  return {child.subject, status, child.step, "", std::move(spent)};
}

Asked end_of(const Child& child, const std::optional<int>& status) {
  if (child.pid < 0) return {child.subject, "crashed", "start a process", "fork failed"};
  if (child.done) return {child.subject, "ok", "", ""};
  const bool signalled = status && WIFSIGNALED(*status);
  return {child.subject, "crashed", child.step,
          signalled ? strsignal(WTERMSIG(*status)) : "ended early"};
}

// All those that have not said all are killed at once, so that all die at once.
void end_all(const Look& look, std::vector<Child>& children, Clock::time_point started,
             milliseconds long_sleep) {
  look_at_those_that_ask(children);
  for (const Child& child : children) {
    if (is_asking(child)) kill(child.pid, SIGKILL);
  }
  const Clock::time_point killed = Clock::now();
  for (const Child& child : children) {
    const auto left = std::chrono::duration_cast<milliseconds>(killed + kTimeToDie - Clock::now());
    const std::optional<int> status =
        child.pid < 0 ? std::nullopt : wait_for_exit(child.pid, std::max(left, milliseconds(0)));
    const bool held = child.pid > 0 && !status && leave_when_held(look, child);
    look.out.add("asked", is_asking(child) ? end_of_slow(child, spent_by(child, started, killed),
                                                         held, long_sleep)
                                           : end_of(child, status));
  }
}

}  // namespace

void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const std::function<void(const std::string&, const Emitter&)>& ask) {
  const Clock::time_point started = Clock::now();
  const Limits limits = limits_of(look);
  std::vector<Child> children;
  children.reserve(subjects.size());
  for (const std::string& subject : subjects) {
    if (look.skip.contains(subject)) {
      look.out.add("asked", Asked{subject, "skipped", "", "the driver holds an earlier process"});
      continue;
    }
    children.push_back(start(look, subject, ask));
  }
  read_until(look, children, limits);
  end_all(look, children, started, limits.long_sleep);
}

}  // namespace efa
