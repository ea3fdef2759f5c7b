#include "agent/deliver/s3/answer.h"

#include <algorithm>
#include <cerrno>

#include "probes/aws/backoff.h"
#include "probes/base/printable.h"

namespace efa {
namespace {

// The first row that fits decides; a status of 0 or a code of "" fits any.
struct Meaning {
  long status;
  const char* code;
  Outcome outcome;
};

constexpr Meaning kMeanings[] = {
    // this object alone
    {413, "", Outcome::kRefused},
    {414, "", Outcome::kRefused},
    {0, "EntityTooLarge", Outcome::kRefused},
    {0, "KeyTooLongError", Outcome::kRefused},
    {0, "MaxMessageLengthExceeded", Outcome::kRefused},
    {0, "InvalidObjectState", Outcome::kRefused},
    // passes by itself
    {0, "RequestTimeout", Outcome::kRetrySoon},
    {0, "IncompleteBody", Outcome::kRetrySoon},
    {0, "BadDigest", Outcome::kRetrySoon},
    {0, "XAmzContentSHA256Mismatch", Outcome::kRetrySoon},
    {0, "XAmzContentChecksumMismatch", Outcome::kRetrySoon},
    {0, "TemporaryRedirect", Outcome::kRetrySoon},
    {0, "InvalidBucketState", Outcome::kRetrySlowly},
    {408, "", Outcome::kRetrySoon},
    {409, "", Outcome::kRetrySoon},
    {425, "", Outcome::kRetrySoon},
    {429, "", Outcome::kRetrySoon},
    // what the server lacks stays so: no such method, no such version of HTTP, no room, no login
    {501, "", Outcome::kRetrySlowly},
    {505, "", Outcome::kRetrySlowly},
    {507, "", Outcome::kRetrySlowly},
    {511, "", Outcome::kRetrySlowly},
};

bool fits(const Meaning& meaning, long status, const std::string& code) {
  return (meaning.status == 0 || meaning.status == status) &&
         (*meaning.code == '\0' || code == meaning.code);
}

Outcome outcome_of(const HttpAnswer& answer, const ServiceError& error, bool only_if_absent) {
  const long status = answer.status;
  // a portal or a proxy answers 200 as well; S3 says under which tag it keeps the object
  if (status >= 200 && status < 300) {
    return answer.header("etag").empty() ? Outcome::kRetrySlowly : Outcome::kDelivered;
  }
  if (status == 412 && only_if_absent) return Outcome::kAlreadyThere;
  if (is_about_room(error)) return Outcome::kRetrySlowly;
  for (const Meaning& meaning : kMeanings) {
    if (fits(meaning, status, error.code)) return meaning.outcome;
  }
  return status >= 500 ? Outcome::kRetrySoon : Outcome::kRetrySlowly;
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
  result.words = printable(explain_answer(answer, error, context), kLongestWords);
  result.retry_after_ms = parse_retry_after_ms(answer.header("retry-after"), now_ms);
  return result;
}

PutResult judge_silence(const Error& error, const PutContext& context) {
  const bool certificate = error.kind == ErrorKind::kDenied;
  const std::string words =
      message_of(error) + (certificate ? explain_certificate(error, context) : "");
  return {certificate ? Outcome::kRetrySlowly : Outcome::kRetrySoon, "no answer",
          printable(words, kLongestWords), std::nullopt};
}

PutResult judge_credentials(const Error& error) {
  const bool refused = error.kind == ErrorKind::kDenied || error.kind == ErrorKind::kMalformed;
  const bool nowhere = error.kind == ErrorKind::kNotFound && error.os_error == ENODEV;
  return {refused || nowhere ? Outcome::kRetrySlowly : Outcome::kRetrySoon, "no credentials",
          printable(message_of(error), kLongestWords), std::nullopt};
}

}  // namespace efa
