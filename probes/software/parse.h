// Files of the EFA installer and of the dynamic loader.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

struct InstalledPackages {
  std::optional<std::string> version;
  std::vector<std::string> packages;
};

// "# EFA installer version: 1.29.1", comments, then one line of package names
InstalledPackages parse_installed_packages(std::string_view text);

// Whether it is one in that format.
bool is_loader_cache(std::string_view cache);
// The file that /etc/ld.so.cache gives to a shared object's name; glibc's format of 2.2 and later:
// the header "glibc-ld.so.cache1.1", the number of entries, entries of 24 bytes, their strings.
std::optional<std::string> parse_loader_cache(std::string_view cache, std::string_view name);

}  // namespace efa
