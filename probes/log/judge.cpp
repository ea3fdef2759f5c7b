// Judges the kernel log: errors of the efa driver that no other finding of the device explains.

#include <fmt/core.h>

#include <map>

#include "probes/judging/node.h"
#include "probes/log/checks.h"

namespace efa {
namespace {

constexpr int kError = 3;  // LOG_ERR of syslog(3)

std::string subject_of(const Node& node, const LogMessage& message) {
  if (message.address) return message.address->to_text();
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    if (message.device == device.name) return device.address.to_text();
  }
  return kNodeSubject;
}

}  // namespace

void judge_log(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  const Check& check = kLogDriverErrors;
  if (!node.live && !node.log.facts.total) {
    findings.not_applicable(check, kNodeSubject, "the sysroot holds no kernel log");
    return;
  }
  if (!node.log.facts.total) {
    const auto& unseen = node.log.facts.unseen;
    findings.unknown(check, kNodeSubject,
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
    const char* what = count == 1 ? "error" : "errors, the newest";
    findings.fail(check, subject, fmt::format("{} {}: {}", count, what, newest->text),
                  {newest->text, "no errors", "/dev/kmsg"});
  }
  if (errors.empty()) {
    findings.pass(check, kNodeSubject, "no error of the efa driver", {"none", "none", "/dev/kmsg"});
  }
}

}  // namespace efa
