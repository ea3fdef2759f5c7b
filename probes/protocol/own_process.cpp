#include "probes/protocol/own_process.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "probes/base/child.h"
#include "probes/base/fd.h"
#include "probes/base/process.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{250};
constexpr milliseconds kTogether{250};   // 32 devices that answer take a part of it
constexpr milliseconds kTimeToDie{100};  // for one that nothing holds and that gets a CPU

constexpr size_t kMaxLine = size_t{1} * 1024 * 1024;  // as the agent takes it

// A process that asks devices, one after the other.
struct Asking {
  std::string subject;              // that it asks now
  std::vector<std::string> others;  // that it asks after it
  Child process;
  Fd output;                // until it has said all
  std::string unread;       // a line that has not ended yet
  std::vector<Value> said;  // of the device that it asks now
  std::string step;         // the last it announced
  bool done = false;
  bool asks_too_much = false;  // others, which are asked elsewhere
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

// `subjects` has one at least.
Asking start(const Look& look, const std::vector<std::string>& subjects, const Ask& ask) {
  Asking child{subjects.front(), {subjects.begin() + 1, subjects.end()}};
  Result<Pipe> pipe = make_pipe();
  if (!pipe) return child;
  Result<Child> process = start_child([&] {
    const Emitter out(pipe->write_end.get());
    for (const std::string& subject : subjects) {
      ask(subject, out);
      out.done();
    }
    return 0;
  });
  if (process) {
    child.process = std::move(*process);
    child.output = std::move(pipe->read_end);
  }
  look.out.doing("ask device", child.subject);
  return child;
}

void pass_on(const Look& look, Asking& child) {
  for (const Value& line : std::exchange(child.said, {})) look.out.line(line);
}

// It has said all of the device that it asks.
void take_done(const Look& look, Asking& child) {
  pass_on(look, child);
  if (child.others.empty()) {
    child.done = true;
    if (child.asks_too_much) child.process.kill(SIGKILL);
    return;
  }
  look.out.add("asked", Asked{child.subject, AskedStatus::kOk, "", ""});
  child.subject = child.others.front();
  child.others.erase(child.others.begin());
  child.step.clear();
}

void take_line(const Look& look, Asking& child, const std::string& text) {
  Result<Value> line = parse_json(text, "child");
  if (!line || child.done) return;
  if (line->find("done") != nullptr) {
    take_done(look, child);
  } else if (line->find("doing") != nullptr) {
    child.step = line->text("doing");
  } else {
    child.said.push_back(std::move(*line));
  }
}

// Reads what is there; false when the child has closed its end.
bool read_lines(const Look& look, Asking& child) {
  char buffer[65536];
  std::string_view bytes = read_some(child.output, buffer);
  if (bytes.empty()) return false;
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
bool is_asking(const Asking& child) {
  return child.output && !child.done;
}

void look_at_those_that_ask(std::vector<Asking>& children) {
  for (Asking& child : children) {
    if (!is_asking(child)) continue;
    child.seen = look_at(child.process.pid()).value_or(Sight());
    child.sleep.look(child.seen, Clock::now());
  }
}

bool all_hang(const std::vector<Asking>& children, milliseconds long_sleep) {
  return std::all_of(children.begin(), children.end(), [&](const Asking& child) {
    return !is_asking(child) ||
           (is_in_driver(child.seen) && child.sleep.slept(Clock::now()) >= long_sleep);
  });
}

// Until all have said all, or no more can be learned of the rest.
void read_until(const Look& look, std::vector<Asking>& children, const Limits& limits) {
  Clock::time_point next_look = Clock::now() + kBetweenLooks;
  while (std::any_of(children.begin(), children.end(), is_asking)) {
    if (Clock::now() >= next_look) {
      look_at_those_that_ask(children);
      next_look = Clock::now() + kBetweenLooks;
      if (Clock::now() >= limits.last) return;
      if (Clock::now() >= limits.device && all_hang(children, limits.long_sleep)) return;
    }
    std::vector<int> fds;
    for (const Asking& child : children) fds.push_back(is_asking(child) ? child.output.get() : -1);
    const auto left = std::chrono::duration_cast<milliseconds>(next_look - Clock::now());
    const std::vector<bool> readable = readable_within(fds, left);
    for (size_t i = 0; i < children.size(); ++i) {
      if (readable[i] && !read_lines(look, children[i])) children[i].output.reset();
    }
  }
}

TimeSpent spent_by(const Asking& child, Clock::time_point started, Clock::time_point killed) {
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
bool leave_when_held(const Look& look, const Asking& child) {
  const std::optional<Sight> sight = look_at(child.process.pid());
  if (!sight || !is_in_driver(*sight)) return false;
  Value left;
  left.set("left", to_value(ProcessIdentity{child.process.pid(), sight->start_time, child.subject,
                                            sight->turns}));
  look.out.line(left);
  return true;
}

Asked end_of_slow(const Asking& child, TimeSpent spent, bool held, milliseconds long_sleep) {
  spent.outlived_kill = held;
  const AskedStatus status = is_held(spent, long_sleep) ? AskedStatus::kHung : AskedStatus::kSlow;
  return {child.subject, status, child.step, "", std::move(spent)};
}

Asked end_of(const Asking& child, const std::optional<int>& status) {
  if (child.process.pid() < 0) {
    return {child.subject, AskedStatus::kCrashed, "start a process", "fork failed"};
  }
  if (child.done) return {child.subject, AskedStatus::kOk, "", ""};
  const bool signalled = status && WIFSIGNALED(*status);
  return {child.subject, AskedStatus::kCrashed, child.step,
          signalled ? strsignal(WTERMSIG(*status)) : "ended early"};
}

// All those that have not said all are killed at once, so that all die at once.
void end_all(const Look& look, std::vector<Asking>& children, Clock::time_point started,
             milliseconds long_sleep) {
  look_at_those_that_ask(children);
  for (const Asking& child : children) {
    if (is_asking(child)) child.process.kill(SIGKILL);
  }
  const Clock::time_point killed = Clock::now();
  for (Asking& child : children) {
    pass_on(look, child);
    const auto left = std::chrono::duration_cast<milliseconds>(killed + kTimeToDie - Clock::now());
    const std::optional<int> status = child.process.wait(std::max(left, milliseconds(0)));
    const bool held = child.process.pid() > 0 && !status && leave_when_held(look, child);
    child.process.leave();
    look.out.add("asked", is_asking(child) ? end_of_slow(child, spent_by(child, started, killed),
                                                         held, long_sleep)
                                           : end_of(child, status));
  }
}

// Those that the driver does not hold from an earlier pass.
std::vector<std::string> to_ask(const Look& look, const std::vector<std::string>& subjects) {
  std::vector<std::string> those;
  for (const std::string& subject : subjects) {
    if (!look.skip.contains(subject)) {
      those.push_back(subject);
      continue;
    }
    look.out.add("asked",
                 Asked{subject, AskedStatus::kSkipped, "", "the driver holds an earlier process"});
  }
  return those;
}

void end_each(const Look& look, std::vector<Asking>& children, Clock::time_point started) {
  const Limits limits = limits_of(look);
  read_until(look, children, limits);
  end_all(look, children, started, limits.long_sleep);
}

// Until it has said all, or has no more to say, or its time is over.
void read_for_a_while(const Look& look, Asking& child) {
  const Clock::time_point end = Clock::now() + std::min(kTogether, limits_of(look).long_sleep);
  while (is_asking(child) && Clock::now() < end) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    const bool readable = readable_within({child.output.get()}, left)[0];
    if (readable && !read_lines(look, child)) child.output.reset();
  }
}

}  // namespace

void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const Ask& ask) {
  const Clock::time_point started = Clock::now();
  std::vector<Asking> children;
  for (const std::string& subject : to_ask(look, subjects)) {
    children.push_back(start(look, {subject}, ask));
  }
  end_each(look, children, started);
}

void ask_each(const Look& look, const std::vector<std::string>& subjects, const Ask& ask) {
  const Clock::time_point started = Clock::now();
  const std::vector<std::string> those = to_ask(look, subjects);
  if (those.empty()) return;
  std::vector<Asking> children;
  children.push_back(start(look, those, ask));
  Asking& together = children.front();
  read_for_a_while(look, together);
  const bool crashed = !together.done && !together.output;
  std::vector<std::string> alone = std::exchange(together.others, {});
  together.asks_too_much = !alone.empty();
  if (crashed) {  // who is to blame is seen when each is asked alone
    alone.insert(alone.begin(), together.subject);
    children.clear();
  }
  for (const std::string& subject : alone) children.push_back(start(look, {subject}, ask));
  end_each(look, children, started);
}

}  // namespace efa
