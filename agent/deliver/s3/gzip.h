// RFC 1952; equal input gives equal bytes. From zlib.
#pragma once

#include <string>
#include <string_view>

namespace efa {

std::string gzip(std::string_view bytes);

}  // namespace efa
