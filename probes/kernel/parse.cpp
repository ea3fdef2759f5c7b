#include "probes/kernel/parse.h"

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

// Words between white space outside of double quotes, without the quotes.
std::vector<std::string> arguments_of(std::string_view command_line) {
  std::vector<std::string> arguments(1);
  bool quoted = false;
  for (const char c : command_line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
      arguments.emplace_back();
    } else {
      arguments.back() += c;
    }
  }
  return arguments;
}

bool names_efa(std::string_view modules) {
  const std::vector<std::string> names = split(modules, ',');
  return std::find(names.begin(), names.end(), "efa") != names.end();
}

}  // namespace

std::optional<std::string> parse_efa_module(std::string_view line) {
  const std::string_view path = line.substr(0, line.find(':'));
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const bool is_efa =
      name == "efa.ko" || name == "efa.ko.xz" || name == "efa.ko.zst" || name == "efa.ko.gz";
  return is_efa ? std::optional(std::string(path)) : std::nullopt;
}

std::optional<std::string> parse_efa_alias(std::string_view line) {
  constexpr std::string_view kBefore = "pci:v00001D0Fd";
  if (line.find(kBefore) == std::string_view::npos) return std::nullopt;  // nearly all lines
  const std::vector<std::string> fields = words(line);
  const bool ours = fields.size() == 3 && fields[0] == "alias" && fields[2] == "efa" &&
                    fields[1].starts_with(kBefore) && fields[1].size() >= kBefore.size() + 8;
  if (!ours) return std::nullopt;
  const auto id = parse_number<uint32_t>(fields[1].substr(kBefore.size(), 8), 16);
  if (!id || *id > 0xffff) return std::nullopt;
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(*id >> shift) & 0xfU];
  return text;
}

bool keeps_efa_out(std::string_view line) {
  const std::vector<std::string> fields = words(line);
  if (fields.size() < 2 || fields[1] != "efa") return false;
  if (fields[0] == "blacklist") return true;
  if (fields[0] != "install" || fields.size() < 3) return false;
  const std::string command = base_name(fields[2]);
  return command == "true" || command == "false";
}

std::string words_that_keep_efa_out(std::string_view line) {
  std::vector<std::string> fields = words(line);
  fields.resize(std::min<size_t>(fields.size(), fields.front() == "install" ? 3 : 2));
  return join(fields, " ");
}

std::optional<std::string> argument_that_keeps_efa_out(std::string_view command_line) {
  constexpr std::string_view kKmods = "modprobe.blacklist=";
  constexpr std::string_view kKernels[] = {"module_blacklist=", "module-blacklist="};
  bool kmod = false;
  bool kernel = false;
  bool of_init = false;  // the kernel hands what follows "--" to init; kmod does not mind
  for (const std::string& argument : arguments_of(command_line)) {
    of_init = of_init || argument == "--";
    if (argument.starts_with(kKmods)) kmod = kmod || names_efa(argument.substr(kKmods.size()));
    for (const std::string_view name : kKernels) {  // the last one holds
      if (!of_init && argument.starts_with(name)) kernel = names_efa(argument.substr(name.size()));
    }
  }
  if (kernel) return "module_blacklist=efa";
  return kmod ? std::optional<std::string>("modprobe.blacklist=efa") : std::nullopt;
}

std::optional<std::string> parse_lockdown(std::string_view text) {
  const size_t open = text.find('[');
  const size_t close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(open + 1, close - open - 1));
}

std::optional<int64_t> parse_uptime_s(std::string_view uptime) {
  return parse_number<int64_t>(uptime.substr(0, uptime.find('.')));
}

bool is_open_nvidia(std::string_view version) {
  return version.find("Open Kernel Module") != std::string_view::npos;
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text == "1" || text == "Y";
}

std::optional<std::string> parse_pretty_name(std::string_view os_release) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (const std::string& line : split(os_release, '\n')) {
    if (!line.starts_with(kKey)) continue;
    std::string_view value = trim(std::string_view(line).substr(kKey.size()));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return std::nullopt;
}

}  // namespace efa
