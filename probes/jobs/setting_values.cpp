#include "probes/jobs/setting_values.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/jobs/settings.h"

namespace efa {
namespace {

constexpr std::string_view kYesWords[] = {"1", "true", "yes", "on"};
constexpr std::string_view kNoWords[] = {"0", "false", "no", "off"};
constexpr std::string_view kNccls[] = {"socket", "ib"};

// libfabric and Open MPI compare names of providers without regard to case.
bool has_part(std::string_view text, char separator, std::string_view wanted) {
  const std::vector<std::string> parts = split(text, separator);
  return std::any_of(parts.begin(), parts.end(),
                     [&](const auto& part) { return lower_case(part) == wanted; });
}

// "efa;ofi_rxd" is the provider efa with another one above it. A list takes no other order.
bool is_efa(std::string_view provider) {
  return lower_case(provider.substr(0, provider.find(';'))) == "efa";
}

// "shm+efa:lnx", or "lnx": it runs on those that it links, of which FI_LNX_PROV_LINKS tells it,
// also where a list leaves them out (fi_lnx(7); OFI_GETINFO_HIDDEN in lnx_init.c).
bool may_link_efa(std::string_view provider) {
  return provider.find('+') != std::string_view::npos || has_part(provider, ':', "lnx") ||
         has_part(provider, ';', "lnx");
}

// ofi_create_filter() of libfabric: "tcp,shm" takes those alone, "^tcp,shm" all but those; a '^'
// that is not the first character is part of a name. A name with another one above it takes
// nothing away from the one below.
bool leaves_out_efa(std::string_view list) {
  if (list.starts_with('^')) return has_part(list.substr(1), ',', "efa");
  const std::vector<std::string> names = split(list, ',');
  return std::none_of(names.begin(), names.end(),
                      [](const std::string& name) { return is_efa(name) || may_link_efa(name); });
}

// ofi_layering_ok() of libfabric takes "efa;ofi_rxd" and "ofi_rxd;efa" alike.
bool hint_leaves_out_efa(std::string_view hint) {
  return leaves_out_efa(hint) && !has_part(hint, ';', "efa");
}

// mca_base_components_filter() of Open MPI: "tcp,self" takes those alone, "^tcp" all but those.
bool leaves_out_ofi(std::string_view list) {
  const bool excludes = list.starts_with('^');
  const std::vector<std::string> names = split(excludes ? list.substr(1) : list, ',');
  return is_one_of("ofi", names) == excludes;
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

bool may_leave_out_efa(std::string_view list) {
  const std::vector<std::string> names = split(list, ',');
  return !list.starts_with('^') && std::none_of(names.begin(), names.end(), is_efa) &&
         std::any_of(names.begin(), names.end(), may_link_efa);
}

// "shm+efa:efa_0|shm+efa:efa_1": links between '|', of each the providers between '+', with the
// domains that each takes behind ':' (fi_lnx(7)).
std::optional<bool> links_efa(std::string_view links) {
  bool all_known = true;
  for (const std::string& link : split(links, '|')) {
    for (const std::string& provider : split(link, '+')) {
      const std::string name = lower_case(provider.substr(0, provider.find(':')));
      if (name == "efa") return true;
      all_known = all_known && name != kOtherPart;
    }
  }
  return all_known ? std::optional(false) : std::nullopt;
}

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
    case Values::kHintWithoutEfa:
      return hint_leaves_out_efa(value);
    case Values::kWithEfa:  // opal_common_ofi_is_in_list(): the name alone, "^efa" is another
      return has_part(value, ',', "efa");
    case Values::kOnlyLinks:
      return may_leave_out_efa(value);
    case Values::kLinksWithoutEfa:
      return links_efa(value) == false;
    case Values::kWithoutOfi:
      return leaves_out_ofi(value);
    case Values::kOb1:
      return word == "ob1";
    case Values::kCm:
      return word == "cm";
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
