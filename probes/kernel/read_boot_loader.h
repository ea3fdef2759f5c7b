// What the boot loader of an image hands to a kernel, as far as it keeps efa out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// A directory of the firmware's partition that says so: "/efi/EFI/Linux", where kernels lie in one
// file with their command line and initramfs (UKI); "/efi/EFI/systemd", where systemd-boot lies.
// GRUB's files beside it may be old.
std::optional<std::string> what_boots_past_grub(const Look& look);

// Each "/etc/default/grub: module_blacklist=efa" that the kernel `release` would be given, those
// first of which the others are made; and what of it could not be read.
std::vector<Result<std::string>> read_boot_loader(const Look& look, const std::string& release);

}  // namespace efa
