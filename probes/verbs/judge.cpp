// Judges what probe-verbs saw: does libibverbs list each device, does it open and answer.

#include <fmt/core.h>

#include <algorithm>

#include "probes/judging/device_answers.h"
#include "probes/judging/look_up.h"
#include "probes/judging/node.h"
#include "probes/judging/own_fault.h"
#include "probes/verbs/checks.h"

namespace efa {
namespace {

void judge_open(const Node& node, const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  const VerbsDevice* verbs = find_device(node.verbs.facts.devices, device.address);
  const Asked* asked = find_asked(node.verbs.facts.asked, subject);
  const Question question{&kVerbsHang, &kVerbsOpenSlow, "libibverbs", &node.verbs.facts.asked,
                          &node.verbs.outcome};
  const bool late = judge_late(node, device, question, findings);
  if (late && verbs == nullptr) return;
  if (!late && asked == nullptr) {
    findings.unknown(kVerbsHang, subject, "was not asked");
    findings.unknown(kVerbsCannotOpen, subject, "was not asked");
    return;
  }
  if (!late) findings.pass(kVerbsHang, subject, "answered in time", {"", "", "libibverbs"});
  if (asked != nullptr && asked->status == AskedStatus::kCrashed) {
    findings.fail(kVerbsCannotOpen, subject,
                  fmt::format("the library crashed in {}: {}", asked->step, asked->detail),
                  {asked->detail, "opens", asked->step});
  } else if (verbs == nullptr) {
    findings.unknown(kVerbsCannotOpen, subject, "was not tried");
  } else if (verbs->failed) {
    findings.fail(kVerbsCannotOpen, subject,
                  fmt::format("{}: {}", verbs->failed->step, verbs->failed->reason),
                  {verbs->failed->reason, "opens", verbs->failed->step});
  } else {
    findings.pass(kVerbsCannotOpen, subject, "opens and answers queries",
                  {"", "", node.verbs.facts.library.value_or("libibverbs")});
  }
}

void judge_device(const Node& node, const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  const VerbsFacts& facts = node.verbs.facts;
  if (!facts.listed) {
    findings.unknown(kVerbsNotListed, subject, "libibverbs could not list devices");
    return;
  }
  const bool listed =
      std::find(facts.listed->begin(), facts.listed->end(), subject) != facts.listed->end();
  const Evidence evidence{listed ? "listed" : "absent", "listed", "ibv_get_device_list"};
  if (!listed) {
    findings.fail(kVerbsNotListed, subject, "libibverbs does not list " + device.name, evidence);
    return;
  }
  findings.pass(kVerbsNotListed, subject, "listed as " + device.name, evidence);
  judge_open(node, device, findings);
}

bool library_is_missing(const std::string& loader_message) {
  return loader_message.find("cannot open shared object file: No such file") != std::string::npos;
}

// What libibverbs would list is no question any more: the check of the library itself has the
// cause, and libfabric's whether a program can use the device all the same.
void judge_unavailable(const Node& node, Findings& findings) {
  const std::string& words = node.verbs.outcome.detail;
  const bool missing = library_is_missing(words);
  findings.fail(missing ? kVerbsNotInstalled : kVerbsDoesNotLoad, kNodeSubject, words,
                {words, "loads", "dynamic loader"});
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    findings.not_applicable(
        kVerbsNotListed, device.address.to_text(),
        missing ? "libibverbs is not installed on this host" : "libibverbs does not load");
  }
}

void judge_refused(const Node& node, Findings& findings) {
  const std::string words = "the probe itself does not start: " + node.verbs.outcome.detail;
  findings.unknown(kVerbsDoesNotLoad, kNodeSubject, words);
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    findings.unknown(kVerbsNotListed, device.address.to_text(), words);
  }
}

// The probe names its library first, so one that named none did not get so far.
void judge_loaded(const Node& node, Findings& findings) {
  const std::optional<std::string>& library = node.verbs.facts.library;
  for (const Check* check : {&kVerbsNotInstalled, &kVerbsDoesNotLoad}) {
    if (node.limits.facts.from_container == true) {
      findings.not_applicable(*check, kNodeSubject, "libibverbs is that of efa-doctor's container");
    } else if (library) {
      findings.pass(*check, kNodeSubject, *library + " loads", {*library, "loads", ""});
    } else {
      findings.unknown(*check, kNodeSubject, "libibverbs was not asked");
    }
  }
}

}  // namespace

void judge_verbs(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.live) return;
  if (node.verbs.outcome.status == ProbeStatus::kUnavailable) {
    if (!expectation.expected) return;
    const bool came_along = node.limits.facts.from_container == true;
    const bool refused = came_along || is_fault_of_probe(node.verbs.outcome);
    refused ? judge_refused(node, findings) : judge_unavailable(node, findings);
    return;
  }
  if (expectation.expected) judge_loaded(node, findings);
  for (const RdmaDevice& device : node.rdma.facts.devices) judge_device(node, device, findings);
}

}  // namespace efa
