#include "probes/judging/loaded_driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"

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

std::string words_of(const std::optional<std::string>& version,
                     const std::optional<std::string>& srcversion) {
  std::string words = version ? "efa " + *version : "efa without a version";
  if (srcversion) words += fmt::format(" (srcversion {})", *srcversion);
  return words;
}

std::optional<std::string> srcversion_on_disk(const KernelFacts& facts) {
  return facts.module_on_disk ? facts.module_on_disk->srcversion : std::nullopt;
}

}  // namespace

std::string words_of_loaded(const KernelFacts& facts) {
  return words_of(facts.efa_version, facts.efa_srcversion);
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

}  // namespace efa
