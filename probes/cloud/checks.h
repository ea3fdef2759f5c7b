// The checks of what AWS says of the instance: their codes and texts. A code is API: never renamed,
// never reused.
#pragma once

#include "probes/protocol/check.h"

namespace efa {

inline constexpr Check kCloudChecks[] = {
    {"cloud.metadata-unreachable",
     Severity::kInfo,
     Actor::kAccountOwner,
     Rung::kNone,
     "The instance metadata service does not answer",
     "Security groups, placement and interfaces of this node are unknown.",
     "A token was asked for with PUT /latest/api/token (IMDSv2) on an EC2 instance.",
     "Enable the instance's metadata endpoint; from containers it needs a hop limit of 2.",
     "aws ec2 modify-instance-metadata-options --http-endpoint enabled "
     "--http-put-response-hop-limit 2 --instance-id \"$INSTANCE_ID\"",
     {}},
    {"cloud.type-not-known",
     Severity::kInfo,
     Actor::kNodeOperator,
     Rung::kNone,
     "The instance type is not in this version's table",
     "How many EFA devices the type can have is unknown; fewer would not be noticed.",
     "instance-type of the metadata service or DMI is not in instance-types.json.",
     "Say how many devices the node should have with expect in config.toml, or install a newer "
     "efa-doctor.",
     "",
     {}},
    {"cloud.capable-type-unused",
     Severity::kInfo,
     Actor::kAccountOwner,
     Rung::kNone,
     "The instance type can have EFA, the node shows no sign of it",
     "Jobs on this node use TCP.",
     "No EFA device, driver or EFA installer on a type that instance-types.json gives EFA.",
     "Nothing if no EFA is meant; else attach EFA interfaces and run the EFA installer.",
     "",
     {}},
    {"cloud.no-common-security-group",
     Severity::kWarning,
     Actor::kAccountOwner,
     Rung::kNone,
     "The EFA interfaces of this node share no security group",
     "EFA traffic passes only inside one group that allows all traffic to and from itself; "
     "devices of different groups cannot reach the same peers.",
     "security-group-ids of the EFA interfaces in the metadata have no id in common.",
     "Give all EFA interfaces of the job's nodes one common security group.",
     "",
     {}},
    {"cloud.no-placement-group",
     Severity::kInfo,
     Actor::kAccountOwner,
     Rung::kNone,
     "The instance is in no placement group",
     "Latency to other nodes may be higher; AWS recommends a cluster placement group.",
     "placement/group-name of the metadata service does not exist.",
     "Launch the nodes of a job into one cluster placement group.",
     "",
     {}},
};

}  // namespace efa
