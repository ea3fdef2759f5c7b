#include "probes/aws/signed_http.h"

#include <cstdlib>

#include "probes/aws/digest.h"
#include "probes/aws/sigv4.h"
#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {
namespace {

// S3, IAM and STS refuse with 403, EC2 with 401; SSM says 400 for all, EC2 for a request too old.
bool is_refusal(const HttpAnswer& answer, const ServiceError& error) {
  return answer.status == 401 || answer.status == 403 || error.code == "RequestExpired" ||
         error.code == "InvalidSignatureException";
}

// RequestExpired is EC2's word for a session token as well.
constexpr const char* kExpired[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken",
                                    "RequestExpired", "TokenRefreshRequired"};
// Of these keys nothing is wrong but what they may do; S3's AccessDenied can mean either.
constexpr const char* kNotAllowed[] = {"AccessDeniedException", "UnauthorizedOperation"};

}  // namespace

SignedHttp::SignedHttp(CredentialChain& credentials, Http& http, const Clock& clock,
                       int64_t clock_offset_ms)
    : credentials_(credentials), http_(http), clock_(clock), clock_offset_ms_(clock_offset_ms) {}

int64_t SignedHttp::server_time_ms() const {
  return clock_.unix_ms() + clock_offset_ms_;
}

Result<Credentials> SignedHttp::credentials() {
  return credentials_.current(server_time_ms());
}

Result<HttpAnswer> SignedHttp::send(SignedRequest request, const Credentials& credentials) {
  HttpRequest& http = request.http;
  const SigningRequest to_sign{http.method, request.path, request.query, http.headers,
                               to_hex(sha256(http.body))};
  const SigningScope scope{request.region, request.service, server_time_ms()};
  const Headers added = signing_headers(to_sign, scope, credentials);
  http.headers.insert(http.headers.end(), added.begin(), added.end());
  return http_.send(http);
}

bool SignedHttp::correct_clock(const HttpAnswer& answer, const ServiceError& error) {
  constexpr int64_t kToleratedMs = int64_t{5} * 60 * 1000;  // AWS takes up to 15 minutes
  const auto date = parse_http_date_ms(answer.header("date"));
  // some servers call every failure of authentication AccessDenied
  const bool skewed = date && std::abs(*date - server_time_ms()) > kToleratedMs;
  if (!date || (error.code != "RequestTimeTooSkewed" && !(skewed && is_refusal(answer, error)))) {
    return false;
  }
  clock_offset_ms_ = *date - clock_.unix_ms();
  return true;
}

bool SignedHttp::correct_credentials(const HttpAnswer& answer, const ServiceError& error,
                                     const Credentials& used) {
  const bool expired = is_one_of(error.code, kExpired);
  if (is_one_of(error.code, kNotAllowed) || (!expired && !is_refusal(answer, error))) return false;
  const Result<Credentials> fresh = credentials_.renewed(server_time_ms());
  return fresh && (fresh->access_key_id != used.access_key_id ||
                   !(fresh->secret_access_key == used.secret_access_key) ||
                   !(fresh->session_token == used.session_token));
}

bool SignedHttp::correct(const HttpAnswer& answer, const ServiceError& error, SignedTry& last) {
  if (answer.status < 300 || answer.of_proxy) return false;
  if (!last.clock_corrected && correct_clock(answer, error)) {
    last.clock_corrected = true;
    return true;
  }
  if (last.credentials_corrected) return false;
  last.credentials_corrected = true;
  return correct_credentials(answer, error, last.credentials);
}

}  // namespace efa
