// A recording: exactly what the probes of one pass read and said, and how they ended, as one
// .tar.zst. Replayed, it gives the same report on any machine; sent along, it is a bug report.
#pragma once

#include <string>
#include <vector>

#include "agent/config/weights.h"
#include "agent/pass/state.h"
#include "agent/report/trigger.h"
#include "agent/run/runner.h"
#include "probes/base/moment.h"
#include "probes/base/result.h"
#include "probes/rdma/counter_limits.h"

namespace efa {

struct RecordedProbe {
  std::string name;
  std::string status;
  int64_t duration_ms = 0;
  std::string detail;
  std::string step;
  std::string subject;
  std::string stderr_tail;
  std::string said;   // its output
  std::string looks;  // what it read
  std::optional<TimeSpent> spent;
};

struct Recording {
  int64_t version = 1;
  bool live = true;
  std::string expect = "auto";
  std::optional<Trigger> trigger;  // every pass has one
  int64_t sequence = 1;
  int64_t started_at_ms = 0;
  std::optional<int64_t> boottime_ms;  // at the start; older recordings have none
  int64_t duration_ms = 0;
  int64_t valid_for_ms = 0;
  int64_t max_rss_kib = 0;
  int64_t cpu_ms = 0;
  int64_t boot_grace_s = 60;
  CounterLimits limits;
  WeightWords checks;                  // as the configuration has them
  std::vector<std::string> set_aside;  // PCI addresses
  State before;                        // what was remembered when the pass began
  std::vector<RecordedProbe> probes;
};

template <class Io>
void describe(Io& io, RecordedProbe& probe) {
  io("name", probe.name);
  io("status", probe.status);
  io("duration_ms", probe.duration_ms);
  io("detail", probe.detail);
  io("step", probe.step);
  io("subject", probe.subject);
  io("stderr", probe.stderr_tail);
  io("spent", probe.spent);
}

template <class Io>
void describe(Io& io, Recording& recording) {
  io("version", recording.version);
  io("live", recording.live);
  io("expect", recording.expect);
  io("trigger", recording.trigger);
  io("sequence", recording.sequence);
  io("started_at_ms", recording.started_at_ms);
  io("boottime_ms", recording.boottime_ms);
  io("duration_ms", recording.duration_ms);
  io("valid_for_ms", recording.valid_for_ms);
  io("max_rss_kib", recording.max_rss_kib);
  io("cpu_ms", recording.cpu_ms);
  io("boot_grace_s", recording.boot_grace_s);
  io("limits", recording.limits);
  io("checks", recording.checks);
  io("set_aside", recording.set_aside);
  io("before", recording.before);
  io("probes", recording.probes);
}

// When the pass began. Without a boottime all of the recording is told by the wall clock.
Moment began_at(const Recording& recording);

Criteria criteria_of(const Recording& recording);

RecordedProbe recorded(const ProbeRun& run);
// The run as it was, without starting anything.
ProbeRun run_of(const RecordedProbe& probe, const Allowances& allowances = {});

// Packed in memory (libarchive), so that a full disk never leaves half a recording.
Result<std::string> pack(const Recording& recording);
// Bounded: a hostile archive is refused, and nothing of it is written anywhere.
Result<Recording> unpack(const std::string& archive, const std::string& where);

// Replaces what names the host or the account (names, addresses, ids), the same by the same, so
// that the recording still hangs together. PCI addresses and versions stay.
void redact(Recording& recording);

}  // namespace efa
