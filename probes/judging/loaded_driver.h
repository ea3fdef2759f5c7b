// What is known of the efa driver in the kernel's memory. It need not be the one on disk: an update
// replaces the file, the initramfs may hold another one, and the kernel goes on with what it has.
#pragma once

#include <optional>
#include <string>

#include "probes/base/version.h"
#include "probes/judging/node.h"

namespace efa {

// "efa 3.1.0g (srcversion 8B4C3FB9BF4E5A5A7B0FA1E)", with what is known of it.
std::string words_of_loaded(const KernelFacts& facts);
std::string words_on_disk(const KernelFacts& facts);

// The version of the file on disk, by its own words or by what DKMS has built for this kernel.
std::optional<std::string> version_on_disk(const KernelFacts& facts);
// By the sources' checksums, else by versions; nothing where neither tells.
std::optional<bool> is_loaded_from_disk(const KernelFacts& facts);

bool disk_knows(const KernelFacts& facts, const std::string& device_id);
// A device of that id is bound to it.
bool drives_one_of(const Node& node, const std::string& device_id);
// Whether the driver that is loaded knows devices of that id; nothing where that does not show.
std::optional<bool> loaded_knows(const Node& node, const std::string& device_id);

// It is bound to none; not one of which that could not be read.
bool has_no_driver(const PciFunction& function);

}  // namespace efa
