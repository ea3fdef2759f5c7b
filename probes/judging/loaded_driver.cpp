#include "probes/judging/loaded_driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/container_files.h"
#include "probes/judging/installer.h"

namespace efa {
namespace {

// RELEASENOTES.md of amzn/amzn-drivers, kernel/linux/efa
struct FirstWith {
  const char* device_id;
  Bound version;
};
constexpr FirstWith kFirstWith[] = {
    {"0xefa1", {1, 9, 0}}, {"0xefa2", {2, 1, 0}}, {"0xefa3", {2, 12, 0}}, {"0xefa4", {3, 3, 0}}};

// By its version; nothing of the kernel's own driver without one, or of an id of tomorrow.
std::optional<bool> is_new_enough(const KernelFacts& facts, const std::string& device_id) {
  const auto version = facts.efa_version ? parse_version(*facts.efa_version) : std::nullopt;
  for (const FirstWith& first : kFirstWith) {
    if (version && device_id == first.device_id) return is_at_least(*version, first.version);
  }
  return std::nullopt;
}

// Where one version alone was built for the running kernel, and modprobe takes it.
std::optional<std::string> version_of_dkms(const KernelFacts& facts) {
  constexpr std::string_view kModule = "efa/";
  if (!facts.release || !facts.module_file || facts.module_file->starts_with("kernel/")) {
    return std::nullopt;
  }
  std::optional<std::string> version;
  for (const std::string& built : facts.dkms) {
    const size_t end = built.find(" for " + *facts.release);
    if (!built.starts_with(kModule) || end == std::string::npos) continue;
    if (end + 5 + facts.release->size() != built.size()) continue;
    if (version) return std::nullopt;
    version = built.substr(kModule.size(), end - kModule.size());
  }
  return version;
}

std::string words_of(const Version& version) {
  return fmt::format("{}.{}.{}", version.numbers[0], version.numbers[1], version.numbers[2]);
}

std::string words_of(const std::optional<std::string>& version,
                     const std::optional<std::string>& srcversion) {
  std::string words = version ? "efa " + *version : "efa without a version";
  if (srcversion) words += fmt::format(" (srcversion {})", *srcversion);
  return words;
}

// "efa-3.1.0-1", "efa_1.3.0-1.amzn1_amd64": the driver among the installer's packages
std::optional<Version> version_of_installer(const SoftwareFacts& facts) {
  for (const std::string& package : facts.installer_packages) {
    if (!package.starts_with("efa-") && !package.starts_with("efa_")) continue;
    if (auto version = parse_version(std::string_view(package).substr(4))) return version;
  }
  return std::nullopt;
}

// Than the loaded one. That of the kernel itself may have no version; its other attributes are
// there.
bool is_newer(const Version& other, const KernelFacts& facts) {
  const auto loaded = facts.efa_version ? parse_version(*facts.efa_version) : std::nullopt;
  return loaded ? loaded->numbers < other.numbers
                : !facts.efa_version && facts.efa_version.unreadable() == nullptr &&
                      facts.efa_state.has_value();
}

// Of entries like "efa/3.1.0 for 6.1.0-40-amd64".
std::string newest_of(const std::vector<std::string>& entries) {
  std::string newest;
  std::array<int, 3> numbers{};
  for (const std::string& entry : entries) {
    const std::string module = entry.substr(0, entry.find(' '));
    if (!module.starts_with("efa/") || !is_made_of(module, "/._+~-")) continue;
    const auto version = parse_version(std::string_view(module).substr(4));
    if (!version || (!newest.empty() && version->numbers < numbers)) continue;
    newest = module;
    numbers = version->numbers;
  }
  return newest;
}

// "efa/3.1.0"; "" where DKMS has none that is newer than the loaded one.
std::string newer_of_dkms(const KernelFacts& facts) {
  const std::string newest = newest_of_dkms(facts);
  const auto version = parse_version(std::string_view(newest).substr(newest.find('/') + 1));
  return version && is_newer(*version, facts) ? newest : "";
}

std::optional<std::string> srcversion_on_disk(const KernelFacts& facts) {
  return facts.module_on_disk ? facts.module_on_disk->srcversion : std::nullopt;
}

}  // namespace

std::string words_of_loaded(const KernelFacts& facts) {
  if (facts.efa_version.unreadable() != nullptr) return "efa of a version that could not be read";
  const bool told = facts.efa_version.has_value();
  return words_of(told ? std::optional(*facts.efa_version) : std::nullopt, facts.efa_srcversion);
}

std::string words_on_disk(const KernelFacts& facts) {
  if (!facts.module_on_disk && !version_on_disk(facts)) return "an efa";
  return words_of(version_on_disk(facts), srcversion_on_disk(facts));
}

std::optional<std::string> version_on_disk(const KernelFacts& facts) {
  return facts.module_on_disk ? facts.module_on_disk->version : version_of_dkms(facts);
}

std::optional<bool> is_loaded_from_disk(const KernelFacts& facts) {
  const auto on_disk = srcversion_on_disk(facts);
  if (facts.efa_srcversion && on_disk) return *facts.efa_srcversion == *on_disk;
  const auto version = version_on_disk(facts);
  if (!facts.efa_version || !version) return std::nullopt;
  if (facts.module_on_disk) return *facts.efa_version == *version;
  const auto loaded = parse_version(*facts.efa_version);  // "3.1.0g"; DKMS calls it "3.1.0"
  const auto built = parse_version(*version);
  if (!loaded || !built) return std::nullopt;
  return loaded->numbers == built->numbers;
}

bool disk_knows(const KernelFacts& facts, const std::string& device_id) {
  return is_one_of(device_id, facts.known_device_ids);
}

bool drives_one_of(const Node& node, const std::string& device_id) {
  const auto& functions = node.pci.facts.efa;
  return std::any_of(functions.begin(), functions.end(), [&](const PciFunction& function) {
    return function.device == device_id && function.driver == "efa";
  });
}

size_t bound_to_efa(const Node& node) {
  const std::vector<PciFunction>& functions = node.pci.facts.efa;
  return static_cast<size_t>(
      std::count_if(functions.begin(), functions.end(),
                    [](const PciFunction& function) { return function.driver == "efa"; }));
}

bool has_no_driver(const PciFunction& function) {
  return !function.driver && function.driver.unreadable() == nullptr;
}

std::optional<bool> loaded_knows(const Node& node, const std::string& device_id) {
  const KernelFacts& facts = node.kernel.facts;
  if (drives_one_of(node, device_id)) return true;
  const auto new_enough = is_new_enough(facts, device_id);
  if (new_enough == false) return false;
  if (is_loaded_from_disk(facts) == false) return new_enough;
  return disk_knows(facts, device_id);
}

std::string newest_of_dkms(const KernelFacts& facts) {
  std::vector<std::string> entries = facts.dkms;
  entries.insert(entries.end(), facts.dkms_failed.begin(), facts.dkms_failed.end());
  return newest_of(entries);
}

std::string newest_built_by_dkms(const KernelFacts& facts) {
  std::vector<std::string> entries = facts.dkms;
  std::erase_if(entries, [&](const std::string& entry) {
    return !facts.release || !entry.ends_with(" for " + *facts.release);
  });
  return newest_of(entries);
}

std::optional<Version> newer_of_installer(const Node& node) {
  if (has_files_of_container(node)) return std::nullopt;
  const auto named = version_of_installer(node.software.facts);
  return named && is_newer(*named, node.kernel.facts) ? named : std::nullopt;
}

std::string reload_command(const KernelFacts& facts) {
  const bool held = !facts.efa_holders.empty() || facts.efa_refcount.value_or(0) > 0;
  return held ? "sudo reboot" : "sudo modprobe -r efa && sudo modprobe efa";
}

std::string renew_command(const Node& node) {
  const KernelFacts& facts = node.kernel.facts;
  if (is_loaded_from_disk(facts) == false) return reload_command(facts);
  const std::string newer = newer_of_dkms(facts);
  if (!newer.empty() && facts.release) {
    return fmt::format("sudo dkms install {} -k {} && sudo reboot", newer, *facts.release);
  }
  return newer_of_installer(node) ? kNewestInstaller : "";
}

bool tells_less(const LogMessage& message, const LogMessage& before) {
  const std::vector<std::string> fields = words(before.text);
  return !fields.empty() &&
         message.text.ends_with(": Unknown symbol " + fields.back() + " (err -22)");
}

std::optional<std::string> lost_driver(const Node& node) {
  if (has_files_of_container(node)) return std::nullopt;
  const KernelFacts& facts = node.kernel.facts;
  if (is_loaded_from_disk(facts) == false) return version_on_disk(facts);
  const std::string newer = newer_of_dkms(facts);
  if (!newer.empty() && facts.release) return newer.substr(newer.find('/') + 1);
  const auto named = newer_of_installer(node);
  return named ? std::optional(words_of(*named)) : std::nullopt;
}

}  // namespace efa
