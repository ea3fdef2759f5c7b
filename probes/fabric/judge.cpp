// Judges what each libfabric of the node offers. A device counts as reached when at least one
// libfabric lists it; one that loads but lists less than another is a warning of its own.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/fabric/checks.h"
#include "probes/judging/device_answers.h"
#include "probes/judging/node.h"
#include "probes/judging/own_fault.h"
#include "probes/limits/services.h"
#include "probes/protocol/installer_files.h"

namespace efa {
namespace {

constexpr const char* kOwnLibfabric = "the libfabric is that of efa-doctor's container";

bool lists(const FabricFacts& facts, const std::string& device) {
  return std::find(facts.devices.begin(), facts.devices.end(), device) != facts.devices.end();
}

// No job's: libfabric came with efa-doctor in its container.
bool came_along(const Node& node) {
  return node.limits.facts.from_container == true;
}

// Of devices that libfabric may have given up at, it is not known whether jobs, which are given
// EFA's alone, meet them.
bool may_have_met_others(const Node& node) {
  return came_along(node) && !node.rdma.facts.foreign.empty() && libfabric_lists_none(node);
}

std::string name_of(const Seen<FabricFacts>& seen) {
  return seen.facts.library.value_or(seen.outcome.name);
}

bool asked(const Seen<FabricFacts>& seen) {
  return seen.facts.getinfo_status.has_value() || seen.outcome.status == ProbeStatus::kTimedOut ||
         seen.outcome.status == ProbeStatus::kStillHanging;
}

bool is_missing(const Seen<FabricFacts>& seen) {
  return seen.outcome.status == ProbeStatus::kUnavailable &&
         seen.outcome.detail.find("libfabric.so.1: cannot open shared object file: No such file") !=
             std::string::npos;
}

// A distribution's, built without EFA.
bool lacks_provider(const Seen<FabricFacts>& seen) {
  return seen.facts.getinfo_status && seen.facts.devices.empty() &&
         seen.facts.has_provider == false;
}

// There is none of it for EFA.
bool is_none(const Seen<FabricFacts>& seen) {
  return is_missing(seen) || lacks_provider(seen);
}

// The copy cannot be used, by its own fault, and so by no program that loads it. A process that was
// killed from outside ran short of memory: that is no word of the library.
bool is_broken(const Seen<FabricFacts>& seen) {
  if (seen.outcome.status == ProbeStatus::kCrashed) return !was_killed(seen.outcome);
  return seen.outcome.status == ProbeStatus::kUnavailable && !is_missing(seen) &&
         !is_fault_of_probe(seen.outcome);
}

// Why no copy of the node can list a device; nothing when one can, or may.
std::optional<std::string> why_none_works(const Node& node) {
  std::optional<std::string> why;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    if (is_none(seen)) continue;
    if (!is_broken(seen)) return std::nullopt;
    if (!why) why = seen.outcome.detail;
  }
  return why;
}

bool ran_short(const Node& node) {
  return std::any_of(node.fabric.begin(), node.fabric.end(),
                     [](const auto& seen) { return ran_short_of_cpu(seen.outcome); });
}

bool all_missing(const Node& node) {
  return !node.fabric.empty() && std::all_of(node.fabric.begin(), node.fabric.end(), is_missing);
}

// One that has the provider, as far as is known, was asked and answered.
bool answers(const Node& node) {
  return std::any_of(node.fabric.begin(), node.fabric.end(), [](const auto& seen) {
    return seen.facts.getinfo_status.has_value() && !lacks_provider(seen);
  });
}

// Some copy is there, and none of them was built with the provider.
bool all_lack_provider(const Node& node) {
  return !all_missing(node) && !node.fabric.empty() &&
         std::all_of(node.fabric.begin(), node.fabric.end(), is_none);
}

// One that root does not load and that could not be asked as another user either
// (probe.library-not-trusted): no fault of EFA, so the verdict rests on the rest.
const Seen<FabricFacts>* not_asked(const Node& node) {
  for (const Seen<FabricFacts>& seen : node.fabric) {
    if (seen.outcome.status == ProbeStatus::kNotApplicable) return &seen;
  }
  return nullptr;
}

// The installer's lies beside its library, where no shell looks.
ShellCommand fi_info_command(const Node& node) {
  const bool installed =
      std::any_of(node.fabric.begin(), node.fabric.end(), [](const Seen<FabricFacts>& seen) {
        return name_of(seen).find(kInstallerFolder) != std::string::npos;
      });
  return {fmt::format("{}fi_info -p efa -t FI_EP_RDM", installed ? "/opt/amazon/efa/bin/" : ""),
          ""};
}

void judge_device(const Node& node, const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  if (all_lack_provider(node)) {
    findings.not_applicable(kFabricNotListed, subject,
                            "no libfabric here was built with the efa provider");
    return;
  }
  const std::string domain = device.name + "-rdm";
  std::string libraries;
  bool any_asked = false;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    if (lists(seen.facts, device.name)) {
      findings.pass(kFabricNotListed, subject, "listed as " + domain,
                    {"listed", "listed", name_of(seen)});
      return;
    }
    any_asked = any_asked || (asked(seen) && !is_none(seen));
    libraries += (libraries.empty() ? "" : ", ") + name_of(seen);
  }
  const bool answered = answers(node);
  if (may_have_met_others(node)) {
    findings.unknown(kFabricNotListed, subject,
                     "seen from a pod with foreign devices: " + join(node.rdma.facts.foreign, ", "),
                     {"absent", domain, libraries});
  } else if (answered) {  // a copy beside it that is broken is not why
    findings.fail({kFabricNotListed, {kFabricDoesNotLoad.code, kFabricCrashes.code}}, subject,
                  "no libfabric lists " + device.name, {"absent", domain, libraries},
                  fi_info_command(node));
  } else if (any_asked && any_hangs(node)) {
    findings.fail(kFabricNotListed, subject, "libfabric gave no answer about " + device.name,
                  {"no answer", domain, libraries}, fi_info_command(node));
  } else if (ran_short(node) && !answered_by(node, device).empty()) {
    return;  // the device lives, and probe.slow says that libfabric got no CPU
  } else if (any_asked) {
    findings.unknown(
        kFabricNotListed, subject,
        ran_short(node) ? "libfabric got no CPU in time" : "libfabric gave no answer in time",
        {"no answer", domain, libraries});
  } else if (all_missing(node)) {
    findings.not_applicable(kFabricNotListed, subject, "no libfabric is installed on this host");
  } else if (const Seen<FabricFacts>* distrusted = not_asked(node)) {
    findings.not_applicable(kFabricNotListed, subject, distrusted->outcome.detail);
  } else if (const auto why = why_none_works(node); why && !came_along(node)) {
    findings.fail(kFabricNotListed, subject, "no libfabric of this host works",
                  {*why, domain, libraries});
  } else {
    findings.unknown(kFabricNotListed, subject, "no libfabric could be asked",
                     {"", domain, libraries});
  }
}

std::string libraries_of(const Node& node) {
  std::vector<std::string> names;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    if (!is_missing(seen)) names.push_back(name_of(seen));
  }
  return join(names, ", ");
}

void judge_provider(const Node& node, Findings& findings) {
  const Check& check = kFabricNoEfaProvider;
  const Evidence evidence{libraries_of(node), "one with the efa provider", "fi_getinfo"};
  const bool some = std::any_of(node.fabric.begin(), node.fabric.end(), [](const auto& seen) {
    return !seen.facts.devices.empty() || seen.facts.has_provider == true;
  });
  if (all_missing(node)) {
    findings.not_applicable(check, kNodeSubject, "no libfabric is installed on this host");
  } else if (some) {
    findings.pass(check, kNodeSubject, "a libfabric has the efa provider", evidence);
  } else if (!all_lack_provider(node)) {
    if (answers(node)) findings.unknown(check, kNodeSubject, "no libfabric told its providers");
  } else if (has_only_containers(node.limits.facts)) {
    findings.not_applicable(check, kNodeSubject, "the jobs of this host are containers", evidence);
  } else {
    findings.fail(check, kNodeSubject, evidence.observed + " has no provider efa", evidence);
  }
}

void judge_installed(const Node& node, Findings& findings) {
  const Check& check = kFabricNotInstalled;
  const bool found = std::any_of(node.fabric.begin(), node.fabric.end(), [](const auto& seen) {
    const bool refused = seen.outcome.status == ProbeStatus::kUnavailable && !is_missing(seen);
    return seen.facts.library.has_value() || refused;
  });
  const Evidence evidence{found ? "present" : "absent", "", "dynamic loader"};
  if (all_missing(node)) {
    findings.fail(check, kNodeSubject, "no libfabric.so.1 was found", evidence);
  } else if (all_lack_provider(node) && has_only_containers(node.limits.facts)) {
    findings.fail(check, kNodeSubject, "no libfabric.so.1 with the efa provider was found",
                  {libraries_of(node), "one with the efa provider", "fi_getinfo"});
  } else if (found) {
    findings.pass(check, kNodeSubject, "there is a libfabric.so.1", evidence);
  } else {
    findings.unknown(check, kNodeSubject, "no libfabric could be asked");
  }
}

void judge_loading(const Seen<FabricFacts>& seen, Findings& findings) {
  const std::string subject = name_of(seen);
  const std::string& words = seen.outcome.detail;
  if (seen.outcome.status == ProbeStatus::kUnavailable && is_fault_of_probe(seen.outcome)) {
    findings.unknown(kFabricDoesNotLoad, subject, "the probe itself does not start: " + words);
  } else if (seen.outcome.status == ProbeStatus::kUnavailable) {
    const bool of_verbs =
        words.find("libibverbs") != std::string::npos || words.find("libefa") != std::string::npos;
    std::vector<std::string_view> not_by;
    if (!of_verbs) not_by = {"verbs.does-not-load"};
    findings.fail({kFabricDoesNotLoad, not_by}, subject, words, {words, "loads", "dynamic loader"});
  } else if (seen.facts.library) {
    findings.pass(kFabricDoesNotLoad, subject, "loads", {"loads", "loads", "dynamic loader"});
  } else {
    findings.unknown(kFabricDoesNotLoad, subject, "was not asked: " + words);
  }
  if (seen.outcome.status == ProbeStatus::kCrashed) {
    findings.fail(kFabricCrashes, subject, words, {words, "no crash", seen.outcome.step});
  } else if (seen.facts.getinfo_status) {
    findings.pass(kFabricCrashes, subject, "answers", {"an answer", "an answer", "fi_getinfo"});
  } else if (seen.outcome.status != ProbeStatus::kUnavailable) {
    findings.unknown(kFabricCrashes, subject, "gave no answer: " + words);
  }
}

void judge_library(const Node& node, const Seen<FabricFacts>& seen, size_t most,
                   Findings& findings) {
  const std::string subject = name_of(seen);
  if (is_missing(seen) || ran_short_of_cpu(seen.outcome)) return;
  judge_loading(seen, findings);
  if (lacks_provider(seen) && most > 0 && has_only_containers(node.limits.facts)) {
    findings.not_applicable(
        kFabricLibraryListsFewer, subject,
        "it has no provider efa, and the jobs of this host are containers, which bring their own");
  } else if (seen.facts.getinfo_status && seen.facts.devices.size() < most) {
    std::vector<std::string_view> not_by;  // whatever a device is like, it lists none
    if (lacks_provider(seen)) not_by = {kFabricNotListed.code};
    findings.fail({kFabricLibraryListsFewer, not_by}, subject,
                  fmt::format("lists {} of {} devices that another libfabric lists",
                              seen.facts.devices.size(), most),
                  {std::to_string(seen.facts.devices.size()), std::to_string(most), subject});
  } else if (seen.facts.getinfo_status) {
    findings.pass(kFabricLibraryListsFewer, subject, fmt::format("lists {} devices", most),
                  {std::to_string(most), std::to_string(most), subject});
  } else if (seen.outcome.status != ProbeStatus::kUnavailable) {
    findings.unknown(kFabricLibraryListsFewer, subject, "gave no answer");
  }
}

// It proves the devices; of what jobs of the node load it says nothing.
void judge_what_came_along(const Seen<FabricFacts>& seen, Findings& findings) {
  const std::string subject = name_of(seen);
  for (const Check* check : {&kFabricDoesNotLoad, &kFabricCrashes}) {
    if (seen.facts.getinfo_status) {
      findings.not_applicable(*check, subject, kOwnLibfabric);
    } else {
      findings.unknown(*check, subject, fmt::format("{}: {}", kOwnLibfabric, seen.outcome.detail));
    }
  }
}

void judge_libraries(const Node& node, Findings& findings) {
  if (came_along(node)) {
    findings.not_applicable(kFabricNotInstalled, kNodeSubject, kOwnLibfabric);
    findings.not_applicable(kFabricNoEfaProvider, kNodeSubject, kOwnLibfabric);
    for (const Seen<FabricFacts>& seen : node.fabric) judge_what_came_along(seen, findings);
    return;
  }
  size_t most = 0;
  for (const Seen<FabricFacts>& seen : node.fabric) {
    most = std::max(most, seen.facts.devices.size());
  }
  judge_installed(node, findings);
  judge_provider(node, findings);
  for (const Seen<FabricFacts>& seen : node.fabric) judge_library(node, seen, most, findings);
}

}  // namespace

void judge_fabric(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!node.live || !expectation.expected) return;
  judge_libraries(node, findings);
  for (const RdmaDevice& device : node.rdma.facts.devices) judge_device(node, device, findings);
}

}  // namespace efa
