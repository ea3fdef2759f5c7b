#include "probes/protocol/efa_functions.h"

#include "probes/base/text.h"

namespace efa {
namespace {

Result<std::vector<std::string>> uverbs_in(const Sysroot& root, const std::string& parent) {
  const Result<std::vector<std::string>> names = root.list(parent);
  if (!names) return names.error();
  std::vector<std::string> directories;
  for (const std::string& name : *names) {
    // beside them lies abi_version
    if (name.starts_with("uverbs")) directories.push_back(parent + "/" + name);
  }
  return directories;
}

}  // namespace

std::optional<PciAddress> pci_function_behind(const Sysroot& root, const std::string& class_entry) {
  const Result<std::string> link = root.link(class_entry + "/device");
  return link ? PciAddress::from_text(base_name(*link)) : std::nullopt;
}

uint32_t read_pci_id(const Sysroot& root, const PciAddress& address, const char* which) {
  const auto text = root.text("/sys/bus/pci/devices/" + address.to_text() + "/" + which);
  return text ? parse_number<uint32_t>(*text, 16).value_or(0) : 0;
}

FunctionKind function_kind(const Sysroot& root, const PciAddress& address) {
  const uint32_t vendor = read_pci_id(root, address, "vendor");
  if (vendor == 0) return FunctionKind::kUnidentified;
  if (vendor != kAmazonVendor) return FunctionKind::kOther;
  const uint32_t device = read_pci_id(root, address, "device");
  if (device == 0) return FunctionKind::kUnidentified;
  return is_efa_id(vendor, device) ? FunctionKind::kEfa : FunctionKind::kOther;
}

bool is_efa_function(const Sysroot& root, const PciAddress& address) {
  return function_kind(root, address) == FunctionKind::kEfa;
}

std::vector<PciAddress> efa_functions(const Sysroot& root) {
  std::vector<PciAddress> functions;
  for (const std::string& name : root.list("/sys/bus/pci/devices").value_or({})) {
    const auto address = PciAddress::from_text(name);
    if (address && is_efa_function(root, *address)) functions.push_back(*address);
  }
  return functions;
}

Result<std::vector<std::string>> uverbs_directories(const Sysroot& root) {
  Result<std::vector<std::string>> of_class = uverbs_in(root, "/sys/class/infiniband_verbs");
  if (of_class || of_class.error().kind != ErrorKind::kNotFound) return of_class;
  std::vector<std::string> directories;
  for (const PciAddress& address : efa_functions(root)) {
    const std::string function = "/sys/bus/pci/devices/" + address.to_text();
    Result<std::vector<std::string>> below = uverbs_in(root, function + "/infiniband_verbs");
    if (!below && below.error().kind != ErrorKind::kNotFound) return below;
    for (std::string& one : below.value_or({})) directories.push_back(std::move(one));
  }
  if (directories.empty()) return of_class;
  return directories;
}

}  // namespace efa
