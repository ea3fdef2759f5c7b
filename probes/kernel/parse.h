// Texts of modprobe and the kernel about modules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace efa {

// "kernel/drivers/net/efa.ko.xz: kernel/..." -> "kernel/drivers/net/efa.ko.xz" when that is efa
std::optional<std::string> parse_efa_module(std::string_view line);
// "extra/mlnx-ofa_kernel/drivers/infiniband/core/ib_core.ko.xz: extra/..." -> that file, which only
// MLNX_OFED (DOCA) makes; where DKMS has built it: "updates/dkms/ib_core.ko.zst: ..." on Debian and
// Ubuntu, "extra/ib_core.ko.xz: ..." on others
std::optional<std::string> parse_ofed_module(std::string_view line);
// "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* efa" -> "0xefa1"
std::optional<std::string> parse_efa_alias(std::string_view line);
// "0030\t1d0fefa1\t0\t...\t\tefa": a line of /proc/bus/pci/devices, which ends with the driver's
// name where there is one: whether it is of an EFA function without
bool is_unbound_efa_function(std::string_view line);
// Lines of modprobe.d that end with a backslash go on in the next, comments too: getline_wrapped of
// libkmod-config.c.
class WrappedLines {
 public:
  // True when `line` is whole now, with what began it.
  bool take(std::string& line);

 private:
  std::string begun_;
};
// "allow_unsupported_modules 0" of SUSE's modprobe.d -> false
std::optional<bool> parse_allow_unsupported(std::string_view line);
// "kernel.modules_disabled = 1" of sysctl.d(5), where a '/' is as good as a '.' -> true
std::optional<bool> parse_modules_disabled(std::string_view line);
// Of the kernel's command line, "ro modprobe.blacklist=nouveau,efa quiet", the argument that keeps
// efa out, or what efa cannot do without, and nothing else: "module_blacklist=efa", by which the
// kernel itself refuses the module, else "modprobe.blacklist=efa", which is kmod's.
std::optional<std::string> argument_that_keeps_efa_out(std::string_view command_line);
// "DKMS make.log for efa-3.1.0 for kernel 6.1.0-40-amd64 (x86_64)" -> "6.1.0-40-amd64"
std::optional<std::string> parse_make_log(std::string_view line);
// "none [integrity] confidentiality" -> "integrity"
std::optional<std::string> parse_lockdown(std::string_view text);
// "350735.47 234388.90" of /proc/uptime -> 350735
std::optional<int64_t> parse_uptime_s(std::string_view uptime);
// "1" or "Y", "0" or "N" of sysfs and procfs; nothing of any other text
std::optional<bool> parse_flag(std::string_view text);
// "vmlinuz-6.1.0-40-amd64", "boot/vmlinuz-6.1.0-40-amd64": the release of a kernel's file
std::optional<std::string> parse_kernel_file(std::string_view path);
// Of GRUB's words for an entry only the kernel's release, which is no secret as the machine's id
// is: "gnulinux-advanced-UUID>gnulinux-6.8.0-1015-aws-advanced-UUID", "Advanced options for
// Ubuntu>Ubuntu, with Linux 6.8.0-1015-aws", "<machine id>-6.1.177-224.371.amzn2023.x86_64", or the
// release itself. "", "0" and "saved" stay; "other" for what else there is.
std::string word_of_entry(std::string_view entry);
// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5)
std::optional<std::string> parse_pretty_name(std::string_view os_release);
// The value of NAME=value of a shell's file, without quotes; nothing of another line.
std::optional<std::string> parse_assignment(std::string_view line, std::string_view name);

}  // namespace efa
