// Judges how the probes themselves ended: what could not be looked at is said, never passed over.

#include "agent/diagnose/diagnosis.h"
#include "agent/diagnose/node_facts.h"

namespace efa {
namespace {

std::span<const Check> checks() {
  static const std::vector<Check> kChecks = {
      {"probe.timed-out",
       Severity::kWarning,
       Actor::kNodeOperator,
       Rung::kNone,
       "A probe did not end in time",
       "What it had not yet looked at is unknown.",
       "The probe's process was killed at the deadline of the pass.",
       "Look at the step in which it hung; a device that does not answer is the usual reason.",
       "",
       {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
        "verbs.cannot-open"}},
      {"probe.crashed",
       Severity::kWarning,
       Actor::kNodeOperator,
       Rung::kNone,
       "A probe crashed",
       "What it had not yet looked at is unknown.",
       "A signal ended the probe's process.",
       "Report it with a recording: efa-doctor record FILE.",
       "",
       {"fabric.crashes"}},
      {"probe.unavailable",
       Severity::kInfo,
       Actor::kImageOwner,
       Rung::kNone,
       "A probe could not be loaded",
       "What it looks at is unknown.",
       "The dynamic loader's words, or the probe's file is missing.",
       "Install the library that the loader names, or the package anew.",
       "",
       {"verbs.not-installed", "verbs.does-not-load", "fabric.not-installed",
        "fabric.does-not-load"}},
      {"probe.denied",
       Severity::kWarning,
       Actor::kNodeOperator,
       Rung::kNone,
       "A probe could not look for lack of rights",
       "What it looks at is unknown.",
       "The system refused to start the probe's process.",
       "Run efa-doctor as root.",
       "",
       {}},
      {"probe.failed",
       Severity::kWarning,
       Actor::kNodeOperator,
       Rung::kNone,
       "A probe ended early or spoke no protocol",
       "What it had not yet looked at is unknown.",
       "The probe's exit code, or the line of its output that is no protocol.",
       "Report it with a recording: efa-doctor record FILE.",
       "",
       {}},
      {"probe.still-hanging",
       Severity::kWarning,
       Actor::kNodeOperator,
       Rung::kNone,
       "A probe's process of an earlier pass still hangs",
       "It was not started again; what it looks at is unknown.",
       "The process that was left behind lives.",
       "A device holds it in the kernel: mend or replace what the other findings name.",
       "",
       {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail"}},
  };
  return kChecks;
}

const char* code_of(ProbeStatus status) {
  switch (status) {
    case ProbeStatus::kTimedOut:
      return "probe.timed-out";
    case ProbeStatus::kCrashed:
      return "probe.crashed";
    case ProbeStatus::kUnavailable:
      return "probe.unavailable";
    case ProbeStatus::kDenied:
      return "probe.denied";
    case ProbeStatus::kFailed:
      return "probe.failed";
    case ProbeStatus::kStillHanging:
      return "probe.still-hanging";
    default:
      return nullptr;
  }
}

void judge(const Node& node, const Expectation& /*expectation*/, Findings& findings) {
  for (const ProbeOutcome* outcome : outcomes_of(node)) {
    const char* code = code_of(outcome->status);
    if (code == nullptr) continue;
    const std::string step =
        outcome->step + (outcome->subject.empty() ? "" : " of " + outcome->subject);
    const bool hung = outcome->status == ProbeStatus::kTimedOut && !step.empty();
    findings.fail(code, outcome->name, hung ? "hung in: " + step : outcome->detail,
                  {outcome->detail, "ends in time", step});
  }
}

}  // namespace

Judge outcome_judge() {
  return {"probe", checks, judge};
}

}  // namespace efa
