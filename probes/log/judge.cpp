// Judges the kernel log: crashes and hangs with the efa driver on the stack, and its errors.

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/node.h"
#include "probes/log/checks.h"

namespace efa {
namespace {

std::string subject_of(const Node& node, const LogMessage& message) {
  if (message.address) return message.address->to_text();
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (message.device == device.name) return device.address.to_text();
  }
  return kNodeSubject;
}

// A warning is no crash, but it tells why a device was not started.
bool is_told(const Node& node, const DriverTrace& trace) {
  const std::vector<PciFunction>& efa = node.pci.facts.efa;
  const bool unbound = std::any_of(efa.begin(), efa.end(), has_no_driver);
  return trace.crash || (trace.at_start && unbound && !trace.hang);
}

// With the remedy of the bug that it is, where that is known.
const Check& crash_check(const Node& node, const DriverTrace& trace) {
  const KernelFacts& kernel = node.kernel.facts;
  const std::string version = kernel.efa_version.value_or("");
  const bool mended =
      version.starts_with("3.3.0") && trace.function.find("cq") != std::string::npos;
  if (mended) return kLogDriverCrashOfQueue;
  const bool another_stack = kernel.ofed && !has_files_of_container(node);
  return trace.at_start && another_stack ? kLogDriverCrashOfOtherStack : kLogDriverCrash;
}

std::string words_of(const Node& node, const DriverTrace& trace) {
  const Check& check = crash_check(node, trace);
  std::string words = fmt::format("the kernel {} in {} of the efa driver or below: {}",
                                  trace.crash ? "crashed" : "warned", trace.function, trace.text);
  if (&check == &kLogDriverCrashOfQueue) words += "; efa is " + *node.kernel.facts.efa_version;
  if (&check == &kLogDriverCrashOfOtherStack) {
    words += "; MLNX_OFED is installed: " + *node.kernel.facts.ofed;
  }
  return words;
}

// The kernel's own mark of a crash, of whatever part of it: that stays until the next boot, while
// the log loses its oldest lines. Nothing: it could not be read.
std::optional<bool> has_crashed(const Node& node) {
  constexpr unsigned kTaintDie = 1U << 7U;  // Documentation/admin-guide/tainted-kernels.rst
  const auto taint = parse_number<uint64_t>(node.kernel.facts.taint.value_or(""));
  return taint ? std::optional((*taint & kTaintDie) != 0) : std::nullopt;
}

// Where the first crash is still there, so are those after it.
bool has_lost_crash(const LogFacts& log) {
  return log.lost_oldest && !log.has_first_crash;
}

bool was_told_before(const Expectation& expectation) {
  return expectation.past.failing.contains({std::string(kLogDriverCrash.code), kNodeSubject});
}

bool judge_trace(const Node& node, Findings& findings) {
  for (const DriverTrace& trace : node.log.facts.traces) {
    if (!is_told(node, trace)) continue;
    findings.fail(crash_check(node, trace), kNodeSubject, words_of(node, trace),
                  {trace.text, "no crash", "/dev/kmsg"});
    return true;
  }
  return false;
}

void judge_crash(const Node& node, const Expectation& expectation, Findings& findings) {
  if (judge_trace(node, findings)) return;
  if (has_crashed(node) == true && was_told_before(expectation)) {
    findings.fail(kLogDriverCrash, kNodeSubject,
                  "crashed earlier in this boot; the kernel log has lost the trace",
                  {*node.kernel.facts.taint, "no crash", "/proc/sys/kernel/tainted"});
    return;
  }
  if (has_crashed(node) == true && has_lost_crash(node.log.facts)) {
    findings.unknown(kLogDriverCrash, kNodeSubject,
                     "the kernel has crashed since boot, and the log no longer has where",
                     {*node.kernel.facts.taint, "no crash", "/proc/sys/kernel/tainted"});
    return;
  }
  findings.pass(kLogDriverCrash, kNodeSubject, "no crash of the efa driver",
                {"none", "none", "/dev/kmsg"});
}

struct Errors {
  size_t count = 0;
  uint64_t usec = 0;  // of the newest
  std::string newest;
  bool hang = false;  // one of them at least

  void take(uint64_t at, const std::string& text) {
    ++count;
    if (at >= usec) newest = text;
    usec = std::max(usec, at);
  }
};

// Why efa is not loaded is told by the checks of the kernel.
bool is_told_elsewhere(const Node& node, const LogMessage& message) {
  return node.kernel.facts.efa_loaded == false && tells_of_load(message);
}

std::map<std::string, Errors> errors_of(const Node& node) {
  std::map<std::string, Errors> errors;
  for (const LogMessage& message : node.log.facts.messages) {
    if (message.priority > kErrorPriority || is_told_elsewhere(node, message)) continue;
    errors[subject_of(node, message)].take(message.usec, message.text);
  }
  for (const DriverTrace& trace : node.log.facts.traces) {
    if (!trace.hang) continue;
    Errors& of_node = errors[kNodeSubject];
    of_node.hang = true;
    of_node.take(trace.usec,
                 fmt::format("the kernel saw a hang in {} of the efa driver or below: {}",
                             trace.function, trace.text));
  }
  return errors;
}

void judge_errors(const Node& node, Findings& findings) {
  const std::map<std::string, Errors> all = errors_of(node);
  for (const auto& [subject, errors] : all) {
    const Check& check = errors.hang ? kLogDriverErrorsAndHang : kLogDriverErrors;
    const char* what = errors.count == 1 ? "error" : "errors, the newest";
    findings.fail(check, subject, fmt::format("{} {}: {}", errors.count, what, errors.newest),
                  {errors.newest, "no errors", "/dev/kmsg"});
  }
  if (all.empty()) {
    findings.pass(kLogDriverErrors, kNodeSubject, "no error of the efa driver",
                  {"none", "none", "/dev/kmsg"});
  }
}

void say_unread(const Check& check, const Node& node, Findings& findings) {
  const auto& unseen = node.log.facts.unseen;
  if (!node.live) {
    findings.not_applicable(check, kNodeSubject, "the sysroot holds no kernel log");
  } else {
    findings.unknown(check, kNodeSubject,
                     unseen.empty() ? "the kernel log was not read" : unseen.front().reason,
                     {"", "", "/dev/kmsg"});
  }
}

// What was read before the probe was ended holds, what was not there by then may come later.
void judge_without_log(const Node& node, Findings& findings) {
  if (errors_of(node).empty()) {
    say_unread(kLogDriverErrors, node, findings);
  } else {
    judge_errors(node, findings);
  }
  if (judge_trace(node, findings)) return;
  if (has_crashed(node) == false) {
    findings.pass(kLogDriverCrash, kNodeSubject, "the kernel has not crashed since boot",
                  {*node.kernel.facts.taint, "no crash", "/proc/sys/kernel/tainted"});
  } else {
    say_unread(kLogDriverCrash, node, findings);
  }
}

}  // namespace

void judge_log(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  if (!node.log.facts.total) {
    judge_without_log(node, findings);
    return;
  }
  judge_errors(node, findings);
  judge_crash(node, expectation, findings);
}

}  // namespace efa
