#include "probes/kernel/parse.h"

#include <algorithm>
#include <utility>

#include "probes/base/text.h"
#include "probes/kernel/modprobe_line.h"

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

// The first of that list that is needed; "" when none is.
std::string needed_of(std::string_view modules) {
  for (const std::string& name : split(modules, ',')) {
    if (is_one_of(module_name(name), kNeededModules)) return module_name(name);
  }
  return "";
}

// What a kernel can be called, "6.1.0-40-amd64": it becomes part of a path.
std::optional<std::string> release_of(std::string_view text) {
  const bool release = is_made_of(text, "._+-~") && !text.empty() && is_digit(text.front()) &&
                       text.find('.') != std::string_view::npos;
  return release ? std::optional(std::string(text)) : std::nullopt;
}

}  // namespace

std::optional<std::string> parse_efa_module(std::string_view line) {
  const std::string_view path = line.substr(0, line.find(':'));
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const bool is_efa =
      name == "efa.ko" || name == "efa.ko.xz" || name == "efa.ko.zst" || name == "efa.ko.gz";
  return is_efa ? std::optional(std::string(path)) : std::nullopt;
}

std::optional<std::string> parse_ofed_module(std::string_view line) {
  const std::string_view path = line.substr(0, line.find(':'));
  const size_t name = path.find("/ib_core.ko");
  if (name == std::string_view::npos) return std::nullopt;
  const std::string_view folder = path.substr(0, name);
  const bool by_dkms = folder == "updates/dkms" || folder == "extra";
  const bool is_ofed = by_dkms || path.find("/mlnx-ofa_kernel/") != std::string_view::npos;
  return is_ofed ? std::optional(std::string(path)) : std::nullopt;
}

std::optional<std::string> parse_efa_alias(std::string_view line) {
  constexpr std::string_view kBefore = "pci:v00001D0Fd";
  constexpr std::string_view kAlias = "alias ";  // depmod(8) writes one blank
  const bool of_amazon =
      line.starts_with(kAlias) && line.substr(kAlias.size()).starts_with(kBefore);
  if (!of_amazon) return std::nullopt;  // nearly all lines
  const std::vector<std::string> fields = words(line);
  const bool ours =
      fields.size() == 3 && fields[2] == "efa" && fields[1].size() >= kBefore.size() + 8;
  if (!ours) return std::nullopt;
  const auto id = parse_number<uint32_t>(fields[1].substr(kBefore.size(), 8), 16);
  if (!id || *id > 0xffff) return std::nullopt;
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(*id >> shift) & 0xfU];
  return text;
}

bool WrappedLines::take(std::string& line) {
  bool goes_on = false;
  for (size_t i = 0; i < line.size(); ++i) {
    goes_on = line[i] == '\\' && i + 1 == line.size();
    if (line[i] == '\\') ++i;  // the letter after it stays
    if (i < line.size()) begun_ += line[i];
  }
  if (goes_on) return false;
  line = std::exchange(begun_, "");
  return true;
}

std::optional<std::string> argument_that_keeps_efa_out(std::string_view command_line) {
  constexpr std::string_view kKmods = "modprobe.blacklist=";
  constexpr std::string_view kKernels[] = {"module_blacklist=", "module-blacklist="};
  bool kmod = false;
  std::string kernel;
  bool of_init = false;  // the kernel hands what follows "--" to init; kmod does not mind
  for (const std::string& argument : arguments_of(command_line)) {
    of_init = of_init || argument == "--";
    if (argument.starts_with(kKmods)) {
      const std::vector<std::string> names = split(argument.substr(kKmods.size()), ',');
      kmod = kmod || is_one_of("efa", names);
    }
    for (const std::string_view name : kKernels) {  // the last one holds
      if (!of_init && argument.starts_with(name)) kernel = needed_of(argument.substr(name.size()));
    }
  }
  if (!kernel.empty()) return "module_blacklist=" + kernel;
  return kmod ? std::optional<std::string>("modprobe.blacklist=efa") : std::nullopt;
}

bool is_unbound_efa_function(std::string_view line) {
  constexpr std::string_view kEfa = "1d0fefa";
  if (line.find(kEfa) == std::string_view::npos) return false;  // nearly all lines
  constexpr size_t kWithoutDriver = 17;  // position, ids, interrupt, 7 addresses, 7 sizes
  const std::vector<std::string> fields = words(line);
  return fields.size() == kWithoutDriver && fields[1].size() == kEfa.size() + 1 &&
         fields[1].starts_with(kEfa);
}

std::optional<bool> parse_allow_unsupported(std::string_view line) {
  const std::vector<std::string> fields = words(line);
  if (fields.size() < 2 || fields[0] != "allow_unsupported_modules") return std::nullopt;
  if (fields[1] != "0" && fields[1] != "1") return std::nullopt;
  return fields[1] == "1";
}

std::optional<bool> parse_modules_disabled(std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view name = trim(line.substr(0, equals));
  if (name.starts_with('-')) name = trim(name.substr(1));  // a failure is no matter
  if (name != "kernel.modules_disabled" && name != "kernel/modules_disabled") return std::nullopt;
  return parse_flag(trim(line.substr(equals + 1)));
}

std::optional<std::string> parse_make_log(std::string_view line) {
  constexpr std::string_view kBefore = " for kernel ";
  const size_t at = line.find(kBefore);
  if (!line.starts_with("DKMS ") || at == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> rest = words(line.substr(at + kBefore.size()));
  return rest.empty() ? std::nullopt : std::optional(rest.front());
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

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "1" || text == "Y") return true;
  return text == "0" || text == "N" ? std::optional(false) : std::nullopt;
}

std::optional<std::string> parse_kernel_file(std::string_view path) {
  constexpr std::string_view kBefore = "vmlinuz-";
  const std::vector<std::string> fields = words(path);
  if (fields.size() != 1) return std::nullopt;
  const std::string name = base_name(fields[0]);
  if (!name.starts_with(kBefore)) return std::nullopt;
  return release_of(std::string_view(name).substr(kBefore.size()));
}

std::string word_of_entry(std::string_view entry) {
  constexpr std::string_view kId = "gnulinux-";
  constexpr std::string_view kTitle = ", with Linux ";
  constexpr size_t kMachineId = 32;
  if (entry.empty() || entry == "0" || entry == "saved") return std::string(entry);
  entry = entry.substr(entry.rfind('>') + 1);  // npos + 1 is 0
  const size_t title = entry.find(kTitle);
  const size_t advanced = entry.find("-advanced-");
  if (title != std::string_view::npos) {
    entry.remove_prefix(title + kTitle.size());
  } else if (entry.starts_with(kId) && advanced != std::string_view::npos) {
    entry = entry.substr(kId.size(), advanced - kId.size());
  } else if (entry.find('-') == kMachineId && is_made_of(entry.substr(0, kMachineId))) {
    entry.remove_prefix(kMachineId + 1);
  }
  return release_of(entry).value_or("other");
}

std::optional<std::string> parse_assignment(std::string_view line, std::string_view name) {
  line = trim(line);
  if (!line.starts_with(name) || line.substr(name.size()).substr(0, 1) != "=") return std::nullopt;
  std::string_view value = trim(line.substr(name.size() + 1));
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  return std::string(value);
}

std::optional<std::string> parse_pretty_name(std::string_view os_release) {
  for (const std::string& line : split(os_release, '\n')) {
    if (auto name = parse_assignment(line, "PRETTY_NAME")) return name;
  }
  return std::nullopt;
}

}  // namespace efa
