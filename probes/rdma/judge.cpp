// Judges what probe-rdma saw of each EFA device: is it registered, can its device node be opened.
// The port state is not judged: on EFA the driver hard-codes ACTIVE.

#include <fmt/core.h>

#include <cstdio>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/kept_back.h"
#include "probes/judging/look_up.h"
#include "probes/judging/node.h"
#include "probes/rdma/answer_judge.h"
#include "probes/rdma/checks.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

void judge_registered(const Node& node, const PciFunction& function, Findings& findings) {
  const std::string subject = function.address.to_text();
  const RdmaDevice* device = find_device(node.rdma.facts.devices, function.address);
  const Evidence evidence{device == nullptr ? "none" : device->name, "an RDMA device",
                          "/sys/class/infiniband"};
  if (device != nullptr) {
    findings.pass(kRdmaNotRegistered, subject, "registered as " + device->name, evidence);
  } else if (function.driver != "efa") {
    findings.not_applicable(kRdmaNotRegistered, subject, "the efa driver is not bound");
  } else if (is_perhaps_kept_back(node, function.address)) {
    findings.unknown(kRdmaNotRegistered, subject,
                     "its node is here, and its RDMA device belongs to another network namespace: "
                     "this container cannot open it, if it is meant to (netns_mode of ib_core)",
                     evidence);
  } else if (is_elsewhere(node, function.address)) {
    findings.pass(kRdmaNotRegistered, subject, "registered in another network namespace", evidence);
  } else if (!node.rdma.facts.class_present || node.rdma.outcome.status != ProbeStatus::kOk) {
    findings.unknown(kRdmaNotRegistered, subject, "RDMA devices could not be listed", evidence);
  } else {
    ShellCommand rebind = rebind_command(subject);
    rebind.text = "sudo modprobe ib_uverbs; " + rebind.text;
    findings.fail(kRdmaNotRegistered, subject, "driver bound, but no RDMA device", evidence,
                  rebind);
  }
}

void judge_gid(const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  const Evidence evidence{device.gid.value_or(""), "fe80::/64 and a MAC", "ports/1/gids/0"};
  if (!device.gid) {
    findings.unknown(kRdmaNoGid, subject, "the GID could not be read", evidence);
  } else if (!is_gid(*device.gid)) {
    findings.unknown(kRdmaNoGid, subject, "ports/1/gids/0 holds no GID", evidence);
  } else if (!device.mac) {
    findings.fail(kRdmaNoGid, subject, fmt::format("GID {} holds no MAC", *device.gid), evidence,
                  rebind_command(device));
  } else {
    findings.pass(kRdmaNoGid, subject, "has a GID with MAC " + *device.mac, evidence);
  }
}

std::string octal(int mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode));
  return text;
}

// udev gives a node its rights; the kernel makes it (devtmpfs), and not again when it is gone.
ShellCommand make_node_command(const UverbsNode& uverbs) {
  if (!is_made_of(uverbs.name)) return {};
  return {
      "sudo mkdir -p /dev/infiniband && sudo rm -rf /dev/infiniband/{} && sudo mknod -m 666 "
      "/dev/infiniband/{} c $(tr : ' ' < /sys/class/infiniband_verbs/{}/dev)",
      uverbs.name};
}

void judge_node_number(const UverbsNode& uverbs, const std::string& subject, Findings& findings) {
  const Evidence evidence{
      uverbs.number.value_or("") + (uverbs.character_device == true ? "" : ", no character device"),
      uverbs.number_expected.value_or(""), uverbs.path};
  if (!uverbs.number || !uverbs.number_expected) {
    findings.unknown(kNodeWrongNumber, subject, "its numbers could not be read", evidence);
  } else if (uverbs.character_device != true || *uverbs.number != *uverbs.number_expected) {
    findings.fail(kNodeWrongNumber, subject,
                  uverbs.path + " is not the device that the kernel offers", evidence,
                  make_node_command(uverbs));
  } else {
    findings.pass(kNodeWrongNumber, subject, uverbs.path + " has the right numbers", evidence);
  }
}

void judge_node_open(const Node& node, const UverbsNode& uverbs, const std::string& subject,
                     Findings& findings) {
  const Evidence evidence{uverbs.open_error, "opens", uverbs.path};
  if (!node.live) {
    findings.not_applicable(kNodeCannotOpen, subject, "a sysroot's nodes are not opened");
  } else if (!uverbs.open_errno) {
    findings.unknown(kNodeCannotOpen, subject, "was not tried", evidence);
  } else if (*uverbs.open_errno != 0) {
    findings.fail(kNodeCannotOpen, subject, fmt::format("{}: {}", uverbs.path, uverbs.open_error),
                  evidence);
  } else {
    findings.pass(kNodeCannotOpen, subject, uverbs.path + " opens", evidence);
  }
}

void judge_node_mode(const UverbsNode& uverbs, const std::string& subject, Findings& findings) {
  if (!uverbs.mode) {
    findings.unknown(kNodeRestrictedMode, subject, "its mode could not be read",
                     {"", "0666", uverbs.path});
    return;
  }
  const Evidence evidence{octal(*uverbs.mode), "0666", uverbs.path};
  if ((*uverbs.mode & 0666) == 0666) {
    findings.pass(kNodeRestrictedMode, subject, "every user may open it", evidence);
    return;
  }
  constexpr int kOfGroup = 0660;
  const int group = uverbs.group.value_or(0);
  if ((*uverbs.mode & kOfGroup) == kOfGroup && group != 0) {  // nobody does that by accident
    findings.pass(kNodeRestrictedMode, subject, fmt::format("group {} may open it", group),
                  evidence);
    return;
  }
  findings.fail(kNodeRestrictedMode, subject,
                fmt::format("{} has mode {}", uverbs.path, evidence.observed), evidence,
                is_made_of(uverbs.name)
                    ? ShellCommand{"sudo chmod 0666 /dev/infiniband/{}", uverbs.name}
                    : ShellCommand{});
}

// A copy of a machine's files rarely holds its device nodes: making one takes root. A directory
// stands for none: docker -v makes one where no node was.
void judge_stand_in(const std::string& subject, Findings& findings) {
  for (const Check* check : {&kNodeWrongNumber, &kNodeCannotOpen, &kNodeRestrictedMode}) {
    findings.not_applicable(*check, subject, "a file stands for the node in this sysroot");
  }
}

void judge_node(const Node& node, const RdmaDevice& device, Findings& findings) {
  const std::string subject = device.address.to_text();
  const bool present = device.uverbs && device.uverbs->present;
  if (const Unseen* unseen = device.uverbs.unreadable()) {
    findings.unknown(kNodeMissing, subject,
                     fmt::format("which uverbs device is its own could not be read: {}: {}",
                                 unseen->what, unseen->reason),
                     {"", "a character device", "/sys/class/infiniband_verbs"});
    return;
  }
  if (!present) {
    findings.fail(kNodeMissing, subject,
                  device.uverbs ? device.uverbs->path + " is missing"
                                : "the kernel offers no uverbs device for " + device.name,
                  {"absent", "a character device",
                   device.uverbs ? device.uverbs->path : "/sys/class/infiniband_verbs"},
                  device.uverbs ? make_node_command(*device.uverbs)
                                : ShellCommand{"sudo modprobe ib_uverbs", ""});
    return;
  }
  findings.pass(kNodeMissing, subject, device.uverbs->path + " is there",
                {"present", "present", device.uverbs->path});
  const bool is_file =
      device.uverbs->regular_file.value_or(device.uverbs->character_device == false);
  if (!node.live && is_file) {
    judge_stand_in(subject, findings);
    return;
  }
  judge_node_number(*device.uverbs, subject, findings);
  judge_node_open(node, *device.uverbs, subject, findings);
  judge_node_mode(*device.uverbs, subject, findings);
}

void judge_given(const Given& given, const std::optional<int>& wanted, Findings& findings) {
  const std::string words = fmt::format("{} of the node's {} EFA devices", given.devices, given.of);
  const Evidence evidence{std::to_string(given.devices), wanted ? std::to_string(*wanted) : "",
                          "/dev/infiniband"};
  if (!wanted) {
    findings.not_applicable(kNodeNotGiven, kNodeSubject,
                            fmt::format("this container ({}) was given {}", given.container, words),
                            evidence);
  } else if (given.devices < *wanted) {
    findings.fail(kNodeNotGiven, kNodeSubject,
                  fmt::format("this container ({}) was given only {}, not {}", given.container,
                              words, evidence.expected),
                  evidence);
  } else {
    findings.pass(kNodeNotGiven, kNodeSubject, "this container was given " + words, evidence);
  }
}

void judge_names(const Node& node, const RdmaDevice& device, Findings& findings) {
  if (!device.name.starts_with("efa_")) return;
  const Check& check = kRdmaNameNotPersistent;
  const std::string subject = device.address.to_text();
  const std::optional<std::string>& rule = node.software.facts.rename_rule;
  if (has_files_of_container(node)) {
    findings.not_applicable(check, subject, kFilesOfContainer);
  } else if (rule) {
    findings.fail(check, subject,
                  fmt::format("is named {} although a udev rule renames", device.name),
                  {device.name, "a name made from the PCI address", *rule});
  } else if (node.software.outcome.status == ProbeStatus::kOk) {
    findings.not_applicable(check, subject, "no udev rule renames RDMA devices here");
  } else {
    findings.unknown(check, subject, "whether a udev rule renames could not be read");
  }
}

// They are a part of some instance types (p6-b200), and no fault beside an EFA that works.
void judge_foreign(const Node& node, Findings& findings) {
  const Check& check = kRdmaForeignDevices;
  const std::string names = join(node.rdma.facts.foreign, ", ");
  const std::string unidentified = join(node.rdma.facts.unidentified, ", ");
  const Evidence evidence{names, "none, or EFA works beside them", "/sys/class/infiniband"};
  if (!unidentified.empty()) {
    findings.unknown(check, kNodeSubject, "could not be read whether EFA: " + unidentified);
  } else if (names.empty() && node.rdma.outcome.status != ProbeStatus::kOk) {
    findings.unknown(check, kNodeSubject, "RDMA devices could not all be listed");
  } else if (!names.empty() && !node.rdma.facts.devices.empty() && libfabric_lists_none(node) &&
             node.limits.facts.from_container == true) {
    findings.unknown(check, kNodeSubject, "seen from a pod with foreign devices: " + names,
                     evidence);
  } else if (!names.empty() && !node.rdma.facts.devices.empty() && libfabric_lists_none(node)) {
    findings.fail(check, kNodeSubject,
                  "libfabric lists no EFA device, and these are none: " + names, evidence);
  } else if (!names.empty()) {
    findings.pass(check, kNodeSubject, "beside EFA: " + names, evidence);
  }
}

}  // namespace

void judge_rdma(const Node& node, const Expectation& expectation, Findings& findings) {
  if (expectation.given) judge_given(*expectation.given, expectation.exactly, findings);
  for (const PciFunction& function : node.pci.facts.efa) {
    judge_registered(node, function, findings);
  }
  for (const RdmaDevice& device : node.rdma.facts.devices) {
    judge_answer(node, device, findings);
    judge_gid(device, findings);
    judge_node(node, device, findings);
    judge_names(node, device, findings);
  }
  judge_foreign(node, findings);
}

}  // namespace efa
