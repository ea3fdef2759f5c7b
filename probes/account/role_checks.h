// The checks of the role that instances have, and of SSM, which needs it: their codes and texts. A
// code is API: never renamed, never reused.
#pragma once

#include "probes/account/wishes.h"
#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountNoRole{
    .code = "account.no-role",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The instance has no role",
    .meaning = "Nothing on the node gets keys from AWS: no reports to S3, no scripts from it.",
    .seen_by =
        "DescribeInstances and GetInstanceProfile: the instance has no profile, or one that is "
        "gone or has no role.",
    .remedy =
        "Name an instance profile with a role in the launch template; an instance that runs gets "
        "one by associate-iam-instance-profile.",
};

inline constexpr Check kAccountRoleNoSsm{
    .code = "account.role-no-ssm",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The role does not let the SSM agent work",
    .meaning = "No Session Manager and no Run Command on the node.",
    .seen_by =
        "SimulatePrincipalPolicy: by the policies of the instance's role, "
        "ssm:UpdateInstanceInformation or ssmmessages:CreateControlChannel is denied, and SSM does "
        "not list the instance as online.",
    .remedy =
        "Attach the policy AmazonSSMManagedInstanceCore to the role, or turn on Default Host "
        "Management Configuration.",
};

inline constexpr Check kAccountNotManaged{
    .code = "account.not-managed",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "SSM does not reach the instance",
    .meaning = "No Session Manager and no Run Command on the node.",
    .seen_by =
        "DescribeInstanceInformation: the instance is not listed, or its PingStatus is not Online.",
    .remedy =
        "Let the SSM agent run on the node, give its role the rights that the agent needs, and let "
        "it reach SSM's endpoints.",
    .causes = {"account.no-role", "account.role-no-ssm", "account.no-ip-egress"},
};

inline constexpr Check kAccountSessionLogs{
    .code = "account.session-logs",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The role may not write the logs of sessions",
    .meaning = "Sessions end at once or leave no log, as the preferences of Session Manager say.",
    .seen_by =
        "GetDocument SSM-SessionManagerRunShell names the log group of sessions; "
        "SimulatePrincipalPolicy: logs:CreateLogStream or logs:PutLogEvents on it is denied.",
    .remedy = "Allow the role logs:CreateLogStream and logs:PutLogEvents on that log group.",
};

inline constexpr Check kAccountBucket{
    .code = "account.bucket",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The role may not put reports into the bucket",
    .meaning = "The node's reports do not arrive; on the node itself they are there.",
    .seen_by =
        "SimulatePrincipalPolicy: by the policies of the instance's role, s3:PutObject below the "
        "prefix of the named bucket is denied by a statement that says so.",
    .remedy = "Take the statement that denies s3:PutObject there out of the role's policies.",
};

inline constexpr const Check* kAccountRoleChecks[] = {&kAccountNoRole, &kAccountRoleNoSsm,
                                                      &kAccountNotManaged, &kAccountSessionLogs,
                                                      &kAccountBucket};

struct AccountFacts;
class Findings;
void judge_account_roles(const AccountFacts& facts, Findings& findings,
                         const AccountWishes& wishes = {});

}  // namespace efa
