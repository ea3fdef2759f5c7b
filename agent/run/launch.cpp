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

#include "probes/base/exec_vector.h"

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
  const Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)write_all(score.get(), "1000", "oom_score_adj");
}

// Keeps only the wanted of the capabilities that we have; what is not held is not asked for. No
// execve(2) of a site's probe brings one back: PR_SET_NO_NEW_PRIVS(2const).
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
  if (as_nobody) become_nobody();  // with the rights that it ends
  syscall(SYS_capset, &header, sets);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// An exception ends the process here: above it stands the agent, of which this is a copy.
int run_as_probe(const Launch& launch, std::vector<char*>& arguments, char** environment) noexcept {
  prctl(PR_SET_NAME, arguments[0]);
  environ = environment;
  return probe_main(static_cast<int>(arguments.size()) - 1, arguments.data(), launch.read);
}

int become_probe(const Launch& launch, int out, int err, std::vector<char*>& arguments,
                 std::vector<char*>& environment) {
  setsid();
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(launch.stdin_fd >= 0 ? launch.stdin_fd : null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  set_limits(launch);
  offer_to_oom_killer();
  const int executable = ::open(launch.executable.c_str(), O_PATH | O_CLOEXEC);
  // what we or our own caller left open is not the probe's; Linux 5.11, before that it stays open
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, launch.read ? 0 : CLOSE_RANGE_CLOEXEC);
  drop_rights(launch.as_nobody ? 0 : launch.capabilities, launch.as_nobody);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // another user begins without
  if (launch.read != nullptr) return run_as_probe(launch, arguments, environment.data());
  execve(launch.executable.c_str(), arguments.data(), environment.data());
  // where nobody finds no way to it
  syscall(SYS_execveat, executable, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  dprintf(STDERR_FILENO, "%s: %s\n", launch.executable.c_str(), strerror(errno));
  return kExitExec;
}

}  // namespace

Result<Started> start_probe(const Launch& launch) {
  if (launch.read == nullptr && access(launch.executable.c_str(), X_OK) != 0) {
    return system_error(errno, launch.executable);
  }
  std::vector<std::string> strings{launch.read ? "probe-" + launch.name : launch.executable};
  strings.insert(strings.end(), launch.arguments.begin(), launch.arguments.end());
  std::vector<char*> arguments = exec_vector(strings);
  std::vector<char*> environment = exec_vector(launch.environment);
  Result<Pipe> out = make_pipe();
  if (!out) return out.error();
  Result<Pipe> err = make_pipe();
  if (!err) return err.error();
  Result<Child> child = start_child([&] {
    return become_probe(launch, out->write_end.get(), err->write_end.get(), arguments, environment);
  });
  if (!child) return child.error();
  return Started{std::move(*child), std::move(out->read_end), std::move(err->read_end)};
}

}  // namespace efa
