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

struct Child {
  std::string subject;
  pid_t pid = -1;
  int fd = -1;
  std::string unread;  // a line that has not ended yet
  std::string step;    // the last it announced
  bool done = false;
};

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
  child.unread.append(buffer, static_cast<size_t>(count));
  size_t end = 0;
  while ((end = child.unread.find('\n')) != std::string::npos) {
    take_line(look, child, child.unread.substr(0, end));
    child.unread.erase(0, end + 1);
  }
  return true;
}

void read_until(const Look& look, std::vector<Child>& children, Clock::time_point limit) {
  while (true) {
    std::vector<pollfd> waits;
    std::vector<Child*> waiting;
    for (Child& child : children) {
      if (child.fd < 0) continue;
      waits.push_back({child.fd, POLLIN, 0});
      waiting.push_back(&child);
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now()).count();
    if (waits.empty() || left <= 0) return;
    if (poll(waits.data(), waits.size(), static_cast<int>(left)) <= 0) continue;
    for (size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].revents != 0 && !read_some(look, *waiting[i])) {
        ::close(std::exchange(waiting[i]->fd, -1));
      }
    }
  }
}

// A child that a device holds in the kernel outlives SIGKILL: it is left, and the agent told.
Asked end_of(const Look& look, Child& child) {
  if (child.pid < 0) return {child.subject, "crashed", "start a process", "fork failed"};
  const bool hung = child.fd >= 0;
  if (hung) kill(child.pid, SIGKILL);
  const std::optional<int> status = wait_for_exit(child.pid, std::chrono::milliseconds(100));
  if (!status) {
    Value left;
    left.set("left", to_value(ProcessIdentity{child.pid, start_time_of(child.pid).value_or(0),
                                              child.subject}));
    look.out.line(left);
  }
  if (hung) return {child.subject, "hung", child.step, ""};
  if (child.done) return {child.subject, "ok", "", ""};
  const bool signalled = status && WIFSIGNALED(*status);
  return {child.subject, "crashed", child.step,
          signalled ? strsignal(WTERMSIG(*status)) : "ended early"};
}

}  // namespace

void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const std::function<void(const std::string&, const Emitter&)>& ask) {
  std::vector<Child> children;
  children.reserve(subjects.size());
  for (const std::string& subject : subjects) {
    if (look.skip.contains(subject)) {
      look.out.add("asked", Asked{subject, "skipped", "", "an earlier process still hangs on it"});
      continue;
    }
    children.push_back(start(look, subject, ask));
  }
  read_until(look, children, look.device_deadline);
  for (Child& child : children) look.out.add("asked", end_of(look, child));
}

}  // namespace efa
