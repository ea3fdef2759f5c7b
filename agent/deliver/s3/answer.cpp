#include "agent/deliver/s3/answer.h"

#include <algorithm>

#include "agent/deliver/s3/backoff.h"

namespace efa {
namespace {

bool is_one_of(const std::string& code, std::initializer_list<const char*> codes) {
  return std::any_of(codes.begin(), codes.end(), [&](const char* one) { return code == one; });
}

Outcome outcome_of(const HttpAnswer& answer, const ServiceError& error, bool only_if_absent) {
  const long status = answer.status;
  // a portal or a proxy answers 200 as well; S3 says under which tag it keeps the object
  if (status >= 200 && status < 300) {
    return answer.header("etag").empty() ? Outcome::kRetrySoon : Outcome::kDelivered;
  }
  if (status == 412 && only_if_absent) return Outcome::kAlreadyThere;
  if (status == 413 || status == 414 ||
      is_one_of(error.code, {"EntityTooLarge", "KeyTooLongError"})) {
    return Outcome::kRefused;
  }
  if (status >= 500 || status == 408 || status == 409 || status == 425 || status == 429 ||
      is_one_of(error.code, {"RequestTimeout", "BadDigest", "IncompleteBody",
                             "XAmzContentSHA256Mismatch", "TemporaryRedirect"})) {
    return Outcome::kRetrySoon;
  }
  return Outcome::kRetrySlowly;
}

std::string code_of(long status, const ServiceError& error) {
  return std::to_string(status) + (error.code.empty() ? "" : " " + error.code);
}

}  // namespace

PutResult judge_answer(const HttpAnswer& answer, const ServiceError& error,
                       const PutContext& context, int64_t now_ms) {
  PutResult result;
  result.outcome = outcome_of(answer, error, context.only_if_absent);
  if (result.arrived()) return result;
  result.code = code_of(answer.status, error);
  result.words = explain_answer(answer.status, error, context);
  result.retry_after_ms = parse_retry_after_ms(answer.header("retry-after"), now_ms);
  return result;
}

PutResult judge_silence(const Error& error) {
  std::string words = message_of(error);
  if (words.find("certificate") != std::string::npos) {
    words += " (s3.ca_file names the authorities to trust)";
  }
  return {Outcome::kRetrySoon, "no answer", words, std::nullopt};
}

}  // namespace efa
