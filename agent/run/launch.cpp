#include "agent/run/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "probes/protocol/exec_vector.h"

namespace efa {
namespace {

constexpr int kExitExec = 126;  // as a shell says: found but could not be run

void set_limit(__rlimit_resource resource, rlim_t most) {
  rlimit limit{};
  getrlimit(resource, &limit);
  limit.rlim_cur = limit.rlim_max = std::min(limit.rlim_max, most);
  setrlimit(resource, &limit);
}

void set_limits(const Launch& launch) {
  constexpr rlim_t kMiB = rlim_t{1024} * 1024;
#if !defined(__SANITIZE_ADDRESS__)  // its shadow memory is 20 TiB of addresses
  set_limit(RLIMIT_AS,
            4096 * kMiB);  // libfabric maps about 110 MB an endpoint; none is opened here
#endif
  // what eats memory ends by itself, before it takes that of the others
  if (launch.memory_mib > 0) set_limit(RLIMIT_DATA, launch.memory_mib * kMiB);
  set_limit(RLIMIT_NOFILE, 4096);
  set_limit(RLIMIT_NPROC, 16384);  // counts all processes of the user, not only ours
  set_limit(RLIMIT_FSIZE, 16 * kMiB);
  set_limit(RLIMIT_CORE, 0);
}

// A probe that could not become nobody would run as root what root must not run.
void become_nobody() {
  const bool is_nobody = setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
                         setresuid(kNobody, kNobody, kNobody) == 0;
  if (is_nobody) return;
  dprintf(STDERR_FILENO, "could not become nobody: %s\n", strerror(errno));
  std::_Exit(kExitExec);
}

// Where the memory of the unit or of the machine runs out, a probe goes before the agent and before
// any job: proc_pid_oom_score_adj(5).
void offer_to_oom_killer() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, "1000", 4);
  ::close(fd);
}

// Keeps only the wanted of the capabilities that we have; what is not held is not asked for.
void drop_rights(uint64_t wanted, bool as_nobody) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (syscall(SYS_capget, &header, sets) != 0) return;
  for (unsigned half = 0; half < 2; ++half) {
    const auto keep = static_cast<uint32_t>(wanted >> (32U * half));
    sets[half].permitted &= keep;
    sets[half].effective = sets[half].permitted;
    sets[half].inheritable = sets[half].permitted;
  }
  for (unsigned capability = 0; capability < 64; ++capability) {
    if ((wanted >> capability & 1U) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (as_nobody) become_nobody();  // with the rights that it ends
  syscall(SYS_capset, &header, sets);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

[[noreturn]] void become_probe(const Launch& launch, pid_t agent, int out, int err,
                               char* const* arguments, char* const* environment) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != agent) std::_Exit(kExitExec);  // it died before we were to be told
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(launch.stdin_fd >= 0 ? launch.stdin_fd : null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  // what our own caller left open is not the probe's; Linux 5.11, before that it stays open
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  signal(SIGPIPE, SIG_DFL);
  set_limits(launch);
  offer_to_oom_killer();
  const int executable = ::open(launch.executable.c_str(), O_PATH | O_CLOEXEC);
  drop_rights(launch.as_nobody ? 0 : launch.capabilities, launch.as_nobody);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // another user begins without
  execve(launch.executable.c_str(), arguments, environment);
  // where nobody finds no way to it
  syscall(SYS_execveat, executable, "", arguments, environment, AT_EMPTY_PATH);
  dprintf(STDERR_FILENO, "%s: %s\n", launch.executable.c_str(), strerror(errno));
  std::_Exit(kExitExec);
}

}  // namespace

Result<Started> start_probe(const Launch& launch) {
  if (access(launch.executable.c_str(), X_OK) != 0) {
    return system_error(errno, launch.executable);
  }
  std::vector<std::string> strings{launch.executable};
  strings.insert(strings.end(), launch.arguments.begin(), launch.arguments.end());
  const std::vector<char*> arguments = exec_vector(strings);
  const std::vector<char*> environment = exec_vector(launch.environment);
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0) return system_error(errno, "pipe2");
  if (pipe2(err, O_CLOEXEC) != 0) {
    const Error error = system_error(errno, "pipe2");
    ::close(out[0]);
    ::close(out[1]);
    return error;
  }
  const pid_t agent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become_probe(launch, agent, out[1], err[1], arguments.data(), environment.data());
  ::close(out[1]);
  ::close(err[1]);
  if (pid < 0) {
    const Error error = system_error(errno, "fork");
    ::close(out[0]);
    ::close(err[0]);
    return error;
  }
  return Started{pid, out[0], err[0]};
}

}  // namespace efa
