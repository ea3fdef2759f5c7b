// The checks of PCI functions and their drivers: their codes and texts. A code is API: never
// renamed, never reused.
#pragma once

#include "probes/judging/check.h"
#include "probes/judging/installer.h"

namespace efa {

// INSTANCE_ID and REGION are filled in (probes/judging/remedy.cpp).
inline constexpr const char* kListInterfaces =
    "aws ec2 describe-instances --region REGION --instance-ids INSTANCE_ID --output table --query "
    "'Reservations[].Instances[].NetworkInterfaces[].[NetworkInterfaceId,InterfaceType,"
    "Attachment.NetworkCardIndex]'";
inline constexpr const char* kLifecycle =
    "aws ec2 describe-instances --region REGION --instance-ids INSTANCE_ID --query "
    "'Reservations[].Instances[].[InstanceLifecycle,RootDeviceType,"
    "Tags[?Key==`aws:autoscaling:groupName`].Value]'";

// AWS has attached an interface that has no device. Of another probe, which is not included here.
inline constexpr std::string_view kInterfaceLost = "cloud.interface-not-on-pci";

inline constexpr Check kPciNoneFound{
    .code = "pci.none-found",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .rung = Rung::kAttached,
    .may_come_late = true,
    .title = "No EFA device on a node that should have one",
    .meaning = "No process on this node can use EFA; jobs fall back to TCP or fail.",
    .seen_by = "/sys/bus/pci/devices has no function 1d0f:efaX while one is expected.",
    .remedy =
        "Give the launch template, or this instance once it is drained and stopped, network "
        "interfaces of type efa or efa-only; interfaces of type interface carry no EFA.",
    .command = kListInterfaces,
    .in_auto_mode = kAskForEfa,
    .causes = {"node.not-given", "pci.device-vanished", kInterfaceLost, "account.interface-lost",
               "account.interface-type"},
};

// The same on an instance type that cannot have EFA.
inline constexpr Check kPciNoneFoundOnThisType = [] {
  Check check = kPciNoneFound;
  check.remedy =
      "Launch an instance type that can have EFA, with interfaces of type efa or efa-only; or say "
      "expect = \"none\" in config.toml.";
  check.command =
      "aws ec2 describe-instance-types --region REGION "
      "--filters Name=network-info.efa-supported,Values=true --query "
      "'InstanceTypes[].InstanceType'";
  return check;
}();

inline constexpr Check kPciFewerThanExpected{
    .code = "pci.fewer-than-expected",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .rung = Rung::kExpected,
    .may_come_late = true,
    .title = "Fewer EFA devices than configured",
    .meaning = "Jobs that use every rail run on fewer, or fail to start.",
    .seen_by =
        "The number of functions 1d0f:efaX is below --expect or expect in config.toml; with max, "
        "none of those with which the instance type is whole, nor above them.",
    .remedy =
        "Attach one EFA interface for each network card in the launch template (to this instance "
        "once it is drained and stopped), or correct the expected number.",
    .command = kListInterfaces,
    .in_auto_mode = kAskForEfa,
    .causes = {"node.not-given", "pci.none-found", "pci.device-vanished", kInterfaceLost,
               "account.interface-lost", "account.interface-fewer"},
};

inline constexpr Check kPciFewerThanMaximum{
    .code = "pci.fewer-than-maximum",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .may_come_late = true,
    .title = "Fewer EFA devices than the instance type can have",
    .meaning = "The node has less network bandwidth than its type offers; every job pays for it.",
    .seen_by =
        "The number of functions 1d0f:efaX is not one with which the instance type is whole: "
        "max_efa_interfaces or, of a type with several layouts, whole_counts in "
        "instance-types.json. Between two, some of the larger layout are missing.",
    .remedy =
        "Attach one EFA interface for each network card in the launch template (to this instance "
        "once it is drained and stopped); if fewer are meant, say so with expect in config.toml. "
        "An instance with several interfaces gets no public address by itself: a launcher that "
        "asks for one may attach a single interface.",
    .command = kListInterfaces,
    .in_auto_mode = kAskForEfa,
    .causes = {"pci.none-found", "pci.device-vanished", kInterfaceLost, "account.interface-lost",
               "account.interface-fewer"},
};

inline constexpr Check kPciDeviceVanished{
    .code = "pci.device-vanished",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kPci,
    .title = "An EFA device that was there since boot is gone",
    .meaning = "Jobs that held the device have lost it; new ones see one rail fewer.",
    .seen_by =
        "A PCI address that an earlier pass or the kernel log of this boot names as an EFA device "
        "is not in /sys/bus/pci/devices.",
    .remedy =
        "Rescan the PCI bus, which leaves the other devices alone; if the device does not return, "
        "drain the node and replace the instance.",
    .command = "echo 1 | sudo tee /sys/bus/pci/rescan",
};

inline constexpr Check kPciConfigSpaceDead{
    .code = "pci.config-space-dead",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kPci,
    .takes_neighbours = true,
    .title = "An EFA device does not answer on PCI",
    .meaning =
        "Whatever touches the device hangs or fails; libfabric may then list no device at all.",
    .seen_by =
        "The first bytes of config in sysfs read ff ff ff ff instead of the vendor and device id.",
    .remedy =
        "Drain the node: stopping ends the jobs on its healthy devices too, and empties instance "
        "store volumes. Then stop and start it; a spot instance, or one of a capacity block or "
        "Auto Scaling group (the command says so), is terminated and replaced instead.",
    .command = kLifecycle,
    .drain_first = true,
};

inline constexpr Check kPciIdUnknown{
    .code = "pci.id-unknown",
    .severity = Severity::kCritical,
    .actor = Actor::kImageOwner,
    .rung = Rung::kDriver,
    .title = "The driver does not know this EFA device's id",
    .meaning = "The device stays without a driver; no process can use it.",
    .seen_by =
        "No alias pci:v00001D0Fd0000<id> of module efa in modules.alias of the running kernel; or "
        "the efa that is loaded is of a version before the first that knows the id.",
    .remedy =
        "Drain the node and install a newer EFA installer, in the image too: 0xefa1 needs driver "
        "1.9, 0xefa2 2.1, 0xefa3 2.12, 0xefa4 3.3.",
    .command = kNewestInstaller,
    .drain_first = true,
    .on_bottlerocket = kNewerBottlerocket,
    .on_suse = kSusesOwnDriver,
    .causes = {"kernel.driver-not-installed", "kernel.driver-stale"},
};

inline constexpr Check kPciDriverOverride{
    .code = "pci.driver-override",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "An EFA device is reserved for another driver",
    .meaning = "The efa driver may not bind to the device.",
    .seen_by = "driver_override in sysfs names a driver other than efa.",
    .remedy =
        "End the virtual machine or DPDK program that holds the device, then clear driver_override "
        "and bind the device to efa. One that is given away on purpose: name it in set_aside of "
        "config.toml.",
    .drain_first = true,
};

inline constexpr Check kDriverWrongDriver{
    .code = "driver.wrong-driver",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .title = "An EFA device is bound to another driver",
    .meaning = "Only the holder of that driver (a virtual machine, DPDK) can use the device.",
    .seen_by = "The driver link in sysfs names a driver other than efa.",
    .remedy =
        "End the virtual machine or DPDK program that holds the device, then unbind it from that "
        "driver and bind it to efa. One that is given away on purpose: name it in set_aside of "
        "config.toml.",
    .drain_first = true,
    .causes = {"pci.driver-override"},
};

// The same where lines of the node's configuration are why.
inline constexpr Check kDriverGivenAwayAtBoot = [] {
  Check check = kDriverWrongDriver;
  check.remedy =
      "End the virtual machine or DPDK program that holds the device. Remove the lines that give "
      "it to vfio-pci: one of modprobe.d also from the initramfs, by making that anew (dracut -f, "
      "update-initramfs -u), an argument from the boot loader's configuration. Then unbind the "
      "device from vfio-pci and bind it to efa. One that is given away on purpose: name it in "
      "set_aside of config.toml.";
  return check;
}();

inline constexpr Check kDriverNotBound{
    .code = "driver.not-bound",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kDriver,
    .may_come_late = true,
    .title = "No driver is bound to an EFA device",
    .meaning = "No process can use the device.",
    .seen_by = "There is no driver link in sysfs although the efa driver is registered.",
    .remedy = "Bind it; if that fails, the kernel log says why.",
    .causes = {"kernel.driver-not-installed", "kernel.driver-blocked", "kernel.driver-not-loaded",
               "kernel.driver-stuck", "pci.id-unknown", "pci.driver-override", "log.driver-crash",
               "driver.probe-failed", "kernel.driver-stale"},
};

inline constexpr Check kDriverProbeFailed{
    .code = "driver.probe-failed",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kDriver,
    .title = "The efa driver could not start an EFA device",
    .meaning = "No process can use the device.",
    .seen_by =
        "The kernel log has the driver's words of a failed probe of this PCI address, and no "
        "driver is bound. The first of them tells the reason, and who acts on it.",
    .remedy =
        "Drain the node and reboot once; if it fails again, stop and start or replace the "
        "instance.",
    .command = "sudo dmesg | grep -i efa",
    .drain_first = true,
    .causes = {"log.driver-crash"},
};

inline constexpr Check kPciNarrowLink{
    .code = "pci.narrow-link",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "The PCIe link of an EFA device is slower than its siblings'",
    .meaning = "The device moves less than its bandwidth.",
    .seen_by =
        "current_link_speed or current_link_width is below that of most EFA devices of the same id "
        "on this node; Unknown is no fault.",
    .remedy = "Drain the node, then stop and start the instance, or replace it.",
    .drain_first = true,
    .causes = {"pci.config-space-dead"},
};

// A placement, no fault: what it costs depends on the job.
inline constexpr Check kPciNumaNodeMissing{
    .code = "pci.numa-node-missing",
    .severity = Severity::kInfo,
    .actor = Actor::kAwsSupport,
    .title = "An EFA device has no NUMA node, and its siblings have one",
    .meaning =
        "Libraries that place processes and memory near a device cannot for this one: what it "
        "moves may cross the sockets.",
    .seen_by =
        "numa_node in sysfs is -1, and a node for most EFA devices of the same id on this machine. "
        "-1 of all is no fault.",
    .remedy =
        "Nothing fails. Where this device is slower than the others, bind its processes to the "
        "CPUs beside it yourself, and give AWS Support the instance.",
    .command = "grep . /sys/bus/pci/drivers/efa/*/numa_node",
};

// efa_main.c asks for BAR 0, BAR 2 and the one of the doorbells before it starts a device.
inline constexpr Check kPciBarsDiffer{
    .code = "pci.bars-differ",
    .severity = Severity::kWarning,
    .actor = Actor::kNodeOperator,
    .title = "The PCI regions (BARs) of an EFA device are unlike its siblings'",
    .meaning =
        "The driver does not start a device that lacks one. Of another size (info) they are no "
        "known fault.",
    .seen_by =
        "A region in resource of sysfs is not assigned, or of another size than those of most EFA "
        "devices of the same id on this machine.",
    .remedy =
        "Drain the node and reboot, so that all regions are assigned anew; if it stays, stop and "
        "start or replace the instance.",
    .command = "sudo dmesg | grep -i BAR",
    .drain_first = true,
    .causes = {"pci.config-space-dead", "driver.probe-failed"},
};

inline constexpr Check kPciBarSizesDiffer = [] {
  Check check = kPciBarsDiffer;
  check.severity = Severity::kInfo;
  check.remedy = "Nothing fails. Where the device misbehaves, give AWS Support the instance.";
  check.command = "grep . /sys/bus/pci/drivers/efa/*/resource";
  check.drain_first = false;
  return check;
}();

// What the kinds of errors mean: Documentation/PCI/pcieaer-howto.rst.
inline constexpr Check kPciCorrectedErrors{
    .code = "pci.corrected-errors",
    .severity = Severity::kInfo,
    .actor = Actor::kAwsSupport,
    .title = "PCIe corrects errors of an EFA device",
    .meaning = "Nothing is lost: what was garbled is sent again, which many of them make slow.",
    .seen_by = "TOTAL_ERR_COR in aer_dev_correctable of sysfs has grown since the pass before.",
    .remedy =
        "Nothing when it is rare. Where it goes on and the device is slow, drain the node, then "
        "stop and start the instance, or replace it.",
    .command = "grep TOTAL /sys/bus/pci/drivers/efa/*/aer_dev_*",
    .causes = {"pci.config-space-dead", "pci.uncorrected-errors"},
};

inline constexpr Check kPciUncorrectedErrors{
    .code = "pci.uncorrected-errors",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "PCIe could not correct an error of an EFA device",
    .meaning =
        "What it moved then is lost; after a fatal one its link cannot be relied on. A job that "
        "used the device may have failed.",
    .seen_by =
        "TOTAL_ERR_NONFATAL in aer_dev_nonfatal or TOTAL_ERR_FATAL in aer_dev_fatal of sysfs has "
        "grown since the pass before.",
    .remedy =
        "If it happens again, drain the node, then stop and start the instance, or replace it.",
    .command = "sudo dmesg | grep -iE 'AER|PCIe Bus Error'",
    .drain_first = true,
    .causes = {"pci.config-space-dead"},
};

inline constexpr const Check* kPciChecks[] = {
    &kPciNoneFound,       &kPciFewerThanExpected, &kPciFewerThanMaximum, &kPciDeviceVanished,
    &kPciConfigSpaceDead, &kPciIdUnknown,         &kPciDriverOverride,   &kDriverWrongDriver,
    &kDriverNotBound,     &kDriverProbeFailed,    &kPciNarrowLink,       &kPciNumaNodeMissing,
    &kPciBarsDiffer,      &kPciCorrectedErrors,   &kPciUncorrectedErrors};

struct Node;
struct Expectation;
class Findings;
void judge_pci(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
