#include "agent/run/credential_words.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "probes/base/text.h"

namespace efa {
namespace {

// Of a word, which may be as long as the text: what is asked of each of many costs no more than
// this.
constexpr size_t kLookedAt = 256;

// "WANDB_KEY", "SLURM_JWT"; a P_Key, an rkey and an mr_key are of RDMA, a public key is for all.
bool ends_like_credential(std::string_view name, std::string_view lower) {
  constexpr std::array<std::string_view, 3> kEnds = {"_jwt", "_pass", "_pwd"};
  if (std::any_of(kEnds.begin(), kEnds.end(),
                  [&](std::string_view end) { return lower.ends_with(end); })) {
    return true;
  }
  const bool capitals =
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return std::islower(c) != 0; });
  constexpr std::array<std::string_view, 4> kOthers = {"mr_key", "remote_key", "local_key",
                                                       "requested_key"};
  return capitals && lower.ends_with("_key") && lower.size() > 5 && !is_one_of(lower, kOthers) &&
         lower.find("public") == std::string_view::npos;
}

}  // namespace

bool is_name_char(char c) {
  return is_alnum(c) || c == '_' || c == '-';
}

bool names_credential(std::string_view name) {
  constexpr std::array<std::string_view, 13> kWithin = {
      "secret",     "token",     "passw",       "passphrase", "credential", "api_key",    "apikey",
      "access_key", "accesskey", "account_key", "accountkey", "privatekey", "private_key"};
  constexpr std::array<std::string_view, 9> kWhole = {"pass",
                                                      "pwd",
                                                      "jwt",
                                                      "sig",
                                                      "cookie",
                                                      "set_cookie",
                                                      "signature",
                                                      "x_amz_signature",
                                                      "x_goog_signature"};
  std::string lower = lower_case(name);
  std::replace(lower.begin(), lower.end(), '-', '_');
  const size_t begin = std::min(lower.find_first_not_of('_'), lower.size());  // "--pass"
  const std::string_view word = std::string_view(lower).substr(begin);
  return is_one_of(word, kWhole) || word.find("authorization") != std::string_view::npos ||
         std::any_of(
             kWithin.begin(), kWithin.end(),
             [&](std::string_view one) { return word.find(one) != std::string_view::npos; }) ||
         ends_like_credential(name, lower);
}

bool is_ordinary_value(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 6> kWords = {"true", "false", "yes", "no", "ok", "none"};
  constexpr std::array<std::string_view, 3> kNames = {"sig", "signature", "cookie"};
  const std::string lower = lower_case(name);
  if (lower.ends_with("pwd") && value.starts_with('/')) return true;  // a directory
  if (!is_one_of(lower, kNames) && !lower.ends_with("pass")) return false;
  return std::all_of(value.begin(), value.end(), is_digit) || is_one_of(lower_case(value), kWords);
}

bool is_key_itself(std::string_view word) {
  constexpr std::array<std::string_view, 18> kBeginnings = {
      "AKIA",   "ASIA", "ghp_",  "gho_",  "ghs_",  "ghu_",  "ghr_", "github_pat_", "hf_",
      "glpat-", "eyJ",  "xoxb-", "xoxp-", "xoxa-", "xapp-", "npm_", "sk-",         "AIza"};
  constexpr size_t kShortest = 20;  // of an AWS access key id
  if (word.size() < kShortest) return false;
  word = word.substr(0, kLookedAt);
  if (word.starts_with("sk-") && std::none_of(word.begin(), word.end(), is_digit)) return false;
  return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [&](std::string_view beginning) { return word.starts_with(beginning); });
}

// A digest in hexadecimal has one case; of 40 letters of base64 about 16 are of each.
bool begins_with_aws_secret(std::string_view text) {
  constexpr size_t kLength = 40;
  const auto of_word = [](char c) { return is_name_char(c) || c == '/' || c == '+'; };
  if (text.size() < kLength || text.front() == '/') return false;
  if (text.size() > kLength && of_word(text[kLength])) return false;
  const std::string_view word = text.substr(0, kLength);
  if (!std::all_of(word.begin(), word.end(), of_word)) return false;
  if (word.find_first_of("-_") != std::string_view::npos) return false;
  const auto count = [&](int (*of_class)(int)) {
    return std::count_if(word.begin(), word.end(),
                         [&](unsigned char c) { return of_class(c) != 0; });
  };
  return count(std::isupper) >= 5 && count(std::islower) >= 5 && count(std::isdigit) >= 2;
}

bool looks_random(std::string_view word) {
  constexpr size_t kShortest = 6;
  if (word.size() < kShortest) return false;
  word = word.substr(0, kLookedAt);
  const bool digits = std::any_of(word.begin(), word.end(), is_digit);
  const bool letters =
      std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  const bool upper = std::any_of(word.begin() + 1, word.end(),
                                 [](unsigned char c) { return std::isupper(c) != 0; });
  const bool lower =
      std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::islower(c) != 0; });
  return letters &&
         (digits || (upper && lower) || word.find_first_of("!@#$%^*+=") != std::string_view::npos);
}

bool begins_with_host_and_port(std::string_view text) {
  constexpr size_t kLongest = 253;  // RFC 1035
  size_t end = 0;
  while (end < text.size() && end <= kLongest &&
         (is_alnum(text[end]) || text[end] == '.' || text[end] == '-')) {
    ++end;
  }
  if (end == 0 || end + 1 >= text.size() || text[end] != ':') return false;
  size_t digits = 0;
  while (end + 1 + digits < text.size() && digits <= 5 && is_digit(text[end + 1 + digits]))
    ++digits;
  const std::string_view rest = text.substr(end + 1 + digits);
  // "repository:tag@sha256:12ab" and "efa-mgmnt@pci:0000:00:06.0" go on
  const bool ends = rest.empty() || (!is_name_char(rest[0]) &&
                                     (rest[0] != ':' || rest.size() < 2 || !is_alnum(rest[1])));
  return digits >= 2 && digits <= 5 && ends;
}

}  // namespace efa
