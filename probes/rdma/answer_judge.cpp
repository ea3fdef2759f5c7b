// Judges the answers of a device: a counter of its port is asked of the device itself. Of errors
// only those blame it by which the driver says that it does not answer (efa_com.c, efa_verbs.c).

#include "probes/rdma/answer_judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>

#include "probes/judging/device_answers.h"
#include "probes/judging/look_up.h"
#include "probes/rdma/checks.h"

namespace efa {
namespace {

// ENODEV: its command queue was closed after a timeout; ETIME: this command is the one.
bool says_that_it_is_silent(int os_error) {
  return os_error == ENODEV || os_error == ENXIO || os_error == EIO || os_error == ETIME ||
         os_error == ETIMEDOUT;
}

// In every network namespace but the first the kernel shows the counters of no device
// (ib_setup_port_attrs).
bool hides_counters(const Node& node) {
  const std::vector<Counters>& all = node.rdma.facts.counters;
  return !all.empty() && std::all_of(all.begin(), all.end(),
                                     [](const Counters& one) { return one.shown == false; });
}

std::string error_words(const Counters& counters) {
  return counters.error_file + ": " + counters.error_text;
}

void judge_refusal(const Node& node, const RdmaDevice& device, const Counters& counters,
                   Findings& findings) {
  const std::string subject = device.address.to_text();
  const Evidence evidence{counters.error_text, "a number", counters.error_file};
  const std::string answered = answered_by(node, device);
  if (counters.error && says_that_it_is_silent(*counters.error)) {
    findings.fail(kRdmaCountersFail, subject, error_words(counters), evidence,
                  rebind_command(device));
  } else if (!answered.empty()) {
    findings.pass(kRdmaCountersFail, subject, fmt::format("it answered {} in this pass", answered),
                  {"an answer", "an answer", answered});
  } else if (counters.error) {
    findings.unknown(kRdmaCountersFail, subject, error_words(counters), evidence);
  } else if (!counters.unseen.empty()) {
    const Unseen& first = counters.unseen.front();
    findings.unknown(kRdmaCountersFail, subject, first.what + ": " + first.reason,
                     {first.reason, "a number", first.what});
  } else {
    findings.unknown(kRdmaCountersFail, subject, "the device has no port counters");
  }
}

void judge_values(const Node& node, const RdmaDevice& device, const Counters& counters,
                  Findings& findings) {
  if (counters.error || counters.port.empty()) {
    judge_refusal(node, device, counters, findings);
    return;
  }
  findings.pass(kRdmaCountersFail, device.address.to_text(),
                fmt::format("answers: {} port counters read", counters.port.size()),
                {"", "", "hw_counters"});
}

void judge_unreadable(const Counters& counters, Findings& findings) {
  if (counters.unseen.empty()) return;
  const Unseen& first = counters.unseen.front();
  const size_t more = counters.unseen.size() - 1;
  findings.unknown(kRdmaCounterUnreadable, counters.address.to_text(),
                   fmt::format("{}: {}{}", first.what, first.reason,
                               more > 0 ? fmt::format(" (and {} more)", more) : ""),
                   {first.reason, "a number", first.what});
}

}  // namespace

ShellCommand rebind_command(const std::string& subject) {
  return {
      "echo {} | sudo tee /sys/bus/pci/drivers/efa/unbind; "
      "echo {} | sudo tee /sys/bus/pci/drivers/efa/bind",
      subject};
}

ShellCommand rebind_command(const RdmaDevice& device) {
  ShellCommand rebind = rebind_command(device.address.to_text());
  if (!device.uverbs) return rebind;
  rebind.text = fmt::format(
      "if sudo sh -c 'ls -l /proc/[0-9]*/fd' 2>/dev/null | "
      "grep -q \"/dev/infiniband/$(ls /sys/bus/pci/devices/{{}}/infiniband_verbs)$\"; "
      "then echo {{}}: a process holds it, drain the node first; else {}; fi",
      rebind.text);
  return rebind;
}

void judge_answer(const Node& node, const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  const Asked* asked = find_asked(node.rdma.facts.asked, subject);
  const Counters* counters = find_device(node.rdma.facts.counters, device.address);
  const Question question{&kRdmaCountersHang, &kRdmaCountersSlow, "hw_counters",
                          &node.rdma.facts.asked, &node.rdma.outcome};
  if (judge_late(node, device, question, findings)) return;
  if (asked == nullptr || asked->status != AskedStatus::kOk || counters == nullptr) {
    findings.unknown(kRdmaCountersHang, subject, "the counters were not read");
    return;
  }
  if (hides_counters(node)) {
    for (const Check* check : {&kRdmaCountersHang, &kRdmaCountersFail}) {
      findings.not_applicable(*check, subject,
                              "the kernel shows no counters in this network namespace");
    }
    return;
  }
  if (node.live) {
    findings.pass(kRdmaCountersHang, subject, "answered in time", {"", "", "hw_counters"});
  } else {
    findings.not_applicable(kRdmaCountersHang, subject, "files of a sysroot never hang");
  }
  judge_values(node, device, *counters, findings);
  judge_unreadable(*counters, findings);
}

}  // namespace efa
