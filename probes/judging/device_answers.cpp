#include "probes/judging/device_answers.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/judging/look_up.h"

namespace efa {
namespace {

bool is_held(const Asked* asked) {
  return asked != nullptr &&
         (asked->status == AskedStatus::kHung || asked->status == AskedStatus::kSkipped);
}

// What is known of the time: of the one that asked, else of the probe that did not come to it.
std::optional<TimeSpent> time_of(const Asked* asked, const ProbeOutcome& outcome) {
  return asked != nullptr ? asked->spent : outcome.spent;
}

bool is_late(const Asked* asked, const ProbeOutcome& outcome) {
  if (asked != nullptr) return is_held(asked) || asked->status == AskedStatus::kSlow;
  return ran_short_of_cpu(outcome);
}

std::string words_of_held(const Asked& asked) {
  if (asked.status == AskedStatus::kSkipped) {
    return "the driver still holds a process of an earlier pass";
  }
  std::string words = "hung in: " + asked.step;
  if (!asked.spent) return words;
  return fmt::format("{}; the driver has held it for {} ms", words, asked.spent->slept_ms);
}

std::string words_of_late(const Asked* asked, const ProbeOutcome& outcome) {
  if (is_held(asked)) return words_of_held(*asked);
  const auto spent = time_of(asked, outcome);
  return "slow: no answer" + (spent ? " in " + in_words(*spent) : std::string(" in time"));
}

}  // namespace

std::string answered_by(const Node& node, const RdmaDevice& device) {
  const VerbsDevice* verbs = find_device(node.verbs.facts.devices, device.address);
  if (verbs != nullptr && !verbs->failed) return "libibverbs";
  const Counters* counters = find_device(node.rdma.facts.counters, device.address);
  if (counters != nullptr && !counters->error && !counters->port.empty()) return "hw_counters";
  for (const Seen<FabricFacts>& seen : node.fabric) {
    const std::vector<std::string>& listed = seen.facts.devices;  // each was opened and queried
    if (std::find(listed.begin(), listed.end(), device.name) != listed.end()) return "libfabric";
  }
  return "";
}

bool hangs(const Node& node, const RdmaDevice& device) {
  const std::string subject = device.address.to_text();
  const bool held = is_held(find_asked(node.rdma.facts.asked, subject)) ||
                    is_held(find_asked(node.verbs.facts.asked, subject));
  return held && answered_by(node, device).empty();
}

bool any_hangs(const Node& node) {
  const std::vector<RdmaDevice>& devices = node.rdma.facts.devices;
  return std::any_of(devices.begin(), devices.end(),
                     [&](const RdmaDevice& device) { return hangs(node, device); });
}

bool judge_late(const Node& node, const RdmaDevice& device, const Question& question,
                Findings& findings) {
  const std::string subject = device.address.to_text();
  const Asked* asked = find_asked(*question.asked, subject);
  if (!is_late(asked, *question.outcome)) return false;
  const std::string words = words_of_late(asked, *question.outcome);
  const auto spent = time_of(asked, *question.outcome);
  const Evidence evidence{spent ? in_words(*spent) : words, "an answer within seconds",
                          question.source};
  const std::string answered = answered_by(node, device);
  if (is_held(asked) && answered.empty()) {
    findings.fail(*question.hang, subject, words, evidence);
    return true;
  }
  findings.unknown(*question.slow, subject, words, evidence);
  if (answered.empty()) {
    findings.unknown(*question.hang, subject, words, evidence);
  } else {
    findings.pass(*question.hang, subject, fmt::format("it answered {} in this pass", answered),
                  {"an answer", "an answer within seconds", answered});
  }
  return true;
}

}  // namespace efa
