// The checks of a fleet, by subject: they stand in the catalogue beside those of a node.
#pragma once

#include <span>

#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"

namespace efa {

inline constexpr std::span<const Check* const> kAccountChecks[] = {
    kAccountGroupChecks, kAccountInterfaceChecks, kAccountPlaceChecks};

// All that is judged of a fleet. Pure.
void judge_account(const AccountFacts& facts, Findings& findings);

}  // namespace efa
