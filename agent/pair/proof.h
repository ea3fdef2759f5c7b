// That the other end knows the token, without sending it: HMAC-SHA256 (RFC 2104) over both ends'
// nonces. The two ends' proofs differ, so that none can be given back to who made it.
#pragma once

#include <string>
#include <string_view>

#include "probes/base/result.h"

namespace efa {

enum class PairRole { kServer, kClient };

struct PairNonces {
  std::string server;
  std::string client;
};

// In hexadecimal.
std::string proof_of(std::string_view token, PairRole role, const PairNonces& nonces);
// Takes as long for each wrong one of the right length.
bool is_proof(std::string_view given, std::string_view token, PairRole role,
              const PairNonces& nonces);

// 128 bits of chance in hexadecimal, as nonces and tokens are; an error where the kernel has none.
Result<std::string> chance();
bool is_nonce(std::string_view text);

// The first line; at least 16 visible letters of ASCII.
Result<std::string> parse_token(std::string_view text, const std::string& where);
Result<std::string> read_token(const std::string& file);

}  // namespace efa
