// Texts of modprobe and the kernel about modules.
#pragma once

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
// "none [integrity] confidentiality" -> "integrity"
std::optional<std::string> parse_lockdown(std::string_view text);
// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5)
std::optional<std::string> parse_pretty_name(std::string_view os_release);

}  // namespace efa
