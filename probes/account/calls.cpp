#include "probes/account/calls.h"

#include <algorithm>

#include "probes/aws/backoff.h"
#include "probes/aws/digest.h"
#include "probes/aws/percent.h"
#include "probes/aws/target.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kLongestWords = 1'000;
constexpr Backoff kWhenThrottled{1'000, 0, 30'000};
constexpr int kMostSilences = 3;  // of a network, in a row

constexpr const char* kThrottling[] = {"RequestLimitExceeded",     "Throttling",
                                       "ThrottlingException",      "EC2ThrottledException",
                                       "TooManyRequestsException", "SlowDown"};
constexpr const char* kDenials[] = {"UnauthorizedOperation", "AccessDenied",
                                    "AccessDeniedException"};
// Of the keys, the clock or the account: every other call would be told the same.
constexpr const char* kOfAll[] = {"AuthFailure",
                                  "ExpiredToken",
                                  "ExpiredTokenException",
                                  "IncompleteSignature",
                                  "InvalidClientTokenId",
                                  "InvalidSignatureException",
                                  "MissingAuthenticationToken",
                                  "OptInRequired",
                                  "RequestExpired",
                                  "SignatureDoesNotMatch",
                                  "UnrecognizedClientException"};

// IAM does not take keys of GetSessionToken without MFA, which the others do.
bool is_of_all(const Call& call, const ServiceError& error) {
  return is_one_of(error.code, kOfAll) && call.api.service != std::string(kIam.service);
}

bool is_of_s3(const Call& call) {
  return call.api.service == std::string_view(kS3.service);
}

bool is_json(const Call& call) {
  return *call.api.target != '\0';
}

std::string form_of(const Call& call) {
  std::string form =
      std::string("Action=") + call.action + "&Version=" + percent_encoded(call.api.version, false);
  for (const auto& [name, value] : call.parameters) {
    form += "&" + percent_encoded(name, false) + "=" + percent_encoded(value, false);
  }
  return form;
}

std::string body_of(const Call& call) {
  return is_json(call) ? render_json(call.json) : form_of(call);
}

Headers headers_of(const Call& call, const std::string& host) {
  if (!is_json(call)) {
    return {{"host", host}, {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  }
  return {{"host", host},
          {"content-type", "application/x-amz-json-1.1"},
          {"x-amz-target", std::string(call.api.target) + "." + call.action}};
}

struct Server {
  std::string host;
  std::string region;  // that signs
};

// A partition has one IAM (botocore's endpoints).
Server server_of_iam(const std::string& region) {
  struct Row {
    const char* prefix;
    const char* region;
    const char* host;
  };
  constexpr Row kRows[] = {
      {"cn-", "cn-north-1", "iam.cn-north-1.amazonaws.com.cn"},
      {"us-gov-", "us-gov-west-1", "iam.us-gov.amazonaws.com"},
      {"us-iso-", "us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov"},
      {"us-isob-", "us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov"},
      {"us-isof-", "us-isof-south-1", "iam.us-isof-south-1.csp.hci.ic.gov"},
      {"eu-isoe-", "eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk"},
      {"eusc-", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu"},
  };
  for (const Row& row : kRows) {
    if (region.starts_with(row.prefix)) return {row.host, row.region};
  }
  return {"iam.amazonaws.com", "us-east-1"};
}

Server server_of(const Api& api, const std::string& region) {
  const std::string service = api.service;
  if (service == kIam.service) return server_of_iam(region);
  return {service + "." + region + "." + domain_of_region(region), region};
}

Refusal refusal_of(const Call& call, const HttpAnswer& answer, const ServiceError& error) {
  Refusal refusal;
  refusal.code = error.code;
  if (is_one_of(error.code, kThrottling) || answer.status == 429) {
    refusal.status = SectionStatus::kThrottled;
  } else if (is_one_of(error.code, kDenials)) {
    refusal.status = SectionStatus::kDenied;
    refusal.denied_action = std::string(call.api.service) + ":" + call.action;
  }
  const std::string said = error.code.empty() ? "HTTP status " + std::to_string(answer.status)
                                              : error.code + " " + error.message;
  refusal.words = printable(
      std::string(call.action) + ": " + (answer.of_proxy ? "a proxy answered " : "") + said,
      kLongestWords);
  return refusal;
}

}  // namespace

Call next_page(const Call& call, const std::string& token) {
  Call next = call;
  if (is_json(call)) {
    next.json.emplace_back(call.api.token, token);
  } else {
    next.parameters.emplace_back(call.api.token, token);
  }
  return next;
}

Calls::Calls(CallSettings settings, SignedHttp& http, const Clock& clock,
             std::function<double()> random)
    : settings_(std::move(settings)),
      http_(http),
      clock_(clock),
      random_(std::move(random)),
      end_ms_(clock.steady_ms() + settings_.limit_ms) {}

int64_t Calls::server_time_ms() const {
  return clock_.unix_ms() + http_.clock_offset_ms();
}

int64_t Calls::left_ms() const {
  return clock_.stopped() ? 0 : std::max<int64_t>(end_ms_ - clock_.steady_ms(), 0);
}

SignedRequest Calls::request_of_object(const Call& call) const {
  const std::string& region =
      settings_.bucket_region.empty() ? settings_.region : settings_.bucket_region;
  const ObjectAddress address = address_of(settings_.bucket, region, call.key);
  SignedRequest request{
      .path = address.path, .query = call.parameters, .region = region, .service = kS3.service};
  request.http.method = "GET";
  request.http.url = address.url;
  const char* separator = "?";
  for (const auto& [name, value] : call.parameters) {
    request.http.url +=
        separator + percent_encoded(name, false) + "=" + percent_encoded(value, false);
    separator = "&";
  }
  request.http.headers = {{"host", address.host}, {"x-amz-content-sha256", to_hex(sha256(""))}};
  request.http.limit = std::chrono::milliseconds(std::min(settings_.call_limit_ms, left_ms()));
  return request;
}

bool Calls::correct_region(const Call& call, const HttpAnswer& answer, const ServiceError& error) {
  if (!is_of_s3(call) || region_corrected_ || answer.of_proxy) return false;
  std::string region = answer.header("x-amz-bucket-region");
  if (region.empty()) region = error.region;
  if (!is_region(region) || region == settings_.bucket_region) return false;
  settings_.bucket_region = region;
  region_corrected_ = true;
  return true;
}

SignedRequest Calls::request_of(const Call& call, const std::string& body) const {
  if (is_of_s3(call)) return request_of_object(call);
  const Server server = server_of(call.api, settings_.region);
  const std::string endpoint =
      settings_.endpoint.empty() ? "https://" + server.host : settings_.endpoint;
  SignedRequest request{.region = server.region, .service = call.api.service};
  request.http.method = "POST";
  request.http.url = endpoint + "/";
  request.http.headers = headers_of(call, endpoint.substr(endpoint.find("://") + 3));
  request.http.body = body;
  request.http.limit = std::chrono::milliseconds(std::min(settings_.call_limit_ms, left_ms()));
  return request;
}

void Calls::keep_rate(const Call& call) {
  if (is_of_s3(call)) return;  // thousands a second are served of one prefix
  const int64_t now_ms = clock_.steady_ms();
  if (next_ms_ > now_ms) clock_.sleep(std::min(next_ms_ - now_ms, left_ms()));
  next_ms_ = clock_.steady_ms() + 1'000 / settings_.calls_a_second;
}

std::variant<std::string, Refusal> Calls::end(Refusal refusal) {
  ended_ = true;
  refusal_ = std::move(refusal);
  return refusal_;
}

std::variant<std::string, Refusal> Calls::ask_once(const Call& call, bool& may_pass) {
  const std::string body = is_of_s3(call) ? "" : body_of(call);
  SignedTry last;
  while (true) {
    const Result<Credentials> credentials = http_.credentials();
    if (!credentials) return end({SectionStatus::kFailed, "", message_of(credentials.error())});
    last.credentials = *credentials;
    keep_rate(call);
    settings_.before_each(call.action);
    ++sent_;
    Result<HttpAnswer> answer = http_.send(request_of(call, body), *credentials);
    if (!answer) {
      may_pass = answer.error().kind == ErrorKind::kTimedOut ||
                 answer.error().kind == ErrorKind::kNotFound;
      return Refusal{
          SectionStatus::kFailed, "",
          printable(std::string(call.action) + ": " + message_of(answer.error()), kLongestWords)};
    }
    if (answer->status == 200) return std::move(answer->body);
    const ServiceError error = parse_service_error(answer->body);
    if (correct_region(call, *answer, error) || http_.correct(*answer, error, last)) continue;
    Refusal refusal = refusal_of(call, *answer, error);
    if (is_of_all(call, error)) return end(std::move(refusal));
    may_pass =
        refusal.status == SectionStatus::kThrottled || (answer->status >= 500 && !answer->of_proxy);
    return refusal;
  }
}

std::variant<std::string, Refusal> Calls::ask(const Call& call) {
  int silences = 0;
  Refusal refusal{SectionStatus::kThrottled, "", std::string(call.action) + ": no time was left"};
  for (int failures = 1; !ended_ && left_ms() > 0; ++failures) {
    bool may_pass = false;
    std::variant<std::string, Refusal> answer = ask_once(call, may_pass);
    if (std::holds_alternative<std::string>(answer) || ended_ || !may_pass) return answer;
    refusal = std::get<Refusal>(answer);
    silences = refusal.code.empty() ? silences + 1 : 0;
    if (silences == kMostSilences) return refusal;
    clock_.sleep(std::min(delay_ms(kWhenThrottled, failures, random_(), std::nullopt), left_ms()));
  }
  return ended_ ? refusal_ : refusal;
}

}  // namespace efa
