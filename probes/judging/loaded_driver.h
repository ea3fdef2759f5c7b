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

// "efa/3.1.0", the newest that DKMS has, built or not; "" where it has none that could be pasted.
std::string newest_of_dkms(const KernelFacts& facts);
// The same among what it has built for the running kernel.
std::string newest_built_by_dkms(const KernelFacts& facts);
// What the EFA installer named, where that is newer than the loaded one.
std::optional<Version> newer_of_installer(const Node& node);
// Modules that use efa, or processes with an open device, keep it from being unloaded.
std::string reload_command(const KernelFacts& facts);
// Loads what lies on disk, builds what DKMS has, else installs anew; "" where nothing is known.
std::string renew_command(const Node& node);
// The version of what renew_command() brings back: an efa that was installed and is not the loaded
// one. Nothing where none is known.
std::optional<std::string> lost_driver(const Node& node);

bool disk_knows(const KernelFacts& facts, const std::string& device_id);
// A device of that id is bound to it.
bool drives_one_of(const Node& node, const std::string& device_id);
// Whether the driver that is loaded knows devices of that id; nothing where that does not show.
std::optional<bool> loaded_knows(const Node& node, const std::string& device_id);

// How many functions efa drives: it is loaded or built in, whatever /sys/module shows. That has a
// module that is built in only when it has parameters, and nothing in some containers.
size_t bound_to_efa(const Node& node);

// The kernel's words of a module that it refuses are in two lines, and the later says less: "efa:
// disagrees about version of symbol X", "efa: Unknown symbol X (err -22)".
bool tells_less(const LogMessage& message, const LogMessage& before);

// It is bound to none; not one of which that could not be read.
bool has_no_driver(const PciFunction& function);

}  // namespace efa
