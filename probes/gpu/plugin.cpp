#include "probes/gpu/plugin.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "probes/base/text.h"
#include "probes/gpu/checks.h"
#include "probes/gpu/mend.h"
#include "probes/gpu/path_judge.h"
#include "probes/gpu/ways.h"

namespace efa {
namespace {

constexpr const char* kPackages = "/opt/amazon/efa_installed_packages";
constexpr const char* kMapPeers =
    "printf 'options nvidia NVreg_RegistryDwords=\"PeerMappingOverride=1;\"\\n' | sudo tee "
    "/etc/modprobe.d/nvidia-gda.conf && sudo reboot";
constexpr const char* kEarlyDevices[] = {"0xefa0", "0xefa1", "0xefa2"};

// "1.20.0-1" of "libnccl-ofi-ngc-v3_1.20.0-1_amd64": after the first sign before a digit.
std::optional<Version> version_in(std::string_view package) {
  for (size_t i = 0; i + 1 < package.size(); ++i) {
    const bool starts = (package[i] == '-' || package[i] == '_') && is_digit(package[i + 1]);
    if (starts) return parse_version(package.substr(i + 1));
  }
  return std::nullopt;
}

bool has_early_device(const GpuFacts& facts) {
  return std::any_of(facts.efa.begin(), facts.efa.end(),
                     [](const Accelerator& efa) { return is_one_of(efa.device, kEarlyDevices); });
}

std::string words_of_plugin(const Version& plugin) {
  const auto& [major, minor, patch] = plugin.numbers;
  return fmt::format("aws-ofi-nccl {}.{}.{}", major, minor, patch);
}

constexpr const char* kTypesWithGda[] = {"p5en.", "p6-b200.", "p6-b300."};

bool has_gda(const std::string& instance_type) {
  return std::any_of(std::begin(kTypesWithGda), std::end(kTypesWithGda),
                     [&](const char* type) { return instance_type.starts_with(type); });
}

struct Needed {
  const char* name;
  std::optional<bool> there;  // absent: not known
  const char* command;        // that brings it
};

std::optional<bool> has_efa_for_gda(const GpuFacts& facts) {
  const auto efa = version_of(facts.modules.efa);
  if (!efa || is_amazon_linuxs_own(*efa)) return std::nullopt;
  return is_at_least(*efa, kEfaGda);
}

std::optional<bool> maps_peers(const GpuFacts& facts) {
  if (!facts.parameters) return std::nullopt;
  return facts.parameters->peer_mapping_override == 1U;
}

std::optional<bool> has_gdrdrv_for_gda(const GpuFacts& facts) {
  const Reading<std::string>& gdrdrv = facts.modules.gdrdrv;
  if (!gdrdrv) return gdrdrv.unreadable() == nullptr ? std::optional(false) : std::nullopt;
  const auto version = version_of(gdrdrv);
  return version ? std::optional(is_at_least(*version, kGdrdrvGda)) : std::nullopt;
}

struct Lacks {
  std::string missing;  // "efa 3.3.0, gdrdrv 2.5"
  std::string command;  // that brings the first
  bool known = true;    // all could be looked at
};

Lacks lacks_for_gda(const GpuFacts& facts) {
  const Needed all[] = {{"efa 3.3.0", has_efa_for_gda(facts), kNewestInstaller},
                        {"PeerMappingOverride=1", maps_peers(facts), kMapPeers},
                        {"gdrdrv 2.5", has_gdrdrv_for_gda(facts), ""}};
  Lacks lacks;
  for (const Needed& one : all) {
    lacks.known = lacks.known && one.there.has_value();
    if (one.there != false) continue;
    if (lacks.missing.empty()) lacks.command = one.command;
    lacks.missing += (lacks.missing.empty() ? "" : ", ") + std::string(one.name);
  }
  return lacks;
}

}  // namespace

std::optional<Version> plugin_version(const SoftwareFacts& software) {
  const bool only_installers = std::all_of(
      software.ofi_nccl.begin(), software.ofi_nccl.end(),
      [](const std::string& path) { return path.starts_with("/opt/amazon/ofi-nccl/"); });
  if (software.ofi_nccl.empty() || !only_installers) return std::nullopt;
  for (const std::string& package : software.installer_packages) {
    if (package.starts_with("libnccl-ofi")) return version_in(package);
  }
  return std::nullopt;
}

bool leaves_out_dmabuf(const Version& plugin, const GpuFacts& facts) {
  if (!is_at_least(plugin, kPluginDmabufOff) || is_at_least(plugin, kPluginDmabufAll)) return false;
  return !is_at_least(plugin, kPluginDmabufLater) || has_early_device(facts);
}

namespace {

// A plugin lies here, and the installer's file that tells its version could not be read.
bool hides_plugin(const Node& node, const Check& check, Findings& findings) {
  const std::string hidden = node.software.facts.hides_installer();
  if (hidden.empty() || node.software.facts.ofi_nccl.empty()) return false;
  findings.unknown(check, kNodeSubject, "the plugin's version could not be read: " + hidden,
                   {"", "", hidden});
  return true;
}

}  // namespace

void judge_plugin_needs_p2p(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuPluginNeedsP2p;
  const GpuFacts& facts = node.gpu.facts;
  if (expectation.direct_memory != DirectMemory::kRequired) return;
  const auto plugin = plugin_version(node.software.facts);
  if (!plugin && hides_plugin(node, check, findings)) return;
  if (!plugin) {
    findings.not_applicable(check, kNodeSubject, "no plugin lies here whose version is known");
    return;
  }
  const std::string name = words_of_plugin(*plugin);
  const WayIn p2p = nvidia_p2p(facts);
  const Evidence evidence{name + "; P2P: " + p2p.why, "P2P open, or a plugin that takes dma-buf",
                          std::string(kPackages) + ", " + attribute_path(facts)};
  JudgedCheck judged = check;
  if (!lost_driver_opens_p2p(node)) judged.not_by = {kLostDriver};
  if (!leaves_out_dmabuf(*plugin, facts)) {
    findings.pass(check, kNodeSubject, name + " takes dma-buf", evidence);
  } else if (p2p.way == Way::kOpen) {
    findings.pass(check, kNodeSubject, name + " has P2P: " + p2p.why, evidence);
  } else if (p2p.way != Way::kClosed) {
    findings.unknown(judged, kNodeSubject, name + " needs P2P: " + p2p.why, evidence);
  } else {
    findings.fail(judged, kNodeSubject, name + " needs P2P here: " + p2p.why, evidence,
                  {kNewestInstaller, "", "1.49.0"});  // has plugin 1.20.0
  }
}

void judge_gda(const Node& node, const Expectation& expectation, Findings& findings) {
  const Check& check = kGpuGdaNotReady;
  const GpuFacts& facts = node.gpu.facts;
  const auto plugin = plugin_version(node.software.facts);
  if (!has_gda(expectation.instance_type)) return;
  if (!plugin && hides_plugin(node, check, findings)) return;
  if (!plugin || !is_at_least(*plugin, kPluginGda)) {
    findings.not_applicable(check, kNodeSubject, "no plugin lies here that is known to use it");
    return;
  }
  const auto [missing, command, known] = lacks_for_gda(facts);
  const Evidence evidence{missing.empty() ? "" : "missing: " + missing,
                          "efa 3.3.0, PeerMappingOverride=1, gdrdrv 2.5",
                          "/sys/module, /proc/driver/nvidia/params"};
  if (!missing.empty()) {
    findings.fail(check, kNodeSubject,
                  "EFA-GDA of " + words_of_plugin(*plugin) + " lacks " + missing, evidence,
                  {command, "", "1.50.0"});  // has efa 3.3.0
  } else if (!known) {
    findings.unknown(check, kNodeSubject, "not all that EFA-GDA needs could be read", evidence);
  } else {
    findings.pass(check, kNodeSubject, "EFA-GDA has what it needs of the drivers", evidence);
  }
}

}  // namespace efa
