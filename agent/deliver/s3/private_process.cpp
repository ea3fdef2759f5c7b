#include "agent/deliver/s3/private_process.h"

#include <sys/signalfd.h>

#include <csignal>

#include "probes/base/fd.h"
#include "probes/base/moment.h"

namespace efa {
namespace {

// SIGTERM and SIGINT become readable on this descriptor and stay so.
int descriptor_of_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

Clock clock_of_process() {
  const int signals = descriptor_of_signals();
  using std::chrono::milliseconds;
  Clock clock;
  clock.unix_ms = [] { return Moment::now().unix_ms; };
  clock.steady_ms = [] { return Moment::now().boot_ms; };
  clock.sleep = [signals](int64_t ms) { (void)is_readable_within(signals, milliseconds(ms)); };
  clock.stopped = [signals] { return is_readable_within(signals, milliseconds(0)); };
  clock.boot_id = boot_id_of_machine();
  return clock;
}

}  // namespace efa
