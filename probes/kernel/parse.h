// Texts of modprobe and the kernel about modules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace efa {

// "kernel/drivers/net/efa.ko.xz: kernel/..." -> "kernel/drivers/net/efa.ko.xz" when that is efa
std::optional<std::string> parse_efa_module(std::string_view line);
// "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* efa" -> "0xefa1"
std::optional<std::string> parse_efa_alias(std::string_view line);
// "blacklist efa", "install efa /bin/true": a line of modprobe.d(5) that keeps efa out
bool keeps_efa_out(std::string_view line);
// The same without what else stands in the line: a comment is anybody's text.
std::string words_that_keep_efa_out(std::string_view line);
// Of the kernel's command line, "ro modprobe.blacklist=nouveau,efa quiet", the argument that keeps
// efa out, without what else it names: "module_blacklist=efa", by which the kernel itself refuses
// the module, else "modprobe.blacklist=efa", which is kmod's.
std::optional<std::string> argument_that_keeps_efa_out(std::string_view command_line);
// "none [integrity] confidentiality" -> "integrity"
std::optional<std::string> parse_lockdown(std::string_view text);
// "350735.47 234388.90" of /proc/uptime -> 350735
std::optional<int64_t> parse_uptime_s(std::string_view uptime);
// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06 ..." of
// /proc/driver/nvidia/version: whether the open kernel modules are loaded
bool is_open_nvidia(std::string_view version);
// "1" or "Y" of sysfs and procfs; nothing of an empty text
std::optional<bool> parse_flag(std::string_view text);
// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5)
std::optional<std::string> parse_pretty_name(std::string_view os_release);

}  // namespace efa
