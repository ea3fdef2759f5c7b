// Lines of modprobe.d by which kmod does not load efa, or what efa cannot do without: a blacklist,
// a command in the module's place, an alias of something else.
// Interface: modprobe.d(5); kmod_config_parse, kmod_lookup_alias_from_config and
// kmod_module_get_install_commands of libkmod, played with modprobe -n -v of kmod 30.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

// efa and what it does not load without
inline constexpr std::string_view kNeededModules[] = {"efa", "ib_uverbs", "ib_core"};

// A name of a module is the same with '-' and '_'; not between brackets, where '-' is a range.
std::string module_name(std::string_view name);

struct ModprobeLine {
  std::string keyword;          // "blacklist", "install", "alias"
  std::string name;             // as it is written; of the latter two it can be a shell's pattern
  bool keeps_udev = false;      // from loading efa for a device, as it does at boot
  bool keeps_modprobe = false;  // from loading it by its name
  // Of "install", of the modules needed: those that its command does not load, and those it does.
  std::vector<std::string> kept_out;
  std::vector<std::string> loaded;
};

// "blacklist efa", "install ib_uverbs /bin/false", "alias efa off"; nothing of a line that has no
// say in whether efa is loaded: what efa needs is loaded by its name, not by an alias, so that
// "blacklist ib_core" and "alias ib_core off" keep nothing out.
std::optional<ModprobeLine> parse_modprobe_line(std::string_view line);
// Whether it keeps efa out where no line before it has another say.
bool keeps_efa_out(std::string_view line);

// Of such a line, or of "allow_unsupported_modules 0", what a recording may hold: a comment, and
// what follows a command, is anybody's text.
std::string words_that_matter(std::string_view line);
// The mark of a line whose keyword and name a backslash parts in the file: there is no such line.
inline constexpr std::string_view kGoesOn = " \\";
// Whether the file's line has the keyword and the name of the one that kmod makes of it.
bool is_written_so(std::string_view in_file, std::string_view line);

}  // namespace efa
