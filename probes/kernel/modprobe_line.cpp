#include "probes/kernel/modprobe_line.h"

#include <fnmatch.h>

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kLongestName = 64;  // MODULE_NAME_LEN of the kernel is 56

// For kmod a word ends at a blank or a tab alone: the "efa\r" of a DOS file is no efa.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  for (const std::string& part : split(line, '\t')) {
    for (std::string& field : split(part, ' ')) {
      if (!field.empty()) fields.push_back(std::move(field));
    }
  }
  return fields;
}

std::string from_third(const std::vector<std::string>& fields) {
  return join({fields.begin() + 2, fields.end()}, " ");
}

bool fits(const std::string& pattern, std::string_view module) {
  return fnmatch(module_name(pattern).c_str(), std::string(module).c_str(), 0) == 0;
}

// "true; /sbin/modprobe -i efa # why" -> "true", " /sbin/modprobe -i efa"
std::vector<std::string> simple_commands(std::string command) {
  constexpr std::string_view kAround = "\"'`(){}";
  constexpr std::string_view kBetween = ";&|";
  command = (" " + command).substr(0, (" " + command).find(" #"));
  for (char& c : command) {
    if (kAround.find(c) != std::string_view::npos) c = ' ';
    if (kBetween.find(c) != std::string_view::npos) c = ';';
  }
  return split(command, ';');
}

// "efa", "/opt/efa.ko.xz", "$MODPROBE_MODULE", by which kmod tells a command what it stands for
bool may_name(const std::string& word, std::string_view module) {
  const std::string file = base_name(word);
  return word.find('$') != std::string::npos ||
         module_name(file.substr(0, file.find('.'))) == module;
}

// Whether a shell's command loads the module: "/sbin/modprobe --ignore-install efa $CMDLINE_OPTS",
// "sh -c '/sbin/insmod /opt/efa.ko'". One that only speaks of it does not.
bool loads(const std::string& command, std::string_view module) {
  constexpr std::string_view kSpeak[] = {"echo", "printf", "logger", ":"};
  constexpr std::string_view kLoad[] = {"modprobe", "insmod"};
  for (const std::string& simple : simple_commands(command)) {
    const std::vector<std::string> fields = words(simple);
    if (fields.empty() || is_one_of(base_name(fields.front()), kSpeak)) continue;
    const auto loader = std::find_if(fields.begin(), fields.end(), [&](const std::string& word) {
      return is_one_of(base_name(word), kLoad);
    });
    if (loader == fields.end()) continue;
    if (std::any_of(loader + 1, fields.end(),
                    [&](const std::string& word) { return may_name(word, module); })) {
      return true;
    }
  }
  return false;
}

void take_install(const std::string& command, ModprobeLine& line) {
  for (const std::string_view module : kNeededModules) {
    if (!fits(line.name, module)) continue;
    (loads(command, module) ? line.loaded : line.kept_out).emplace_back(module);
  }
  line.keeps_udev = line.keeps_modprobe = !line.kept_out.empty();
}

// udev asks for efa by the device, "pci:v00001D0Fd0000EFA1sv...", modprobe by its name: both take
// what modprobe.d says before what modules.alias and modules.dep do.
void take_alias(const std::string& module, ModprobeLine& line) {
  if (module_name(module) == "efa") return;
  line.keeps_udev = line.name.starts_with("pci:v00001D0Fd0000EFA");
  line.keeps_modprobe = fits(line.name, "efa");
}

// A word that is shown: of a command that has no text in it.
std::string shown(const std::string& word) {
  return word.size() <= kLongestName && is_made_of(word, "/._-:\"'") ? word : "...";
}

}  // namespace

std::string module_name(std::string_view name) {
  std::string underscored(name);
  bool in_brackets = false;
  for (char& c : underscored) {
    in_brackets = c == '[' || (in_brackets && c != ']');
    if (c == '-' && !in_brackets) c = '_';
  }
  return underscored;
}

std::optional<ModprobeLine> parse_modprobe_line(std::string_view line) {
  const std::vector<std::string> fields = fields_of(line);
  if (fields.size() < 2 || fields[1].size() > kLongestName) return std::nullopt;
  ModprobeLine parsed{.keyword = fields[0], .name = fields[1]};
  if (parsed.keyword == "blacklist") {
    parsed.keeps_udev = parsed.name == "efa";  // no pattern here
  } else if (parsed.keyword == "install" && fields.size() > 2) {
    take_install(from_third(fields), parsed);
  } else if (parsed.keyword == "alias" && fields.size() > 2) {
    take_alias(fields[2], parsed);
  }
  const bool has_a_say = parsed.keeps_udev || parsed.keeps_modprobe || !parsed.loaded.empty();
  return has_a_say ? std::optional(parsed) : std::nullopt;
}

bool keeps_efa_out(std::string_view line) {
  const auto parsed = parse_modprobe_line(line);
  return parsed && (parsed->keeps_udev || parsed->keeps_modprobe);
}

std::string words_that_matter(std::string_view line) {
  std::vector<std::string> fields = fields_of(line);
  const auto parsed = parse_modprobe_line(line);
  const bool has_third = parsed && parsed->keyword != "blacklist";
  fields.resize(std::min<size_t>(fields.size(), has_third ? 3 : 2));
  if (!has_third) return join(fields, " ");
  fields[2] = shown(fields[2]);
  if (parsed->keyword == "install" && parsed->kept_out.empty()) {
    fields[2] = "modprobe $MODPROBE_MODULE";  // whatever loads it
  }
  return join(fields, " ");
}

bool is_written_so(std::string_view in_file, std::string_view line) {
  const std::vector<std::string> there = fields_of(in_file);
  const std::vector<std::string> here = fields_of(line);
  return there.size() > 1 && here.size() > 1 && there[0] == here[0] && there[1] == here[1];
}

}  // namespace efa
