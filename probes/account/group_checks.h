// The checks of what security groups let through: their codes and texts. A code is API: never
// renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountNoIngress{
    .code = "account.security-group-no-ingress",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "No inbound rule lets EFA through",
    .meaning = "No EFA packet reaches the node; every device on it looks well.",
    .seen_by =
        "DescribeSecurityGroupRules: no group of an EFA interface has an inbound rule of protocol "
        "-1 from a group that the fleet's EFA interfaces are in. A range of addresses or a prefix "
        "list is none: EFA's addresses are not IP.",
    .remedy =
        "Add an inbound rule for all protocols from the group itself. It holds at once, also for "
        "nodes that run.",
    .causes = {"account.security-group-differs"},
};

inline constexpr Check kAccountNoEgress{
    .code = "account.security-group-no-egress",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "No outbound rule lets EFA through",
    .meaning =
        "No EFA packet leaves the node; every device on it looks well, and libfabric reports "
        "unreachable peers (4126).",
    .seen_by =
        "DescribeSecurityGroupRules: no group of an EFA interface has an outbound rule of protocol "
        "-1 to a group that the fleet's EFA interfaces are in. 0.0.0.0/0 is none: EFA's addresses "
        "are not IP.",
    .remedy =
        "Add an outbound rule for all protocols to the group itself, and leave that to 0.0.0.0/0 "
        "as it is: SSM and S3 need it. In CDK make two groups: one with allowAllOutbound false and "
        "connections.allowInternally(Port.allTraffic()) for every EFA interface, one for IP. "
        "CloudFormation is reported to remove an outbound 0.0.0.0/0 when a SecurityGroupEgress is "
        "added to the same group.",
    .causes = {"account.security-group-differs"},
};

inline constexpr Check kAccountUndocumented{
    .code = "account.security-group-undocumented",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "EFA is let through in a way that AWS does not document",
    .meaning =
        "Rules that are split over two groups, or that refer to the peers' group, allow both "
        "directions; whether EFA passes by them AWS does not say.",
    .seen_by =
        "DescribeSecurityGroupRules: both directions have a rule of protocol -1 between groups, "
        "but no one group refers to itself in both and is held by both sides.",
    .remedy =
        "Give all EFA interfaces of the fleet one group with an inbound and an outbound rule for "
        "all protocols that refer to the group itself.",
};

inline constexpr Check kAccountDiffers{
    .code = "account.security-group-differs",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "EFA interfaces of the fleet share no security group that lets EFA through",
    .meaning = "They cannot reach each other: jobs that span them hang or fail.",
    .seen_by =
        "DescribeInstances: the groups of these EFA interfaces and of others in the fleet have no "
        "group in common that refers to itself, and no rules for each other.",
    .remedy =
        "Give all EFA interfaces of the fleet one common group: in the launch template for new "
        "instances, with modify-network-interface-attribute --groups for those that run. Fleets "
        "that do not work together are asked for one by one.",
};

inline constexpr Check kAccountProtocol{
    .code = "account.security-group-protocol",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The rule between EFA interfaces is for one protocol",
    .meaning =
        "EFA is neither TCP nor UDP: a rule for those, or for ports, does not let it through.",
    .seen_by =
        "DescribeSecurityGroupRules: where no rule of protocol -1 lets EFA through, one for "
        "another protocol refers to a group of the fleet.",
    .remedy = "Replace the rule by one for all protocols (-1) and the same group.",
};

inline constexpr const Check* kAccountGroupChecks[] = {&kAccountNoIngress, &kAccountNoEgress,
                                                       &kAccountUndocumented, &kAccountDiffers,
                                                       &kAccountProtocol};

struct AccountFacts;
class Findings;
void judge_account_groups(const AccountFacts& facts, Findings& findings);

}  // namespace efa
