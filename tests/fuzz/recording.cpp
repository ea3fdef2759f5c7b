// A recording that somebody sent: unpacked, replayed as far as no process is started, redacted and
// packed again.

#include "agent/pass/recording.h"

#include "probes/protocol/sysroot.h"
#include "tests/fuzz/claims.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  efa::Result<efa::Recording> recording =
      efa::unpack({reinterpret_cast<const char*>(data), size}, "recording");
  if (!recording) return 0;
  const efa::Allowances allowances;
  std::vector<efa::ProbeRun> runs;
  for (const efa::RecordedProbe& probe : recording->probes) {
    runs.push_back(efa::run_of(probe, allowances));
    const efa::Result<efa::Sysroot> root = efa::Sysroot::replay(probe.looks);
    if (root) (void)root->read("/proc/sys/kernel/osrelease").ok();
  }
  efa::claim_of_pass(*recording, runs);
  efa::redact(*recording);
  efa::claim(efa::pack(*recording).ok(), "what was redacted can be packed");
  return 0;
}
