// The checks of a fleet, by subject: they stand in the catalogue beside those of a node.
#pragma once

#include <span>

#include "probes/account/access_checks.h"
#include "probes/account/exposure_checks.h"
#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"
#include "probes/account/launch_checks.h"
#include "probes/account/node_checks.h"
#include "probes/account/role_checks.h"
#include "probes/account/template_checks.h"
#include "probes/account/volume_checks.h"

namespace efa {

inline constexpr std::span<const Check* const> kAccountChecks[] = {
    kAccountGroupChecks,    kAccountInterfaceChecks, kAccountPlaceChecks,  kAccountLaunchChecks,
    kAccountRoleChecks,     kAccountExposureChecks,  kAccountVolumeChecks, kAccountAccessChecks,
    kAccountTemplateChecks, kAccountNodeChecks};

// All that is judged of a fleet. Pure.
void judge_account(const AccountFacts& facts, const AccountWishes& wishes, Findings& findings);

}  // namespace efa
