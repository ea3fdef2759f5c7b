#include "probes/protocol/vfio.h"

#include <algorithm>
#include <cstdint>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kMore = " ...";

bool is_vfio(std::string_view module) {
  return module == "vfio-pci" || module == "vfio_pci";
}

// "1d0f:efa0", "1d0f:efa0:1d0f:efa0" -> 0xefa0; nothing of another vendor's
std::optional<uint32_t> amazon_device(std::string_view id) {
  constexpr uint32_t kAmazon = 0x1d0f;
  const std::vector<std::string> parts = split(id, ':');
  if (parts.size() < 2 || parse_number<uint32_t>(parts[0], 16) != kAmazon) return std::nullopt;
  return parse_number<uint32_t>(parts[1], 16);
}

bool is_efa(std::string_view id) {
  const auto device = amazon_device(id);
  return device && (*device & 0xfff0U) == 0xefa0;
}

// What follows "ids=", up to a blank.
std::vector<std::string> ids_of(std::string_view line) {
  constexpr std::string_view kIds = "ids=";
  const size_t at = line.find(kIds);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + kIds.size());
  return split(line.substr(0, line.find(' ')), ',');
}

bool names_efa(std::string_view line) {
  const std::vector<std::string> ids = ids_of(line);
  return std::any_of(ids.begin(), ids.end(), [](const auto& id) { return is_efa(id); });
}

std::optional<std::string> of_options(const std::vector<std::string>& fields) {
  std::string ids;
  for (const std::string& field : fields) {
    if (field.starts_with("ids=")) ids = field;  // the last one holds
  }
  std::string bare = ids;
  std::erase(bare, '"');
  if (!names_efa(bare) || !is_made_of(bare, "=:,")) return std::nullopt;
  const bool more = fields.size() > 3 || bare != ids;
  return "options " + fields[1] + " " + bare + (more ? kMore : "");
}

std::optional<std::string> of_softdep(const std::vector<std::string>& fields) {
  if (fields[1] != "efa") return std::nullopt;
  bool before = false;
  for (const std::string& field : fields) {
    if (field == "pre:" || field == "post:") before = field == "pre:";
    if (!before || !is_vfio(field)) continue;
    return "softdep efa pre: " + field + (fields.size() > 4 ? kMore : "");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> parse_vfio_line(std::string_view line) {
  const std::vector<std::string> fields = words(line);
  if (fields.size() < 3) return std::nullopt;
  if (fields[0] == "options" && is_vfio(fields[1])) return of_options(fields);
  return fields[0] == "softdep" ? of_softdep(fields) : std::nullopt;
}

std::vector<std::string> parse_vfio_arguments(std::string_view command_line) {
  std::vector<std::string> found;
  for (std::string& argument : words(command_line)) {
    std::erase(argument, '"');
    const std::string_view name = std::string_view(argument).substr(0, argument.find('='));
    if (name != "vfio-pci.ids" && name != "vfio_pci.ids") continue;
    if (names_efa(argument)) found.push_back(argument);
  }
  return found;
}

bool gives_to_vfio(std::string_view line, std::string_view device) {
  const auto wanted = parse_number<uint32_t>(device, 16);
  const std::vector<std::string> ids = ids_of(line);
  return wanted && std::any_of(ids.begin(), ids.end(),
                               [&](const auto& id) { return amazon_device(id) == wanted; });
}

bool gives_only_efa_to_vfio(std::string_view line) {
  const std::vector<std::string> ids = ids_of(line);
  return !ids.empty() &&
         std::all_of(ids.begin(), ids.end(), [](const auto& id) { return is_efa(id); });
}

}  // namespace efa
