// The checks of RDMA devices and their nodes: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr const char* kPassDevices =
    "Ask for them where the container is described: vpc.amazonaws.com/efa under resources "
    "(requests and limits) of a pod, --device /dev/infiniband/uverbsN for each with Docker, "
    "devices of linuxParameters in ECS.";

inline constexpr Check kRdmaNotRegistered{
    .code = "rdma.not-registered",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kRdma,
    .may_come_late = true,
    .title = "The driver is bound but offers no RDMA device",
    .meaning = "No process can use the device.",
    .seen_by = "No entry of /sys/class/infiniband has this PCI function as its device.",
    .remedy =
        "Load ib_uverbs, then rebind the device, which no process can hold; if it stays, the "
        "kernel log says why.",
    .causes = {"kernel.uverbs-not-loaded", "pci.config-space-dead", "log.driver-crash",
               "kernel.driver-stuck", "driver.probe-failed"},
};

inline constexpr Check kRdmaCountersHang{
    .code = "rdma.counters-hang",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kVerbs,
    .takes_neighbours = true,
    .title = "An EFA device does not answer the driver's commands",
    .meaning =
        "Every process that opens the device waits up to 30 s and fails; libfabric may list no "
        "device at all because of it.",
    .seen_by =
        "Reading ports/1/hw_counters, which asks the device itself, did not end in time: the "
        "driver holds the reader, whom no signal can end, and no other probe was answered.",
    .remedy =
        "Drain the node, then stop and start the instance, or replace it. Until then keep jobs off "
        "it.",
    .command = "sudo dmesg | grep -i 'efa.*admin'",
    .drain_first = true,
    .causes = {"pci.config-space-dead", "log.driver-crash"},
};

inline constexpr Check kRdmaCountersSlow{
    .code = "rdma.counters-slow",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "The counters of an EFA device could not be read in time",
    .meaning =
        "They are unknown in this pass; nothing is wrong with the device as far as was seen.",
    .seen_by =
        "Reading hw_counters did not end in time, and the kernel does not show that the device is "
        "why: the reader was in line for a CPU, or another probe was answered.",
    .remedy =
        "Nothing when it is rare: the next pass asks again. Else leave the agent a CPU: "
        "CPUAffinity= in a drop-in of efa-doctor.service.",
    .command = "cat /proc/pressure/cpu",
    .causes = {"rdma.counters-hang", "verbs.hang"},
};

inline constexpr Check kRdmaCountersFail{
    .code = "rdma.counters-fail",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kVerbs,
    .takes_neighbours = true,
    .title = "An EFA device fails the driver's commands",
    .meaning =
        "Processes cannot open or use the device; after one command timed out the driver fails all "
        "later ones until the device is rebound.",
    .seen_by =
        "Reading ports/1/hw_counters gives an error by which the driver says that the device does "
        "not answer: ENODEV, ENXIO, EIO, ETIME, ETIMEDOUT.",
    .remedy =
        "Drain the node, then rebind the device: a process that holds it would lose it, as the "
        "kernel does not refuse. If it fails again, stop and start or replace the instance.",
    .drain_first = true,
    .causes = {"pci.config-space-dead", "rdma.counters-hang"},
};

inline constexpr Check kRdmaCounterUnreadable{
    .code = "rdma.counter-unreadable",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "Single counters of an EFA device could not be read",
    .meaning = "Their growth is not watched; it says nothing of the device.",
    .seen_by = "A file of hw_counters is no number, or may not be read.",
    .remedy = "Nothing when it is rare; else report it with a recording: efa-doctor record FILE.",
    .causes = {"rdma.counters-hang", "rdma.counters-fail"},
};

inline constexpr Check kRdmaNoGid{
    .code = "rdma.no-gid",
    .severity = Severity::kWarning,
    .actor = Actor::kAwsSupport,
    .title = "An EFA device has no address of its own",
    .meaning = "Peers cannot reach the device.",
    .seen_by = "gids/0 is not fe80::/64 with the MAC of a network interface.",
    .remedy = "Drain the node, then rebind the device; if it stays, replace the instance.",
    .drain_first = true,
    .causes = {"pci.config-space-dead"},
};

inline constexpr Check kRdmaForeignDevices{
    .code = "rdma.foreign-devices",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "RDMA devices that are not EFA, and libfabric lists none that is",
    .meaning =
        "One of them that libfabric cannot open keeps it from listing any device; where EFA works "
        "beside them nothing is wrong.",
    .seen_by =
        "/sys/class/infiniband has entries whose PCI function is not 1d0f:efaX, and fi_getinfo(3) "
        "offers no EFA device.",
    .remedy =
        "Repair what else fails first. In a container: pass in the EFA device nodes only, and no "
        "directory /dev/infiniband of the host.",
    .causes = {"fabric.foreign-device"},
};

inline constexpr Check kRdmaNameNotPersistent{
    .code = "rdma.name-not-persistent",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "An EFA device has a kernel name that can change",
    .meaning = "Scripts that name devices break when the driver is reloaded.",
    .seen_by = "The name starts with efa_ although the udev rule that renames is installed.",
    .remedy = "Let udev's rule rename it; key on PCI addresses.",
    .command =
        "sudo udevadm trigger --action=add --subsystem-match=infiniband --sysname-match='efa_*' && "
        "sudo udevadm settle",
};

inline constexpr Check kNodeMissing{
    .code = "node.missing",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kNode,
    .may_come_late = true,
    .takes_neighbours = true,
    .title = "The device node of an EFA device is missing",
    .meaning = "No process can open the device.",
    .seen_by =
        "The kernel has a uverbs device, but /dev/infiniband has no node for it; or it has none.",
    .remedy =
        "Make the node with the numbers that the kernel gives it: udev sets rights, the kernel "
        "makes nodes, once. Then find what removed it.",
    .in_container = kPassDevices,
    .causes = {"kernel.uverbs-not-loaded"},
};

inline constexpr Check kNodeNotGiven{
    .code = "node.not-given",
    .severity = Severity::kCritical,
    .actor = Actor::kJobOwner,
    .rung = Rung::kExpected,
    .title = "This container was given fewer EFA devices than configured",
    .meaning = "Processes in it use fewer devices, or TCP; the node has more.",
    .seen_by =
        "In a container: /dev/infiniband has fewer nodes of EFA devices than --expect or expect in "
        "config.toml says, while the kernel has more of them.",
    .remedy = kPassDevices,
};

inline constexpr Check kNodeWrongNumber{
    .code = "node.wrong-number",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kNode,
    .title = "The device node of an EFA device leads elsewhere",
    .meaning = "Processes open another device, or none.",
    .seen_by = "The node is no character device, or its numbers differ from those in sysfs.",
    .remedy = "Remove the node and make it anew with the numbers that the kernel gives it.",
    .in_container =
        "Start the container anew: the devices got other numbers since. Its devices are named "
        "where the container is described: vpc.amazonaws.com/efa under resources (requests and "
        "limits) of a pod, --device /dev/infiniband/uverbsN for each with Docker, devices of "
        "linuxParameters in ECS.",
};

inline constexpr Check kNodeCannotOpen{
    .code = "node.cannot-open",
    .severity = Severity::kCritical,
    .actor = Actor::kNodeOperator,
    .rung = Rung::kNode,
    .takes_neighbours = true,
    .title = "The device node of an EFA device cannot be opened",
    .meaning = "Processes like this one cannot use the device.",
    .seen_by = "open(2) for reading and writing fails.",
    .remedy =
        "EACCES: set the node's mode to 0666. EPERM: allow the device in the cgroup, or set the "
        "RDMA namespaces to shared. ENXIO, EIO: the device is going away.",
    .command = "ls -l /dev/infiniband",
    .in_container =
        "EPERM: the container was not given the device. Ask for it where the container is "
        "described: vpc.amazonaws.com/efa under resources (requests and limits) of a pod, --device "
        "/dev/infiniband/uverbsN for each with Docker, devices of linuxParameters in ECS. EACCES: "
        "let its user be in the group of the node. ENXIO, EIO: the device is going away.",
    .causes = {"node.restricted-mode", "kernel.rdma-netns-exclusive", "node.wrong-number"},
};

inline constexpr Check kNodeRestrictedMode{
    .code = "node.restricted-mode",
    .severity = Severity::kWarning,
    .actor = Actor::kImageOwner,
    .may_come_late = true,
    .title = "Only some users may open an EFA device",
    .meaning = "Jobs of other users cannot use the device.",
    .seen_by =
        "The node's mode lacks reading or writing for all (udev of rdma-core sets 0666), and for "
        "any group but root's.",
    .remedy =
        "Set the mode to 0666 and correct the udev rule that sets another; or give the node to the "
        "group of those who may, with mode 0660.",
    .in_container =
        "Run the container as a user or group that may open the node, or set its mode to 0666 on "
        "the node that runs the container.",
};

inline constexpr const Check* kRdmaChecks[] = {
    &kRdmaNotRegistered,     &kRdmaCountersHang, &kRdmaCountersSlow,   &kRdmaCountersFail,
    &kRdmaCounterUnreadable, &kRdmaNoGid,        &kRdmaForeignDevices, &kRdmaNameNotPersistent,
    &kNodeMissing,           &kNodeNotGiven,     &kNodeWrongNumber,    &kNodeCannotOpen,
    &kNodeRestrictedMode};

struct Node;
struct Expectation;
class Findings;
void judge_rdma(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
