#include "probes/gpu/parse.h"

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/protocol/efa_functions.h"

namespace efa {
namespace {

constexpr uint32_t kNvidiaVendor = 0x10de;
constexpr uint32_t kMellanoxVendor = 0x15b3;
constexpr uint32_t kNvlinkDevice = 0x1021;  // ConnectX-7, as p6-b200 has it

// inf1, trn1, inf2, trn2 (neuron_device.h:36-42 of aws-neuron-driver); trn3 by a second-hand list.
constexpr uint32_t kNeuronDevices[] = {0x7064, 0x7065, 0x7066, 0x7067, 0x7164,
                                       0x7264, 0x7364, 0x7564, 0x7565};

constexpr std::string_view kTopologyOverride = "GrdmaPciTopoCheckOverride";
constexpr std::string_view kRegistryDwords = "RegistryDwords";
constexpr std::string_view kPeerMapping = "PeerMappingOverride=";
constexpr std::string_view kCoherentMemory = "CoherentGPUMemoryMode";

// "580.65.06": digits, a dot, and digits and dots after it
bool is_version(std::string_view word) {
  return word.find('.') != std::string_view::npos && word.front() != '.' &&
         word.find_first_not_of("0123456789.") == std::string_view::npos;
}

// "nvidia-fabricmanager", "nvidia-fabricmanager-580", "nvidia-fabric-manager"
bool is_fabric_package(std::string_view name) {
  constexpr std::string_view kName = "nvidia-fabricmanager";
  if (name == "nvidia-fabric-manager" || name == kName) return true;
  return name.starts_with(std::string(kName) + "-") && name.size() > kName.size() + 1 &&
         name.find_first_not_of("0123456789", kName.size() + 1) == std::string_view::npos;
}

std::string_view name_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

std::string_view value_of(std::string_view line) {
  const size_t colon = line.find(':');
  return colon == std::string_view::npos ? std::string_view() : trim(line.substr(colon + 1));
}

std::string_view without_quotes(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

// Of "A=1;PeerMappingOverride=1;" that one key's number, in decimal or as 0x1.
std::optional<uint32_t> peer_mapping_in(std::string_view dwords) {
  std::optional<uint32_t> found;
  for (const std::string& one : split(without_quotes(dwords), ';')) {
    const std::string_view key = trim(one);
    if (!key.starts_with(kPeerMapping)) continue;
    const std::string_view number = key.substr(kPeerMapping.size());
    found = parse_number<uint32_t>(number, number.starts_with("0x") ? 16 : 10);
  }
  return found;
}

// "pci0000:44/0000:44:00.0" of a function below that bridge; "" of one below none.
std::string_view first_bridge_of(std::string_view path) {
  const size_t root = std::min(path.find('/'), path.size());
  const size_t bridge = path.find('/', root + 1);
  return bridge == std::string_view::npos ? std::string_view() : path.substr(0, bridge);
}

}  // namespace

AcceleratorKind kind_of_accelerator(uint32_t vendor, uint32_t device, uint32_t class_code) {
  const uint32_t class_and_subclass = class_code >> 8U;
  if (is_efa_id(vendor, device)) return AcceleratorKind::kEfa;
  if (vendor == kNvidiaVendor && (class_and_subclass == 0x0300 || class_and_subclass == 0x0302)) {
    return AcceleratorKind::kNvidia;
  }
  const bool neuron = std::find(std::begin(kNeuronDevices), std::end(kNeuronDevices), device) !=
                      std::end(kNeuronDevices);
  if (vendor == kAmazonVendor && neuron) return AcceleratorKind::kNeuron;
  const bool nvlink = vendor == kMellanoxVendor && device == kNvlinkDevice;
  return nvlink ? AcceleratorKind::kNvlink : AcceleratorKind::kNone;
}

std::optional<NvidiaDriver> parse_nvidia_driver(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  if (!line.starts_with("NVRM version:")) return std::nullopt;
  NvidiaDriver driver;
  driver.open = line.find("Open Kernel Module") != std::string_view::npos;
  for (const std::string& word : words(line)) {
    if (word == "x86_64" || word == "aarch64") driver.architecture = word;
    if (driver.version.empty() && is_version(word)) driver.version = word;
  }
  return driver.version.empty() ? std::nullopt : std::optional(driver);
}

std::optional<bool> parse_open_taint(std::string_view taint) {
  if (taint.find('O') == std::string_view::npos) return std::nullopt;
  return taint.find('P') == std::string_view::npos;
}

bool is_wanted_parameter(std::string_view line) {
  const std::string_view name = name_of(line);
  return name == kTopologyOverride || name == kRegistryDwords || name == kCoherentMemory;
}

std::string wanted_of_parameter(std::string_view line) {
  if (name_of(line) != kRegistryDwords) return std::string(line);
  const auto number = peer_mapping_in(value_of(line));
  const std::string kept = number ? std::string(kPeerMapping) + std::to_string(*number) : "";
  return std::string(kRegistryDwords) + ": \"" + kept + "\"";
}

NvidiaParameters parse_nvidia_parameters(const std::vector<std::string>& lines) {
  NvidiaParameters parameters;
  for (const std::string& line : lines) {
    const std::string_view name = name_of(line);
    const std::string_view value = value_of(line);
    if (name == kTopologyOverride) parameters.topology_override = parse_number<uint32_t>(value);
    if (name == kRegistryDwords) parameters.peer_mapping_override = peer_mapping_in(value);
    if (name == kCoherentMemory) parameters.coherent_memory = without_quotes(value);
  }
  return parameters;
}

std::optional<std::string> parse_device_path(std::string_view target) {
  constexpr std::string_view kDevices = "devices/pci";
  const size_t at = target.find(kDevices);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(target.substr(at + std::string_view("devices/").size()));
}

std::string_view root_of(std::string_view path) {
  return path.substr(0, path.find('/'));
}

bool share_a_bridge(std::string_view one, std::string_view other) {
  const std::string_view bridge = first_bridge_of(one);
  return !bridge.empty() && bridge == first_bridge_of(other);
}

std::string_view without_packaging(std::string_view version) {
  const size_t epoch = version.find(':');
  if (epoch != std::string_view::npos) version.remove_prefix(epoch + 1);
  return version.substr(0, version.find_first_not_of("0123456789."));
}

bool FabricPackageLines::wants(std::string_view line) {
  const std::string_view name = name_of(line);
  if (name == "Package") in_package_ = is_fabric_package(value_of(line));
  return in_package_ && (name == "Package" || name == "Status" || name == "Version");
}

std::vector<std::string> parse_fabric_packages(const std::vector<std::string>& lines) {
  constexpr size_t kMaxPackages = 16;
  std::vector<std::string> versions;
  bool installed = false;
  for (const std::string& line : lines) {
    const std::string_view name = name_of(line);
    if (name == "Package") installed = false;
    if (name == "Status") installed = value_of(line).ends_with(" ok installed");
    const bool taken = installed && name == "Version" && versions.size() < kMaxPackages;
    if (taken) versions.emplace_back(value_of(line));
  }
  return versions;
}

std::optional<std::string> parse_refused_driver(std::string_view line) {
  const size_t at = line.find(kRefusal);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view version = without_packaging(line.substr(at + kRefusal.size()));
  while (version.ends_with('.')) version.remove_suffix(1);
  return version.empty() || !is_version(version) ? std::nullopt
                                                 : std::optional(std::string(version));
}

std::optional<std::string> parse_dkms_target(std::string_view target) {
  const std::string_view version = target.substr(0, target.find('/'));
  const bool is_one = !version.empty() && version.size() < target.size() && is_version(version);
  return is_one ? std::optional(std::string(version)) : std::nullopt;
}

std::optional<bool> parse_gdrdrv_flavour(std::string_view params) {
  for (const std::string& line : split(params, '\n')) {
    if (name_of(line) != "Built for NVIDIA driver flavor") continue;
    const std::string_view flavour = value_of(line);
    if (flavour == "opensource" || flavour == "proprietary") return flavour == "opensource";
  }
  return std::nullopt;
}

bool covers_nvidia(const Mount& mount) {
  constexpr std::string_view kFolder = "/proc/driver/nvidia";
  return mount.point == kFolder || mount.point.starts_with(std::string(kFolder) + "/");
}

}  // namespace efa
