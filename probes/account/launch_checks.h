// The checks of what instances were launched as: their codes and texts. A code is API: never
// renamed, never reused.
#pragma once

#include "probes/account/wishes.h"
#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountCapacityUnused{
    .code = "account.capacity-unused",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The instance runs outside the reservation that it was launched for",
    .meaning = "The reserved capacity is paid for and not used by it.",
    .seen_by =
        "DescribeInstances: capacityReservationSpecification names a reservation, and "
        "capacityReservationId is another or none.",
    .remedy =
        "Look at the reservation's state and free capacity; an instance that was stopped enters it "
        "when it starts.",
    .causes = {"account.capacity-ends"},
};

inline constexpr Check kAccountTypeNoEfa{
    .code = "account.type-no-efa",
    .severity = Severity::kCritical,
    .actor = Actor::kAccountOwner,
    .title = "The instance type has no EFA, others beside it have",
    .meaning = "Jobs that span it use TCP, or do not start.",
    .seen_by =
        "DescribeInstanceTypes: efaSupported is false, while other instances of its placement "
        "group have EFA interfaces, or EFA is expected of the fleet. Of another instance of the "
        "fleet, which may be its head node, it is info.",
    .remedy = "Launch the nodes of a job with a type that has EFA.",
    .drain_first = true,
};

inline constexpr const Check* kAccountLaunchChecks[] = {&kAccountCapacityUnused,
                                                        &kAccountTypeNoEfa};

struct AccountFacts;
class Findings;
void judge_account_launches(const AccountFacts& facts, Findings& findings,
                            const AccountWishes& wishes = {});

}  // namespace efa
