// Percent-encoding (RFC 3986) as signatures want it.
#pragma once

#include <string>
#include <string_view>

namespace efa {

// Letters, digits and "-._~" stay, '/' when `keep_slash`; all else becomes %XX, in upper case.
std::string percent_encoded(std::string_view text, bool keep_slash);

}  // namespace efa
