#include "probes/jobs/setting_values.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/jobs/settings.h"

namespace efa {
namespace {

constexpr std::string_view kYesWords[] = {"1", "true", "yes", "on"};
constexpr std::string_view kNoWords[] = {"0", "false", "no", "off"};
constexpr std::string_view kNccls[] = {"socket", "ib"};

// "efa;ofi_rxd" is the provider efa with another one above it.
bool is_efa(std::string_view provider) {
  return lower_case(provider.substr(0, provider.find(';'))) == "efa";
}

bool lists_efa(std::string_view list) {
  const std::vector<std::string> names = split(list, ',');
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return is_efa(name); });
}

// ofi_create_filter() of libfabric: "tcp,shm" takes those alone, "^tcp,shm" all but those. A name
// with another one above it takes nothing away from the one below.
bool leaves_out_efa(std::string_view list) {
  if (!list.starts_with('^')) return !lists_efa(list);
  const std::vector<std::string> names = split(list.substr(1), ',');
  return std::any_of(names.begin(), names.end(),
                     [](const auto& name) { return lower_case(name) == "efa"; });
}

// efa_env_allows_nic() of libfabric. A name that was not kept may be any device.
bool names_missing(std::string_view list, const std::vector<std::string>& devices) {
  if (list.starts_with("all") || devices.empty()) return false;
  const std::vector<std::string> names = split(list, ',');
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return !name.empty() && name != kOtherPart && !is_one_of(name, devices);
  });
}

bool is_below(std::string_view value, int least) {
  const auto number = parse_number<int64_t>(value);
  return number && *number < least;
}

}  // namespace

bool is_meant(Values values, std::string_view value, const Surrounding& around) {
  if (values == Values::kAny) return true;
  if (values == Values::kEmpty) return value.empty();
  if (value.empty()) return false;
  const std::string word = lower_case(value);
  // a flag that was not kept is none of libfabric's words
  if (values == Values::kNotBoolean)
    return !is_one_of(word, kYesWords) && !is_one_of(word, kNoWords);
  if (value == kNotKept) return false;
  switch (values) {
    case Values::kOn:
      return is_one_of(word, kYesWords);
    case Values::kOff:
      return is_one_of(word, kNoWords);
    case Values::kNotPositive:
      return is_below(value, 1);
    case Values::kFewerThanProcesses:
      return is_below(value, around.alike);
    case Values::kRdma:
      return word == "rdma";
    case Values::kWithoutEfa:
      return leaves_out_efa(value);
    case Values::kWithEfa:
      return lists_efa(value);
    case Values::kOtherNetwork:
      return is_one_of(word, kNccls);
    case Values::kNone:
      return word == "none";
    case Values::kMissingDevice:
      return names_missing(value, around.devices);
    case Values::kOwnTopology:
      return around.makes_topology && !value.starts_with("/proc/self/fd/");
    default:
      return false;
  }
}

}  // namespace efa
