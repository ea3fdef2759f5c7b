#include "probes/aws/sigv4.h"

#include <algorithm>
#include <map>

#include "probes/aws/digest.h"
#include "probes/aws/percent.h"
#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

// By name in byte order; values of one name are joined in the order in which they came.
std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    const std::string single_spaced = join(words(value), " ");
    const auto [place, added] = canonical.try_emplace(lower_case(name), single_spaced);
    if (!added) place->second += "," + single_spaced;
  }
  return canonical;
}

std::string canonical_query(const SigningRequest& request) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(request.query.size());
  for (const auto& [name, value] : request.query) {
    encoded.emplace_back(percent_encoded(name, false), percent_encoded(value, false));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) {
    if (!query.empty()) query += "&";
    query += name;
    query += "=";
    query += value;
  }
  return query;
}

std::string signed_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string signing_key(const Secret& secret, const std::string& date, const SigningScope& scope) {
  Secret key("AWS4" + secret.reveal());
  for (const std::string& part : {date, scope.region, scope.service, std::string("aws4_request")}) {
    key = Secret(hmac_sha256(key.reveal(), part));
  }
  return key.reveal();
}

}  // namespace

std::string canonical_request(const SigningRequest& request) {
  const auto headers = canonical_headers(request.headers);
  std::string text = request.method + "\n" + percent_encoded(request.path, true) + "\n" +
                     canonical_query(request) + "\n";
  for (const auto& [name, value] : headers) {
    text += name;
    text += ":";
    text += value;
    text += "\n";
  }
  return text + "\n" + signed_names(headers) + "\n" + request.payload_hash;
}

Headers signing_headers(const SigningRequest& request, const SigningScope& scope,
                        const Credentials& credentials) {
  const std::string time = basic_time_text(scope.unix_ms);
  const std::string date = time.substr(0, 8);
  Headers added{{"x-amz-date", time}};
  if (!credentials.session_token.empty()) {
    added.emplace_back("x-amz-security-token", credentials.session_token.reveal());
  }
  SigningRequest full = request;
  full.headers.insert(full.headers.end(), added.begin(), added.end());

  const std::string reach = date + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + reach + "\n" +
                              to_hex(sha256(canonical_request(full)));
  const Secret key(signing_key(credentials.secret_access_key, date, scope));
  added.emplace_back("authorization",
                     std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                         reach +
                         ", SignedHeaders=" + signed_names(canonical_headers(full.headers)) +
                         ", Signature=" + to_hex(hmac_sha256(key.reveal(), to_sign)));
  return added;
}

}  // namespace efa
