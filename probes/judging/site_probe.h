// How the probe that a site brought itself is called: by its file in probes.d, "site:gpu-count".
// And the codes of its findings: "site.gpu-count".
#pragma once

#include <algorithm>
#include <string_view>

namespace efa {

inline constexpr std::string_view kSitePrefix = "site:";

inline bool is_site_probe(std::string_view process) {
  return process.starts_with(kSitePrefix);
}

inline bool is_site_code(std::string_view code) {
  constexpr std::string_view kDomain = "site.";
  constexpr size_t kLongest = 64;
  return code.starts_with(kDomain) && code.size() > kDomain.size() && code.size() <= kLongest &&
         std::all_of(code.begin() + kDomain.size(), code.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace efa
