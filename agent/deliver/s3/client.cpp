#include "agent/deliver/s3/client.h"

#include <algorithm>

#include "probes/aws/digest.h"
#include "probes/aws/gzip.h"
#include "probes/base/text.h"

namespace efa {

struct S3Client::Try {
  SignedTry signing;
  bool conditional = false;  // asked with If-None-Match
  bool condition_left_out = false;
  bool region_corrected = false;
};

S3Client::S3Client(ClientSettings settings, CredentialChain& credentials, Http& http,
                   const Clock& clock)
    : settings_(std::move(settings)),
      signed_(credentials, http, clock, settings_.clock_offset_ms),
      clock_(clock) {}

Headers S3Client::headers_for(const PutRequest& request, const std::string& body,
                              const std::string& host) const {
  const std::string digest = sha256(body);
  Headers headers{{"host", host},
                  {"content-type", settings_.gzip ? "application/gzip" : "application/json"},
                  {"x-amz-content-sha256", to_hex(digest)}};
  const auto add_unless_empty = [&](const char* name, const std::string& value) {
    if (!value.empty()) headers.emplace_back(name, value);
  };
  if (settings_.checksum) headers.emplace_back("x-amz-checksum-sha256", base64(digest));
  if (request.only_if_absent && conditional_writes_) headers.emplace_back("if-none-match", "*");
  add_unless_empty("x-amz-server-side-encryption", settings_.sse);
  add_unless_empty("x-amz-server-side-encryption-aws-kms-key-id", settings_.kms_key_id);
  add_unless_empty("x-amz-expected-bucket-owner", settings_.expected_bucket_owner);
  add_unless_empty("x-amz-storage-class", settings_.storage_class);
  return headers;
}

Result<HttpAnswer> S3Client::send(const PutRequest& request, const std::string& body,
                                  const Credentials& credentials) {
  const std::string& prefix = settings_.target.prefix;
  // no Content-Encoding: some clients undo it by themselves, and the name says what it is
  const std::string key = request.key + (settings_.gzip ? ".gz" : "");
  const ObjectAddress address =
      address_of(settings_.target, settings_.region, prefix.empty() ? key : prefix + "/" + key);
  SignedRequest put{.path = address.path, .region = settings_.region, .service = "s3"};
  put.http.method = "PUT";
  put.http.url = address.url;
  put.http.body = body;
  put.http.headers = headers_for(request, body, address.host);
  put.http.limit = std::chrono::milliseconds(std::min(request.limit_ms, settings_.timeout_ms));
  return signed_.send(std::move(put), credentials);
}

bool S3Client::correct_region(const HttpAnswer& answer, const ServiceError& error) {
  std::string region = answer.header("x-amz-bucket-region");
  if (region.empty()) region = error.region;
  if (!is_region(region) || region == settings_.region) return false;
  settings_.region = corrected_region_ = region;
  return true;
}

// Each kind of correction once for a request: a server that asks twice is wrong.
bool S3Client::correct(const HttpAnswer& answer, const ServiceError& error, Try& last) {
  if (answer.status < 300 || answer.of_proxy) return false;
  if (answer.status == 501 && last.conditional) {
    conditional_writes_ = false;
    last.condition_left_out = true;
    return true;
  }
  if (answer.status == 501 && last.condition_left_out)
    conditional_writes_ = true;  // it was not that
  if (!last.region_corrected && correct_region(answer, error)) {
    last.region_corrected = true;
    return true;
  }
  return signed_.correct(answer, error, last.signing);
}

PutContext S3Client::context(const Try& last) const {
  return {.target = settings_.target,
          .region = settings_.region,
          .credentials_source = last.signing.credentials.source,
          .with_session = !last.signing.credentials.session_token.empty(),
          .sse = settings_.sse,
          .kms_key_id = settings_.kms_key_id,
          .expected_bucket_owner = settings_.expected_bucket_owner,
          .storage_class = settings_.storage_class,
          .checksum = settings_.checksum,
          .only_if_absent = last.conditional};
}

PutResult S3Client::put(const PutRequest& request) {
  const std::string body = settings_.gzip ? gzip(request.body) : std::string(request.body);
  Try attempt;
  while (true) {
    const Result<Credentials> credentials = signed_.credentials();
    if (!credentials) return judge_credentials(credentials.error());
    attempt.signing.credentials = *credentials;
    attempt.conditional = request.only_if_absent && conditional_writes_;
    const Result<HttpAnswer> answer = send(request, body, *credentials);
    if (!answer) return judge_silence(answer.error(), context(attempt));
    const ServiceError error =
        answer->status < 300 ? ServiceError{} : parse_service_error(answer->body);
    if (correct(*answer, error, attempt)) continue;
    return judge_answer(*answer, error, context(attempt), clock_.unix_ms());
  }
}

}  // namespace efa
