// How the probe that a site brought itself is called: by its file in probes.d, "site:gpu-count".
#pragma once

#include <string_view>

namespace efa {

inline constexpr std::string_view kSitePrefix = "site:";

inline bool is_site_probe(std::string_view process) {
  return process.starts_with(kSitePrefix);
}

}  // namespace efa
