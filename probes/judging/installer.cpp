#include "probes/judging/installer.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "probes/base/text.h"
#include "probes/base/version.h"

namespace efa {
namespace {

// The release notes of the EFA installer: 1.43.0 is the first without Ubuntu 20.04, 1.50.0 without
// Amazon Linux 2, 1.51.0 without Debian 11.
constexpr LastInstaller kLast[] = {
    {"Ubuntu 20.04", "1.42.0", "2.15.3"},
    {"Amazon Linux 2", "1.49.0", "3.1.0"},
    {"Debian GNU/Linux 11", "1.50.0", "3.3.0"},
};
// Of 1.51.0.
constexpr const char* kNewestEfa = "3.3.1";

// "Amazon Linux 2" is not "Amazon Linux 2023".
bool is_system(std::string_view os, std::string_view system) {
  if (!os.starts_with(system)) return false;
  return os.size() == system.size() || !is_digit(os[system.size()]);
}

void add_note(const std::string& note, Finding& finding) {
  finding.remedy = fmt::format("{} {}", finding.remedy_text(), note);
}

void fit_suse(bool judges_own, Finding& finding) {
  const bool runs = runs_installer(finding.command);
  if (!finding.check->on_suse.empty() && !judges_own) {
    finding.remedy = finding.check->on_suse;
    finding.command = {};
  } else if (runs || finding.check->takes_installer) {
    add_note(
        "On SUSE the EFA installer runs with --skip-kmod and brings no driver: that is of SUSE's "
        "own kernel.",
        finding);
    if (runs) finding.command = {};
  }
}

bool brings_enough(const LastInstaller& last, std::string_view needed) {
  const auto release = parse_version(last.release);
  const auto least = parse_version(needed);
  return !release || !least || is_at_least(*release, least->numbers);
}

void fit_last(const LastInstaller& last, Finding& finding) {
  const bool runs = runs_installer(finding.command);
  if (!runs && !finding.check->takes_installer) return;
  const std::string note = fmt::format("The last EFA installer for {} is {}, with efa {}",
                                       last.system, last.release, last.efa);
  if (!runs || brings_enough(last, finding.command.installer)) {
    add_note(note + ".", finding);
    finding.command.text = replaced(finding.command.text, kNewestRelease,
                                    fmt::format("aws-efa-installer-{}", last.release));
  } else {
    add_note(note + ", which is too old for this: it takes an image of a newer system.", finding);
    finding.command = {};
  }
}

}  // namespace

std::optional<LastInstaller> last_installer_for(const std::string& os) {
  const auto* last = std::find_if(std::begin(kLast), std::end(kLast),
                                  [&](const auto& one) { return is_system(os, one.system); });
  return last == std::end(kLast) ? std::nullopt : std::optional(*last);
}

bool is_suse(const std::string& os) {
  return os.find("SUSE") != std::string::npos;
}

std::optional<std::string> newest_efa_for(const std::string& os) {
  if (is_suse(os)) return std::nullopt;
  const auto last = last_installer_for(os);
  return last ? last->efa : kNewestEfa;
}

bool runs_installer(const ShellCommand& command) {
  return command.text.find(kNewestRelease) != std::string::npos;
}

void fit_installer(const std::string& os, bool judges_own, Finding& finding) {
  if (is_suse(os)) {
    fit_suse(judges_own, finding);
  } else if (const auto last = last_installer_for(os)) {
    fit_last(*last, finding);
  }
}

}  // namespace efa
