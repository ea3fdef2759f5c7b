// The checks of a fleet's instances: their interfaces and where they are. A code is API: never
// renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountInterfaceType{
    .code = "account.interface-type",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The instance has no EFA interface, others of its type in the fleet have",
    .meaning = "It has no EFA device: jobs on it use TCP, or do not start.",
    .seen_by =
        "DescribeInstances: no interface has interfaceType efa or efa-only, and those of another "
        "instance of the same type have.",
    .remedy =
        "Set InterfaceType efa or efa-only in the launch template, drain the instance and replace "
        "it: "
        "an interface does not change its type.",
    .drain_first = true,
};

inline constexpr Check kAccountInterfaceFewer{
    .code = "account.interface-fewer",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The instance has fewer EFA interfaces than it can have",
    .meaning = "Jobs get a part of the network that is paid for.",
    .seen_by =
        "DescribeInstances and DescribeInstanceTypes: fewer than another instance of the type in "
        "the fleet, or than EfaInfo.MaximumEfaInterfaces.",
    .remedy =
        "Name an EFA interface for each network card that can have one in the launch template; "
        "drain "
        "the instance and replace it.",
    .drain_first = true,
};

inline constexpr Check kAccountInterfaceLayout{
    .code = "account.interface-layout",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "EFA interfaces are not attached as AWS describes",
    .meaning = "A device may be missing on the node, or share a network card with another.",
    .seen_by =
        "DescribeInstances: two EFA interfaces have one networkCardIndex, an efa-only interface is "
        "device 0 of card 0, or the status of an attachment is not attached.",
    .remedy =
        "In the launch template give each EFA interface a network card of its own and card 0, "
        "device 0 an interface with an address; then drain the instance and replace it.",
    .drain_first = true,
};

inline constexpr Check kAccountTenancy{
    .code = "account.tenancy",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The instance type has no EFA on dedicated hardware",
    .meaning = "EFA does not work on it.",
    .seen_by =
        "DescribeInstances: tenancy dedicated or host, of c7g.16xlarge, m7g.16xlarge or "
        "r7g.16xlarge, which have EFA with default tenancy only.",
    .remedy = "Drain it and launch another with default tenancy.",
    .drain_first = true,
};

inline constexpr const Check* kAccountInterfaceChecks[] = {
    &kAccountInterfaceType, &kAccountInterfaceFewer, &kAccountInterfaceLayout, &kAccountTenancy};

inline constexpr Check kAccountZoneDiffers{
    .code = "account.zone-differs",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The fleet's EFA interfaces are in several zones or VPCs",
    .meaning =
        "EFA leaves neither its Availability Zone nor its VPC: they cannot reach each other.",
    .seen_by =
        "DescribeInstances: the zone of the instance and the VPCs of its EFA interfaces are not "
        "those of most of the fleet.",
    .remedy =
        "Launch the nodes of a job in one Availability Zone and VPC; a fleet that is meant to span "
        "zones is asked for zone by zone.",
    .drain_first = true,
};

inline constexpr Check kAccountSubnetDiffers{
    .code = "account.subnet-differs",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The fleet's EFA interfaces are in subnets of several VPCs",
    .meaning = "EFA passes between subnets of one zone and VPC, not between VPCs.",
    .seen_by = "DescribeInstances: the subnets of the EFA interfaces, and their VPCs.",
    .remedy = "Launch the nodes of a job with all EFA interfaces in subnets of one VPC.",
    .drain_first = true,
    .causes = {"account.zone-differs"},
};

inline constexpr Check kAccountPlacementGroup{
    .code = "account.placement-group",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The instance is in no cluster placement group",
    .meaning = "Latency to other nodes may be higher; AWS recommends one for EFA.",
    .seen_by = "DescribeInstances and DescribePlacementGroups: the group and its strategy.",
    .remedy = "Launch the nodes of a job into one placement group of strategy cluster.",
};

inline constexpr Check kAccountPlacementGroupDiffers{
    .code = "account.placement-group-differs",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The fleet is in several cluster placement groups",
    .meaning = "Nodes of different groups may be far apart: jobs that span them are slower.",
    .seen_by = "DescribeInstances and DescribePlacementGroups: not the group of most of the fleet.",
    .remedy = "Launch the nodes of a job into one placement group.",
};

inline constexpr Check kAccountCapacityEnds{
    .code = "account.capacity-ends",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The capacity reservation ends",
    .meaning =
        "AWS ends instances of a capacity block with it; others go on without the reserved "
        "capacity and price.",
    .seen_by =
        "DescribeCapacityReservations: it is not active, or ends within 24 hours (critical: within "
        "one).",
    .remedy = "Save what the jobs have, and extend the reservation or let no new job start.",
};

inline constexpr const Check* kAccountPlaceChecks[] = {
    &kAccountZoneDiffers, &kAccountSubnetDiffers, &kAccountPlacementGroup,
    &kAccountPlacementGroupDiffers, &kAccountCapacityEnds};

struct AccountFacts;
class Findings;
void judge_account_interfaces(const AccountFacts& facts, Findings& findings);
void judge_account_places(const AccountFacts& facts, Findings& findings);

}  // namespace efa
