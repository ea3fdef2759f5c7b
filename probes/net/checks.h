// The checks of network interfaces: their codes and texts. A code is API: never renamed, never
// reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kNetNoPolicyRouting{
    .code = "net.no-policy-routing",
    .severity = Severity::kInfo,
    .actor = Actor::kImageOwner,
    .title = "Several interfaces are in one subnet without policy routing",
    .meaning =
        "EFA works; answers of TCP (ssh, the start of a job) leave by another interface than they "
        "came by, and are dropped.",
    .seen_by =
        "Two interfaces with an address each are in one subnet-id of the metadata, and the kernel "
        "has no routing rule but its own three; that rp_filter is strict is told.",
    .remedy =
        "Use interfaces of type efa-only beyond the first, which have no address; or the system's "
        "tool for routes of several interfaces (amazon-ec2-net-utils, netplan's routing-policy).",
    .command = "ip rule; ip -4 route show table all",
};

inline constexpr Check kNetInterfaceDown{
    .code = "net.interface-down",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "The network interface beside an EFA device is not up, or lacks its address",
    .meaning = "EFA works; TCP does not go by this interface, though AWS gave it an address.",
    .seen_by =
        "The metadata gives the interface of the device's MAC an address; its operstate is not up, "
        "no interface has that MAC, or it has no IPv4 address of those that AWS gave it.",
    .remedy =
        "Bring it up (DHCP gives it its address), or use interfaces of type efa-only, which have "
        "none.",
    .command = "ip -br link",
};

inline constexpr const Check* kNetChecks[] = {&kNetNoPolicyRouting, &kNetInterfaceDown};

struct Node;
struct Expectation;
class Findings;
void judge_net(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
