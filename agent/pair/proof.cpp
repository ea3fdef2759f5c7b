#include "agent/pair/proof.h"

#include <sys/random.h>

#include <cerrno>

#include "agent/pair/protocol.h"
#include "probes/aws/digest.h"
#include "probes/base/files.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kChanceBytes = 16;
constexpr size_t kMostTokenFile = 4096;

}  // namespace

std::string proof_of(std::string_view token, PairRole role, const PairNonces& nonces) {
  const char* word = role == PairRole::kServer ? "server" : "client";
  const std::string text = std::string(kPairProgram) + " " + std::to_string(kPairProtocol) + " " +
                           word + " " + nonces.server + " " + nonces.client;
  return to_hex(hmac_sha256(token, text));
}

bool is_proof(std::string_view given, std::string_view token, PairRole role,
              const PairNonces& nonces) {
  return are_equal_secrets(given, proof_of(token, role, nonces));
}

Result<std::string> chance() {
  std::string bytes(kChanceBytes, '\0');
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  if (got != static_cast<ssize_t>(bytes.size())) {
    return system_error(got < 0 ? errno : EAGAIN, "getrandom");
  }
  return to_hex(bytes);
}

bool is_nonce(std::string_view text) {
  return text.size() == 2 * kChanceBytes && is_made_of(text);
}

Result<std::string> parse_token(std::string_view text, const std::string& where) {
  constexpr size_t kLeast = 16;
  constexpr size_t kMost = 256;
  const std::string token(trim(text.substr(0, text.find('\n'))));
  if (token.size() < kLeast || token.size() > kMost || !is_visible_ascii(token)) {
    return malformed(where, "a token is 16 to 256 visible letters in one line");
  }
  return token;
}

Result<std::string> read_token(const std::string& file) {
  const Result<std::string> text = read_file(file, kMostTokenFile);
  if (!text) return text.error();
  return parse_token(*text, file);
}

}  // namespace efa
