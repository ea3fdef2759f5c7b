// The word that was meant by one that is none: of settings, codes, commands and options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace efa {

// The nearest of them; "" when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);
// "; did you mean pci.narrow-link?"; "" when none is near.
std::string near_miss(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace efa
