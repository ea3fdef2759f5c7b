// Judges how the PCIe errors of an EFA device grew since the pass before. What was counted before
// the first pass is no alarm: the bus is scanned then. Interface:
// Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats.

#include <fmt/core.h>

#include "probes/base/text.h"
#include "probes/judging/look_up.h"
#include "probes/pci/checks.h"
#include "probes/pci/errors.h"

namespace efa {
namespace {

struct KindsOfError {
  const Check* check;
  std::vector<std::string> kinds;
};

// Of the files of those kinds one that could not be read; null where there is none.
const Unseen* unseen_among(const std::vector<std::string>& kinds, const PciFunction& function) {
  for (const Unseen& unseen : function.aer_unseen) {
    for (const std::string& kind : kinds) {
      if (unseen.what.ends_with("/aer_dev_" + kind)) return &unseen;
    }
  }
  return nullptr;
}

// Nothing grew where the count starts anew, as after a device was taken away and found again.
void judge_kinds(const KindsOfError& of, const ErrorBaseline& before, const PciFunction& function,
                 Findings& findings) {
  const std::string subject = function.address.to_text();
  std::vector<std::string> grown;
  std::vector<std::string> totals;
  for (const std::string& kind : of.kinds) {
    const auto now = function.aer_errors.find(kind);
    const auto then = before.aer_errors.find(kind);
    if (now == function.aer_errors.end() || then == before.aer_errors.end()) continue;
    totals.push_back(fmt::format("{} {}", kind, now->second));
    if (now->second <= then->second) continue;
    grown.push_back(fmt::format("{} {} since the pass before, {} since boot",
                                now->second - then->second, kind, now->second));
  }
  const Evidence evidence{join(totals, ", "), "as many as in the pass before",
                          "/sys/bus/pci/devices/" + subject + "/aer_dev_*"};
  const Unseen* unseen = unseen_among(of.kinds, function);
  if (grown.empty() && unseen != nullptr) {
    findings.unknown(*of.check, subject, fmt::format("{}: {}", unseen->what, unseen->reason),
                     evidence);
  } else if (totals.empty()) {
    findings.not_applicable(*of.check, subject, "there is no earlier count to compare with");
  } else if (grown.empty()) {
    findings.pass(*of.check, subject, "no more than in the pass before", evidence);
  } else {
    findings.fail(*of.check, subject, "PCIe errors: " + join(grown, ", "), evidence);
  }
}

}  // namespace

void judge_errors(const Past& past, const PciFunction& function, Findings& findings) {
  const bool counted = !function.aer_errors.empty() || !function.aer_unseen.empty();
  if (!counted) return;  // the kernel counts none of this device
  const ErrorBaseline* known = find_device(past.pci_errors, function.address);
  const ErrorBaseline before = known == nullptr ? ErrorBaseline{function.address, {}} : *known;
  const KindsOfError all[] = {{&kPciCorrectedErrors, {"correctable"}},
                              {&kPciUncorrectedErrors, {"nonfatal", "fatal"}}};
  for (const KindsOfError& of : all) judge_kinds(of, before, function, findings);
}

}  // namespace efa
