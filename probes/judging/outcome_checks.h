// The checks of how probes end: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include <string_view>

#include "probes/judging/check.h"

namespace efa {

// How the detail of an outcome says it.
inline constexpr std::string_view kAskedAsNobody = "asked as user nobody: ";
inline constexpr std::string_view kNotAsked = "not asked: ";

inline constexpr Check kProbeTimedOut{
    .code = "probe.timed-out",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A probe did not end in time",
    .meaning = "What it had not yet looked at is unknown.",
    .seen_by = "The probe's process was killed at the deadline of the pass.",
    .remedy = "Look at the step it was in; a device that does not answer is the usual reason.",
    .causes = {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail",
               "verbs.cannot-open"},
};

inline constexpr Check kProbeSlow{
    .code = "probe.slow",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "A probe got too little CPU to end in time",
    .meaning = "What it had not yet looked at is unknown in this pass.",
    .seen_by =
        "The probe's process was killed at the deadline of the pass, and until then was in line "
        "for a CPU (/proc/<pid>/schedstat, /proc/pressure/cpu).",
    .remedy =
        "Nothing when it is rare: the next pass looks again. Else leave the agent a CPU: "
        "CPUAffinity= in a drop-in of efa-doctor.service.",
    .command = "cat /proc/pressure/cpu",
};

inline constexpr Check kProbeCrashed{
    .code = "probe.crashed",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A probe crashed",
    .meaning = "What it had not yet looked at is unknown.",
    .seen_by = "A signal ended the probe's process.",
    .remedy = "Report it with a recording: efa-doctor record FILE.",
    .causes = {"fabric.crashes"},
};

inline constexpr Check kProbeUnavailable{
    .code = "probe.unavailable",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "A probe could not be loaded",
    .meaning = "What it looks at is unknown.",
    .seen_by = "The dynamic loader's words, or the probe's file is missing.",
    .remedy = "Install the library that the loader names, or reinstall the package.",
    .causes = {"verbs.not-installed", "verbs.does-not-load", "fabric.not-installed",
               "fabric.does-not-load"},
};

inline constexpr Check kProbeDenied{
    .code = "probe.denied",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A probe lacks permissions",
    .meaning = "What it looks at is unknown.",
    .seen_by = "The system refused to start the probe's process.",
    .remedy = "Run efa-doctor as root.",
};

inline constexpr Check kProbeFailed{
    .code = "probe.failed",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A probe ended early or printed malformed output",
    .meaning = "What it had not yet looked at is unknown.",
    .seen_by = "The probe's exit code, or the malformed line of its output.",
    .remedy = "Report it with a recording: efa-doctor record FILE.",
};

inline constexpr Check kProbeStillHanging{
    .code = "probe.still-hanging",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "A probe's process of an earlier pass still hangs",
    .meaning = "It was not started again; what it looks at is unknown.",
    .seen_by = "The process that was left behind is still there.",
    .remedy = "A device blocks it in the kernel: repair or replace what the other findings name.",
    .causes = {"pci.config-space-dead", "rdma.counters-hang", "verbs.hang", "rdma.counters-fail"},
};

inline constexpr Check kProbeLimitedRights{
    .code = "probe.limited-rights",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "Parts of the machine are hidden from this user",
    .meaning = "What they would show is unknown; the verdict is based on the rest.",
    .seen_by = "Reading was denied: EACCES or EPERM.",
    .remedy = "Run efa-doctor as root.",
    .command = "sudo efa-doctor --once",
    .in_container =
        "Run efa-doctor as root on the node that runs the container, or in a privileged container.",
};

// The same where root looked.
inline constexpr Check kProbeLimitedRightsOfRoot = [] {
  Check check = kProbeLimitedRights;
  check.remedy =
      "Root was denied it: run efa-doctor outside of the container, or with the capabilities "
      "CAP_SYSLOG, CAP_SYS_ADMIN, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.";
  check.command = "grep Cap /proc/self/status";
  return check;
}();

inline constexpr Check kProbeLibraryNotTrusted{
    .code = "probe.library-not-trusted",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "A library that a probe loads can be changed by another user than root",
    .meaning =
        "Root runs no code of it: it was asked as user nobody, or not at all where efa-doctor "
        "cannot become nobody, as in its service. The verdict is based on the rest.",
    .seen_by = "Owner and mode of the library, of each link to it and of each directory above it.",
    .remedy = "Give what the finding names to root, and let no one else write there.",
};

inline constexpr const Check* kOutcomeChecks[] = {
    &kProbeTimedOut,     &kProbeSlow,          &kProbeCrashed,
    &kProbeUnavailable,  &kProbeDenied,        &kProbeFailed,
    &kProbeStillHanging, &kProbeLimitedRights, &kProbeLibraryNotTrusted};

}  // namespace efa
