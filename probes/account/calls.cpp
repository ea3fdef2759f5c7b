#include "probes/account/calls.h"

#include <algorithm>

#include "probes/aws/backoff.h"
#include "probes/aws/percent.h"
#include "probes/aws/target.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kLongestWords = 1'000;
constexpr Backoff kWhenThrottled{1'000, 0, 30'000};
constexpr int kMostSilences = 3;  // of a network, in a row

constexpr const char* kThrottling[] = {"RequestLimitExceeded", "Throttling", "ThrottlingException",
                                       "EC2ThrottledException", "TooManyRequestsException"};
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

std::string form_of(const Call& call) {
  std::string form =
      std::string("Action=") + call.action + "&Version=" + percent_encoded(call.version, false);
  for (const auto& [name, value] : call.parameters) {
    form += "&" + percent_encoded(name, false) + "=" + percent_encoded(value, false);
  }
  return form;
}

Refusal refusal_of(const Call& call, const HttpAnswer& answer, const ServiceError& error) {
  Refusal refusal;
  refusal.code = error.code;
  if (is_one_of(error.code, kThrottling) || answer.status == 429) {
    refusal.status = SectionStatus::kThrottled;
  } else if (is_one_of(error.code, kDenials)) {
    refusal.status = SectionStatus::kDenied;
  }
  const std::string said = error.code.empty() ? "HTTP status " + std::to_string(answer.status)
                                              : error.code + " " + error.message;
  refusal.words = printable(
      std::string(call.action) + ": " + (answer.of_proxy ? "a proxy answered " : "") + said,
      kLongestWords);
  return refusal;
}

}  // namespace

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

SignedRequest Calls::request_of(const Call& call, const std::string& form) const {
  const std::string endpoint =
      !settings_.endpoint.empty() ? settings_.endpoint
                                  : std::string("https://") + call.service + "." +
                                        settings_.region + "." + domain_of_region(settings_.region);
  SignedRequest request{.region = settings_.region, .service = call.service};
  request.http.method = "POST";
  request.http.url = endpoint + "/";
  request.http.headers = {{"host", endpoint.substr(endpoint.find("://") + 3)},
                          {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.http.body = form;
  request.http.limit = std::chrono::milliseconds(std::min(settings_.call_limit_ms, left_ms()));
  return request;
}

void Calls::keep_rate() {
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
  const std::string form = form_of(call);
  SignedTry last;
  while (true) {
    const Result<Credentials> credentials = http_.credentials();
    if (!credentials) return end({SectionStatus::kFailed, "", message_of(credentials.error())});
    last.credentials = *credentials;
    keep_rate();
    settings_.before_each(call.action);
    ++sent_;
    Result<HttpAnswer> answer = http_.send(request_of(call, form), *credentials);
    if (!answer) {
      may_pass = answer.error().kind == ErrorKind::kTimedOut ||
                 answer.error().kind == ErrorKind::kNotFound;
      return Refusal{
          SectionStatus::kFailed, "",
          printable(std::string(call.action) + ": " + message_of(answer.error()), kLongestWords)};
    }
    if (answer->status == 200) return std::move(answer->body);
    const ServiceError error = parse_service_error(answer->body);
    if (http_.correct(*answer, error, last)) continue;
    Refusal refusal = refusal_of(call, *answer, error);
    if (is_one_of(error.code, kOfAll)) return end(std::move(refusal));
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
