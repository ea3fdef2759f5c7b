// The checks of root volumes: their codes and texts. A code is API: never renamed, never reused.
#pragma once

#include "probes/account/wishes.h"
#include "probes/judging/check.h"

namespace efa {

inline constexpr Check kAccountRootVolumeSmall{
    .code = "account.root-volume-small",
    .severity = Severity::kWarning,
    .actor = Actor::kAccountOwner,
    .title = "The root volume is small",
    .meaning = "Container images, packages and logs fill it; a full one stops installers and jobs.",
    .seen_by =
        "DescribeVolumes: the size is below four fifths of the size that is recommended (200 GiB "
        "unless the settings say otherwise).",
    .remedy =
        "Set VolumeSize in the block device mapping of the launch template. A volume that is in "
        "use is made larger by modify-volume; the node then grows its partition and file system.",
};

inline constexpr Check kAccountRootVolumePlain{
    .code = "account.root-volume-plain",
    .severity = Severity::kInfo,
    .actor = Actor::kAccountOwner,
    .title = "The root volume is not encrypted",
    .meaning = "Jobs are not affected; rules of the organization may ask for it.",
    .seen_by = "DescribeVolumes: encrypted is false.",
    .remedy =
        "Turn on encryption by default for the region (enable-ebs-encryption-by-default) or set "
        "Encrypted in the launch template; then drain the instance and replace it: a volume stays "
        "as it is.",
};

inline constexpr const Check* kAccountVolumeChecks[] = {&kAccountRootVolumeSmall,
                                                        &kAccountRootVolumePlain};

struct AccountFacts;
class Findings;
void judge_account_volumes(const AccountFacts& facts, Findings& findings,
                           const AccountWishes& wishes = {});

}  // namespace efa
