// Judges what probe-pci saw: are the expected EFA functions there, do they answer, is a driver
// bound.

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/lost_devices.h"
#include "probes/judging/node.h"
#include "probes/pci/checks.h"
#include "probes/pci/errors.h"
#include "probes/pci/given_away.h"
#include "probes/pci/link.h"
#include "probes/pci/probe_failed.h"
#include "probes/pci/siblings.h"

namespace efa {
namespace {

std::string count_words(size_t count) {
  return fmt::format("{} EFA device{}", count, count == 1 ? "" : "s");
}

std::string device_file(const PciFunction& function, const std::string& file) {
  return fmt::format("/sys/bus/pci/devices/{}/{}", function.address.to_text(), file);
}

// Why a device that is not among those found may be there all the same.
std::string why_not_all(const Node& node) {
  const bool listed = node.pci.outcome.status == ProbeStatus::kOk && node.pci.facts.functions;
  return listed ? "not all functions on the PCI bus could be identified"
                : "the PCI bus could not be listed";
}

// As many as the type can have are expected, and how many that is nobody knows.
bool is_unmeasured(const Expectation& expectation) {
  return expectation.all && expectation.whole.empty();
}

void judge_count(const Node& node, const Expectation& expectation, Findings& findings) {
  const size_t found = node.pci.facts.efa.size();
  const Evidence evidence{count_words(found), expectation.why, "/sys/bus/pci/devices"};
  if (!expectation.expected) {
    findings.not_applicable(kPciNoneFound, kNodeSubject, "no EFA is expected", evidence);
    return;
  }
  if (found == 0 && !saw_all_of_pci(node)) {
    findings.unknown(kPciNoneFound, kNodeSubject, why_not_all(node), evidence);
  } else if (found == 0 && is_unmeasured(expectation)) {
    findings.unknown(kPciNoneFound, kNodeSubject, expectation.why, evidence);
  } else if (found == 0) {
    const bool never = expectation.type_lacks_efa;
    findings.fail(never ? kPciNoneFoundOnThisType : kPciNoneFound, kNodeSubject,
                  never ? "EFA is expected, and " + expectation.instance_type + " cannot have it"
                        : "EFA is expected and no EFA device is there",
                  evidence);
  } else {
    findings.pass(kPciNoneFound, kNodeSubject, count_words(found) + " found", evidence);
  }
}

void judge_shortfall(const Node& node, const Expectation& expectation, Findings& findings) {
  if (!expectation.expected) return;
  const auto found = static_cast<int>(node.pci.facts.efa.size());
  const bool configured = expectation.exactly || expectation.all;
  const Check& check = configured ? kPciFewerThanExpected : kPciFewerThanMaximum;
  if (is_unmeasured(expectation)) {
    findings.unknown(check, kNodeSubject, expectation.why,
                     {std::to_string(found), "max", "instance-types.json"});
    return;
  }
  const std::optional<int> wanted = expectation.number_for(found);
  if (wanted.value_or(0) == 0) return;
  const std::string of = expectation.exactly
                             ? "expected"
                             : fmt::format("with which {} is whole", expectation.instance_type);
  const Evidence evidence{std::to_string(found), std::to_string(*wanted), "/sys/bus/pci/devices"};
  const std::string words = fmt::format("{} of {} EFA devices {}", found, *wanted, of);
  if (found < *wanted && !saw_all_of_pci(node)) {
    findings.unknown(check, kNodeSubject, "not all of the PCI bus was seen; " + words, evidence);
  } else if (found < *wanted) {
    std::vector<std::string_view> not_by;
    if (lost_any(node, expectation) && lacks_more_than_lost(node, expectation, *wanted)) {
      not_by = {kPciNoneFound.code, kPciDeviceVanished.code, kInterfaceLost};
    }
    findings.fail({check, not_by}, kNodeSubject, "only " + words, evidence);
  } else {
    findings.pass(check, kNodeSubject, words, evidence);
  }
}

void judge_vanished(const Node& node, const Expectation& expectation, Findings& findings) {
  const std::vector<PciAddress>& unidentified = node.pci.facts.unidentified;
  for (const PciAddress& address : vanished_devices(node, expectation)) {
    if (std::find(unidentified.begin(), unidentified.end(), address) != unidentified.end()) {
      continue;  // it is there: judge_unidentified
    }
    const std::string subject = address.to_text();
    const Evidence evidence{"absent", "present", "/sys/bus/pci/devices/" + subject};
    if (saw_all_of_pci(node)) {
      findings.fail(kPciDeviceVanished, subject, "was there earlier since this boot and is gone",
                    evidence);
    } else {
      findings.unknown(kPciDeviceVanished, subject, why_not_all(node), evidence);
    }
  }
}

void judge_config(const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const Evidence evidence{function.config.value_or(""), "vendor 0x1d0f and the device id",
                          device_file(function, "config")};
  constexpr std::string_view kAmazon = "0f1d";  // little-endian
  if (!function.config) {
    findings.unknown(kPciConfigSpaceDead, subject, "config space could not be read", evidence);
  } else if (is_dead(function)) {
    findings.fail(kPciConfigSpaceDead, subject, "config space reads all ones", evidence);
  } else if (!function.config->starts_with(kAmazon)) {
    findings.unknown(kPciConfigSpaceDead, subject, "config space begins with another vendor",
                     evidence);
  } else {
    findings.pass(kPciConfigSpaceDead, subject, "config space answers", evidence);
  }
}

// 0xefa4 came with efa 3.3.0, which EFA installer 1.50.0 has; all that is older with earlier ones.
ShellCommand install_command(const PciFunction& function) {
  return {kNewestInstaller, "", function.device == "0xefa4" ? "1.50.0" : ""};
}

// A driver that is loaded is asked itself: the one on disk may be another.
void judge_id_of_loaded(const Node& node, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const std::string loaded = words_of_loaded(node.kernel.facts);
  const Evidence evidence{function.device, "an id that the loaded " + loaded + " knows",
                          "/sys/module/efa, modules.alias of the running kernel"};
  const auto knows = loaded_knows(node, function.device);
  if (!knows) {
    findings.unknown(kPciIdUnknown, subject,
                     fmt::format("whether the loaded {} knows {} does not show; {} on disk does",
                                 loaded, function.device, words_on_disk(node.kernel.facts)),
                     evidence);
  } else if (*knows) {
    findings.pass(kPciIdUnknown, subject, "module efa knows " + function.device, evidence);
  } else {
    findings.fail(kPciIdUnknown, subject,
                  fmt::format("the loaded {} does not know device id {}", loaded, function.device),
                  evidence, install_command(function));
  }
}

void judge_id(const Node& node, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const KernelFacts& kernel = node.kernel.facts;
  const std::vector<std::string>& known = kernel.known_device_ids;
  const Evidence evidence{function.device, "an id that module efa knows",
                          "modules.alias of the running kernel"};
  if (function.driver == "efa") {
    findings.pass(kPciIdUnknown, subject, "the driver is bound to it", evidence);
  } else if (has_files_of_container(node)) {
    findings.unknown(kPciIdUnknown, subject, kFilesOfContainer, evidence);
  } else if (known.empty() && kernel.module_index_readable == true && !kernel.module_file) {
    findings.not_applicable(kPciIdUnknown, subject, "no efa driver is installed", evidence);
  } else if (known.empty()) {
    findings.unknown(kPciIdUnknown, subject, "which ids the driver knows could not be read",
                     evidence);
  } else if (!disk_knows(kernel, function.device)) {
    findings.fail(kPciIdUnknown, subject, "module efa does not know device id " + function.device,
                  evidence, install_command(function));
  } else if (kernel.efa_loaded == true) {
    judge_id_of_loaded(node, function, findings);
  } else {
    findings.pass(kPciIdUnknown, subject, "module efa knows " + function.device, evidence);
  }
}

constexpr const char* kBind = "echo {} | sudo tee /sys/bus/pci/drivers/efa/bind";

// While driver_override names another, the kernel refuses to bind efa; nothing unbinds the other.
ShellCommand hand_over_command(const PciFunction& function) {
  std::string text = "echo | sudo tee /sys/bus/pci/devices/{}/driver_override";
  if (function.driver && *function.driver != "efa") {
    text += "; echo {} | sudo tee /sys/bus/pci/devices/{}/driver/unbind";
  }
  if (function.driver != "efa") text += std::string("; ") + kBind;
  return {text, function.address.to_text()};
}

void judge_override(const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const Evidence evidence{function.driver_override.value_or(""), "none, or efa",
                          device_file(function, "driver_override")};
  if (function.driver_override.unreadable() != nullptr) {
    findings.unknown(kPciDriverOverride, subject, "driver_override could not be read", evidence);
    return;
  }
  if (!function.driver_override) {
    findings.not_applicable(kPciDriverOverride, subject, "shows no driver_override", evidence);
    return;
  }
  if (function.driver_override->empty() || *function.driver_override == "efa") {
    findings.pass(kPciDriverOverride, subject, "no other driver is asked for", evidence);
    return;
  }
  findings.fail(kPciDriverOverride, subject,
                "driver_override reserves it for " + *function.driver_override, evidence,
                hand_over_command(function));
}

void judge_unbound(const Node& node, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  if (const LogMessage* failure = probe_failure(node.log.facts.messages, function.address)) {
    findings.fail(probe_failed_check(*failure), subject, "the driver gave up: " + failure->text,
                  {failure->text, "IB device registered", "kernel log"});
  } else if (node.kernel.facts.efa_loaded == true && !node.log.facts.total) {
    if (node.live) {
      findings.unknown(kDriverProbeFailed, subject, "the kernel log was not read");
    } else {
      findings.not_applicable(kDriverProbeFailed, subject, "the sysroot holds no kernel log");
    }
  }
  findings.fail(kDriverNotBound, subject, "no driver is bound",
                {"none", "efa", device_file(function, "driver")}, {kBind, subject});
}

void judge_other_driver(const Node& node, const PciFunction& function, Findings& findings) {
  const std::vector<std::string> lines =
      lines_of_node(node, lines_that_give_away(node.kernel.facts.vfio_lines, function));
  const std::string words = "is bound to " + *function.driver;
  ShellCommand command = hand_over_command(function);
  const std::string comment_out = comment_out_command(lines);
  if (!comment_out.empty()) command.text = comment_out + "; " + command.text;
  findings.fail(lines.empty() ? kDriverWrongDriver : kDriverGivenAwayAtBoot,
                function.address.to_text(),
                lines.empty() ? words : words + ", at each boot, by " + join(lines, "; "),
                {*function.driver, "efa", device_file(function, "driver")}, command);
}

void judge_driver(const Node& node, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  if (function.driver.unreadable() != nullptr) {
    for (const Check* check : {&kDriverNotBound, &kDriverWrongDriver}) {
      findings.unknown(*check, subject, "its driver could not be read",
                       {"", "efa", device_file(function, "driver")});
    }
  } else if (!function.driver) {
    judge_unbound(node, function, findings);
  } else if (*function.driver != "efa") {
    judge_other_driver(node, function, findings);
  } else {
    findings.pass(kDriverNotBound, subject, "the efa driver is bound",
                  {"efa", "efa", device_file(function, "driver")});
  }
}

void judge_unidentified(const Node& node, const Expectation& expectation, Findings& findings) {
  const bool may_be_one = may_hide_efa(node, expectation);
  for (const PciAddress& address : node.pci.facts.unidentified) {
    const std::string words = "its vendor and device id could not be read: ";
    if (may_be_one) {
      findings.unknown(kPciConfigSpaceDead, address.to_text(), words + "it may be an EFA device");
    } else {
      findings.not_applicable(kPciConfigSpaceDead, address.to_text(),
                              words + "all EFA devices that can be there are seen without it");
    }
  }
}

}  // namespace

void judge_pci(const Node& node, const Expectation& expectation, Findings& findings) {
  judge_count(node, expectation, findings);
  judge_shortfall(node, expectation, findings);
  judge_vanished(node, expectation, findings);
  judge_unidentified(node, expectation, findings);
  for (const PciFunction& function : node.pci.facts.efa) {
    judge_config(function, findings);
    judge_id(node, function, findings);
    judge_override(function, findings);
    judge_driver(node, function, findings);
    judge_link(node.pci.facts, function, findings);
    judge_numa_node(node.pci.facts, function, findings);
    judge_bars(node.pci.facts, function, findings);
    if (node.live) judge_errors(expectation.past, function, findings);  // a sysroot's stand still
  }
}

}  // namespace efa
