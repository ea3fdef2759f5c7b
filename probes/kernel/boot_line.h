// Lines of a boot loader's configuration that hand arguments to a kernel.
// Interface: grub.info (/etc/default/grub, the command linux); the Boot Loader Specification
// (/boot/loader/entries); grubenv's kernelopts, which entries of RHEL 8 name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace efa {

struct BootLine {
  std::string kernel;     // its file: "/boot/vmlinuz-6.1.0-40-amd64"; "" where the line names none
  std::string arguments;  // for its command line: "root=LABEL=/ ro module_blacklist=efa"
  std::string variable;   // of /etc/default/grub: "GRUB_CMDLINE_LINUX"; else ""
  bool adds = false;      // to what the variable has
};

// "\tlinux\t/boot/vmlinuz-6.8.0-1015-aws root=PARTUUID=1 ro quiet" of grub.cfg,
// "linux /vmlinuz-6.1.0" and "options root=LABEL=/ ro" of an entry, "kernelopts=root=LABEL=/ ro" of
// grubenv, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"  # fast" of /etc/default/grub
std::optional<BootLine> parse_boot_line(std::string_view line);

}  // namespace efa
