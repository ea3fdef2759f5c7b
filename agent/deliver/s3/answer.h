// What an answer of S3 to a PUT means, and how it is explained to a person. Pure.
// Interface: Amazon S3 API Reference, "PutObject" and "Error responses".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "probes/aws/http.h"
#include "probes/aws/service_error.h"
#include "probes/aws/target.h"

namespace efa {

enum class Outcome {
  kDelivered,
  kAlreadyThere,  // an earlier try had arrived
  kRetrySoon,     // passes by itself
  kRetrySlowly,   // someone has to put something right; it concerns every object
  kRefused,       // S3 does not take this object; others may go through
  kDamaged,       // nothing was asked: what should have been sent is no report
  kUnreadable     // nothing was asked: it could not be read this time
};

inline constexpr size_t kLongestWords = 1'000;

struct PutResult {
  Outcome outcome = Outcome::kRetrySoon;
  std::string code;   // "403 AccessDenied", "no answer"
  std::string words;  // printable, at most kLongestWords
  std::optional<int64_t> retry_after_ms;

  [[nodiscard]] bool arrived() const {
    return outcome == Outcome::kDelivered || outcome == Outcome::kAlreadyThere;
  }
};

// What was asked, as far as the explanation needs it.
struct PutContext {
  S3Target target;
  std::string region;
  std::string credentials_source;
  bool with_session = false;  // the keys came with a session token
  std::string sse;
  std::string kms_key_id;
  std::string expected_bucket_owner;
  std::string storage_class;
  bool checksum = false;
  bool only_if_absent = false;
};

PutResult judge_answer(const HttpAnswer& answer, const ServiceError& error,
                       const PutContext& context, int64_t now_ms);
PutResult judge_silence(const Error& error, const PutContext& context);
PutResult judge_credentials(const Error& error);

// The bucket or its user has no room left.
bool is_about_room(const ServiceError& error);
// Which permission, which bucket, which region, which clock.
std::string explain_answer(const HttpAnswer& answer, const ServiceError& error,
                           const PutContext& context);
std::string explain_certificate(const Error& error, const PutContext& context);

}  // namespace efa
