// The menu of GRUB, as far as it tells which kernel is started without anybody at the keyboard.
// Interface: grub.info (default, menuentry, submenu); blscfg of the Boot Loader Specification.
// grub-mkconfig puts the highest version first, on Ubuntu that of a flavour (GRUB_FLAVOUR_ORDER):
// only the menu that it has made shows the order that came of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

struct BootMenu {
  std::optional<std::string> chosen;  // "0", "saved", a release, "other"; absent: nothing is set
  std::optional<std::string> first;   // the release of its first entry's kernel
};

// Of a line of grub.cfg what the menu's order hangs on, which is all that is kept of it: "set
// default=0", "menuentry", "submenu", "blscfg", "linux vmlinuz-6.8.0-1040-aws"; "" of another line.
std::string word_of_menu(std::string_view line);
BootMenu parse_boot_menu(const std::vector<std::string>& lines);

}  // namespace efa
