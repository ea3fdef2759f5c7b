#include "probes/kernel/boot_menu.h"

#include "probes/base/text.h"
#include "probes/kernel/boot_line.h"
#include "probes/kernel/parse.h"

namespace efa {
namespace {

constexpr std::string_view kDefault = "set default=";
constexpr std::string_view kLinux = "linux ";

// set default="${saved_entry}". What starts once, "${next_entry}", is in GRUB's environment.
std::string word_of_default(std::string_view assignment) {
  const auto value = parse_assignment(assignment, "default");
  if (!value || *value == "${next_entry}") return "";
  return std::string(kDefault) + (*value == "${saved_entry}" ? "saved" : word_of_entry(*value));
}

void take_default(const std::string& value, BootMenu& menu) {
  menu.chosen = menu.chosen.value_or(value) == value ? value : "other";
}

}  // namespace

std::string word_of_menu(std::string_view line) {
  constexpr std::string_view kStructure[] = {"menuentry", "submenu", "blscfg"};
  constexpr std::string_view kSet = "set ";
  line = trim(line);
  if (line.starts_with(kSet)) return word_of_default(line.substr(kSet.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  if (is_one_of(word, kStructure)) return std::string(word);
  const auto started = word.starts_with("linux") ? parse_boot_line(line) : std::nullopt;
  if (!started) return "";
  const auto release = parse_kernel_file(started->kernel);
  return std::string(kLinux) + (release ? "vmlinuz-" + *release : "other");
}

BootMenu parse_boot_menu(const std::vector<std::string>& lines) {
  BootMenu menu;
  int entries = 0;  // that began
  bool told = false;
  for (const std::string& line : lines) {
    const std::string word = word_of_menu(line);
    if (word.starts_with(kDefault)) {
      take_default(word.substr(kDefault.size()), menu);
    } else if (word == "menuentry") {
      ++entries;
    } else if (word == "submenu" || word == "blscfg") {  // whose first entry is not told here
      told = true;
    } else if (word.starts_with(kLinux) && entries == 1 && !told) {
      menu.first = parse_kernel_file(word.substr(kLinux.size()));
      told = true;
    }
  }
  return menu;
}

}  // namespace efa
