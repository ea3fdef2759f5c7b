// The check of a template as such: its code and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountTemplateInvalid{
    .code = "account.template-invalid",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "AWS refuses what the template says",
    .meaning = "The stack is not made, or its nodes are not launched.",
    .seen_by =
        "The template: resources that need each other in a circle (an inline rule that names its "
        "own group), a name that is no resource and no parameter, or a launch template with "
        "security groups of its own beside network interfaces.",
    .remedy =
        "Change what the finding names; rules between groups are resources of their own "
        "(AWS::EC2::SecurityGroupIngress, AWS::EC2::SecurityGroupEgress).",
};

inline constexpr const Check* kAccountTemplateChecks[] = {&kAccountTemplateInvalid};

struct AccountFacts;
class Findings;
void judge_account_template(const AccountFacts& facts, Findings& findings);

}  // namespace efa
