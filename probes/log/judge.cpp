// Judges the kernel log: errors of the efa driver that no other finding of the device explains.

#include <map>

#include "probes/judges.h"

namespace efa {
namespace {

std::span<const Check> checks() {
  static const std::vector<Check> kChecks = {
      {"log.driver-errors",
       Severity::kInfo,
       Actor::kNodeOperator,
       Rung::kNone,
       "The efa driver has logged errors",
       "A command to the device failed since boot; failed memory registrations are a job's.",
       "Messages of level error or worse of the efa driver in /dev/kmsg.",
       "Read them: err -12 of REG_MR, ALLOC_PD or CREATE_* is a lack of resources, usually a "
       "job's; a "
       "missing completion is a device that does not answer.",
       "sudo dmesg --level err,crit,alert,emerg | grep -E 'efa |infiniband'",
       {"pci.config-space-dead", "pci.device-vanished", "driver.probe-failed", "rdma.counters-hang",
        "rdma.counters-fail", "verbs.hang", "verbs.cannot-open"}},
  };
  return kChecks;
}

constexpr int kError = 3;  // LOG_ERR of syslog(3)

std::string subject_of(const Node& node, const LogMessage& message) {
  if (message.address) return message.address->to_text();
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (message.device == device.name) return device.address.to_text();
  }
  return kNodeSubject;
}

void judge(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  const char* code = "log.driver-errors";
  if (!node.live && !node.log.facts.total) {
    findings.not_applicable(code, kNodeSubject, "the sysroot holds no kernel log");
    return;
  }
  if (!node.log.facts.total) {
    const auto& unseen = node.log.facts.unseen;
    findings.unknown(code, kNodeSubject,
                     unseen.empty() ? "the kernel log was not read" : unseen.front().reason,
                     {"", "", "/dev/kmsg"});
    return;
  }
  std::map<std::string, std::pair<size_t, const LogMessage*>> errors;  // how many, the newest
  for (const LogMessage& message : node.log.facts.messages) {
    if (message.priority > kError) continue;
    auto& [count, newest] = errors[subject_of(node, message)];
    ++count;
    newest = &message;
  }
  for (const auto& [subject, entry] : errors) {
    const auto& [count, newest] = entry;
    findings.fail(
        code, subject,
        std::to_string(count) + (count == 1 ? " error: " : " errors, the newest: ") + newest->text,
        {newest->text, "no errors", "/dev/kmsg"});
  }
  if (errors.empty()) {
    findings.pass(code, kNodeSubject, "no error of the efa driver", {"none", "none", "/dev/kmsg"});
  }
}

}  // namespace

Judge log_judge() {
  return {"log", checks, judge};
}

}  // namespace efa
