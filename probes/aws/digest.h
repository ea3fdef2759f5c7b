// SHA-256 and HMAC (FIPS 180-4, RFC 2104) as raw bytes, and base64 (RFC 4648). From OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace efa {

std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// In a time that does not tell where they differ.
bool are_equal_secrets(std::string_view one, std::string_view other);
std::string base64(std::string_view bytes);

}  // namespace efa
