// RFC 1952; equal input gives equal bytes. From zlib.
#pragma once

#include <string>
#include <string_view>

#include "probes/base/result.h"

namespace efa {

std::string gzip(std::string_view bytes);
// What was packed, or the bytes themselves where nothing was; an error where it is damaged or
// longer than `longest`.
Result<std::string> unpacked(std::string bytes, size_t longest, const std::string& where);

}  // namespace efa
