// The checks of what AWS says of the instance: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/judging/check.h"
#include "probes/judging/installer.h"

namespace efa {

inline constexpr Check kCloudMetadataUnreachable{
    .code = "cloud.metadata-unreachable",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The instance metadata service does not answer",
    .meaning = "Security groups, placement and interfaces of this node are unknown.",
    .seen_by = "A token was asked for with PUT /latest/api/token (IMDSv2) on an EC2 instance.",
    .remedy =
        "Enable the instance's metadata endpoint. A container without the host's network needs a "
        "hop limit of 2, with which every container gets at the role's credentials: rather give "
        "efa-doctor the host's network.",
    .command =
        "aws ec2 modify-instance-metadata-options --region REGION --instance-id INSTANCE_ID "
        "--http-endpoint enabled",
};

inline constexpr Check kCloudTypeNotKnown{
    .code = "cloud.type-not-known",
    .severity = Severity::kInfo,
    .actor = Actor::kNodeOperator,
    .title = "This version does not know how many EFA devices the instance type can have",
    .meaning = "Fewer would not be noticed; with expect = \"max\" the verdict is unknown.",
    .seen_by =
        "instance-type of the metadata service or DMI is not in instance-types.json, or without a "
        "number.",
    .remedy =
        "Say how many devices the node should have with expect in config.toml, or install a newer "
        "efa-doctor.",
};

inline constexpr Check kCloudCapableTypeUnused{
    .code = "cloud.capable-type-unused",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The instance type can have EFA, the node has none",
    .meaning = "Jobs on this node use TCP.",
    .seen_by =
        "No EFA device on a type that instance-types.json gives EFA. That the image carries the "
        "EFA driver or installer says nothing: most do.",
    .remedy =
        "Nothing if no EFA is meant; else attach EFA interfaces in the launch template, for new "
        "instances, and say expect = \"max\" in config.toml, so that a node without them is "
        "unhealthy.",
    .in_auto_mode = kAskForEfa,
};

inline constexpr Check kCloudRailsUnused{
    .code = "cloud.rails-unused",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .may_come_late = true,
    .title = "No EFA device on an instance type that is sold for them",
    .meaning = "Jobs between nodes use TCP, at a fraction of the bandwidth that is paid for.",
    .seen_by =
        "No EFA device on a type that instance-types.json says has rails, and expect in "
        "config.toml does not say that none is meant.",
    .remedy =
        "Attach EFA interfaces in the launch template, for new instances (on p6-b300 network card "
        "0 takes none); where none is meant (an image that is being built), say expect = \"none\" "
        "in config.toml.",
    .in_auto_mode = kAskForEfa,
};

inline constexpr Check kCloudNoCommonSecurityGroup{
    .code = "cloud.no-common-security-group",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The EFA interfaces of this node share no security group",
    .meaning =
        "EFA traffic passes only inside one group that allows all traffic to and from itself; "
        "devices of different groups cannot reach the same peers.",
    .seen_by = "security-group-ids of the EFA interfaces in the metadata have no id in common.",
    .remedy = "Give all EFA interfaces of the job's nodes one common security group.",
    .causes = {"account.security-group-differs", "cloud.several-vpcs"},
};

inline constexpr Check kCloudRulesNotSeen{
    .code = "cloud.rules-not-seen",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "A node does not see the rules of its security groups",
    .meaning =
        "Without a rule for all traffic from the group itself and one to it, no EFA packet passes, "
        "and every device looks well; an outbound 0.0.0.0/0 is no such rule.",
    .seen_by = "Nothing on the node or in its metadata tells rules; the EC2 API does.",
    .remedy =
        "efa-doctor account asks for them (rights: iam-describe.json). By hand: look for two rules "
        "of protocol -1 that name the group itself, one with IsEgress false and one with true.",
    .command =
        "aws ec2 describe-security-group-rules --region REGION "
        "--filters \"Name=group-id,Values=$GROUP_ID\"",
};

inline constexpr Check kCloudNotSeenFromHere{
    .code = "cloud.not-seen-from-here",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "A node does not see its peers, nor all that AWS knows of it",
    .meaning =
        "EFA passes within one Availability Zone, and not between P4d and other families; "
        "versions can differ too far; some types have no EFA on dedicated hardware. Every device "
        "looks well then.",
    .seen_by =
        "Nothing on the node or in its metadata tells of other nodes, of its tenancy or of the "
        "strategy of its placement group.",
    .remedy =
        "efa-doctor pair compares two nodes, mesh those of a job; efa-doctor account tells zones, "
        "tenancy and placement of a fleet; version-drift.sql compares versions in stored reports.",
};

inline constexpr Check kCloudSeveralVpcs{
    .code = "cloud.several-vpcs",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The EFA interfaces of this node are in different VPCs",
    // subnets may differ: that all be in one was AWS's rule until 2023 (EC2 User Guide)
    .meaning = "EFA traffic does not leave its VPC: such devices cannot reach the same peers.",
    .seen_by = "vpc-id of the EFA interfaces in the metadata.",
    .remedy = "Launch the nodes of a job with all EFA interfaces in subnets of one VPC.",
    .causes = {"account.zone-differs"},
};

inline constexpr Check kCloudCardShared{
    .code = "cloud.card-shared",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "Two EFA interfaces are on one network card",
    .meaning = "AWS allows one EFA on a network card: what the metadata says is strange.",
    .seen_by = "network-card of the EFA interfaces in the metadata.",
    .remedy = "Give each EFA interface a NetworkCardIndex of its own in the launch template.",
};

inline constexpr Check kCloudMacNotListed{
    .code = "cloud.mac-not-listed",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "AWS does not list the interface of an EFA device",
    .meaning = "Which groups, subnet and VPC the device is in cannot be told.",
    .seen_by =
        "The MAC in the device's GID is none of network/interfaces/macs of the metadata; all "
        "others were told.",
    .remedy =
        "Compare the node's GIDs with its network interfaces in EC2; an interface that was just "
        "attached or detached appears with the next pass.",
    .command = "cat /sys/class/infiniband/*/ports/1/gids/0",
};

inline constexpr Check kCloudNoPlacementGroup{
    .code = "cloud.no-placement-group",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The instance is in no placement group",
    .meaning = "Latency to other nodes may be higher; AWS recommends a cluster placement group.",
    .seen_by = "placement/group-name of the metadata service does not exist.",
    .remedy = "Launch the nodes of a job into one cluster placement group.",
};

inline constexpr Check kCloudSpotEnds{
    .code = "cloud.spot-ends",
    .severity = Severity::kInfo,
    .actor = Actor::kJobOwner,
    .title = "AWS takes this spot instance back",
    .meaning = "Jobs on it end within two minutes, and peers see a device that does not respond.",
    .seen_by = "spot/instance-action of the metadata service exists.",
    .remedy = "Save what the job has and let no new one start here.",
};

// Of another probe, which is not included here.
inline constexpr std::string_view kVanished = "pci.device-vanished";

inline constexpr Check kCloudInterfaceNotOnPci{
    .code = "cloud.interface-not-on-pci",
    .severity = Severity::kCritical,
    .actor = Actor::kAwsSupport,
    .rung = Rung::kPci,
    .may_come_late = true,
    .title = "AWS has attached an EFA interface of which the machine has no device",
    .meaning = "One device fewer than paid for; jobs that use every rail run on fewer or fail.",
    .seen_by =
        "The metadata lists an interface without an IP address, which only an efa-only one is; no "
        "EFA device has its MAC, and no function on PCI is left that it could be.",
    .remedy = "Drain the node, then stop and start the instance, or replace it.",
    .drain_first = true,
    .causes = {kVanished, "account.interface-lost"},
};

inline constexpr const Check* kCloudChecks[] = {&kCloudMetadataUnreachable, &kCloudTypeNotKnown,
                                                &kCloudCapableTypeUnused,   &kCloudRailsUnused,
                                                &kCloudNoPlacementGroup,    &kCloudSpotEnds};
inline constexpr const Check* kCloudInterfaceChecks[] = {
    &kCloudNoCommonSecurityGroup, &kCloudRulesNotSeen, &kCloudNotSeenFromHere,
    &kCloudSeveralVpcs,           &kCloudCardShared,   &kCloudMacNotListed,
    &kCloudInterfaceNotOnPci};

struct Node;
struct Expectation;
class Findings;
void judge_cloud(const Node& node, const Expectation& expectation, Findings& findings);
void judge_cloud_interfaces(const Node& node, const Expectation& expectation, Findings& findings);

}  // namespace efa
