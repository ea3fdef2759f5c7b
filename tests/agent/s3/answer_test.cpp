// What S3's answers mean, how long to wait after them, and what a person is told.

#include "agent/deliver/s3/answer.h"

#include <gtest/gtest.h>

#include "agent/deliver/s3/backoff.h"
#include "agent/deliver/s3/times.h"

namespace efa {
namespace {

PutContext context() {
  PutContext context;
  context.target.bucket = "pics";
  context.target.prefix = "efa";
  context.region = "eu-west-1";
  context.credentials_source = "instance role node";
  context.only_if_absent = true;
  return context;
}

struct Row {
  long status;
  const char* code;
  Outcome outcome;
  const char* said;  // a part of the explanation
};

TEST(S3Answer, MeansWhatS3Documents) {
  const Row rows[] = {
      {412, "PreconditionFailed", Outcome::kAlreadyThere, ""},
      {500, "InternalError", Outcome::kRetrySoon, "could not"},
      {503, "SlowDown", Outcome::kRetrySoon, "fewer requests"},
      {429, "", Outcome::kRetrySoon, ""},
      {408, "", Outcome::kRetrySoon, ""},
      {409, "ConditionalRequestConflict", Outcome::kRetrySoon, ""},
      {400, "RequestTimeout", Outcome::kRetrySoon, ""},
      {307, "TemporaryRedirect", Outcome::kRetrySoon, ""},
      {403, "AccessDenied", Outcome::kRetrySlowly, "s3:PutObject on arn:aws:s3:::pics/efa/*"},
      {403, "AccessDenied", Outcome::kRetrySlowly, "instance role node"},
      {403, "InvalidAccessKeyId", Outcome::kRetrySlowly, "does not know the access key"},
      {403, "SignatureDoesNotMatch", Outcome::kRetrySlowly, "secret access key"},
      {403, "RequestTimeTooSkewed", Outcome::kRetrySlowly, "clock"},
      {400, "ExpiredToken", Outcome::kRetrySlowly, "expired"},
      {403, "", Outcome::kRetrySlowly, "s3:PutObject"},
      {404, "NoSuchBucket", Outcome::kRetrySlowly, "bucket 'pics' does not exist"},
      {404, "", Outcome::kRetrySlowly, "bucket 'pics' was not found"},
      {301, "PermanentRedirect", Outcome::kRetrySlowly, "not in region eu-west-1"},
      {400, "KMS.NotFoundException", Outcome::kRetrySlowly, "s3.kms_key_id"},
      {400, "", Outcome::kRetrySlowly, "refused"},
      {400, "EntityTooLarge", Outcome::kRefused, "larger"},
      {413, "", Outcome::kRefused, ""},
  };
  for (const Row& row : rows) {
    const PutResult result = judge_answer({row.status, {}, ""}, {row.code, "", ""}, context(), 0);
    EXPECT_EQ(result.outcome, row.outcome) << row.status << row.code;
    EXPECT_NE(result.words.find(row.said), std::string::npos) << result.words;
  }
}

TEST(S3Answer, ASuccessHasAnETag) {
  EXPECT_EQ(judge_answer({200, {{"etag", "\"x\""}}, ""}, {}, context(), 0).outcome,
            Outcome::kDelivered);
  const PutResult portal = judge_answer({200, {}, "<html>log in</html>"}, {}, context(), 0);
  EXPECT_EQ(portal.outcome, Outcome::kRetrySoon);
  EXPECT_NE(portal.words.find("no S3"), std::string::npos);
}

TEST(S3Answer, AFailedConditionNobodySetIsNoSuccess) {
  PutContext plain = context();
  plain.only_if_absent = false;
  EXPECT_EQ(judge_answer({412, {}, ""}, {}, plain, 0).outcome, Outcome::kRetrySlowly);
}

TEST(S3Answer, NamesTheKeyAndTheOwnerWhereTheyMatter) {
  PutContext full = context();
  full.region = "us-gov-west-1";
  full.sse = "aws:kms";
  full.kms_key_id = "key-7";
  full.expected_bucket_owner = "111122223333";
  const std::string words = explain_answer(403, {"AccessDenied", "no policy allows", ""}, full);
  for (const char* part : {"kms:GenerateDataKey on the key key-7", "111122223333",
                           "arn:aws-us-gov:s3:::pics", "(S3: no policy allows)"}) {
    EXPECT_NE(words.find(part), std::string::npos) << words;
  }
}

TEST(S3Answer, SilenceIsRetriedSoonAndCertificatesAreExplained) {
  const PutResult result =
      judge_silence({ErrorKind::kInputOutput, "https://h", "SSL certificate problem"});
  EXPECT_EQ(result.outcome, Outcome::kRetrySoon);
  EXPECT_NE(result.words.find("s3.ca_file"), std::string::npos);
}

TEST(Backoff, DoublesWithFullJitterUpToItsMost) {
  EXPECT_EQ(delay_ms(kSoon, 1, 0.5, std::nullopt), 500);
  EXPECT_EQ(delay_ms(kSoon, 2, 0.5, std::nullopt), 1'000);
  EXPECT_EQ(delay_ms(kSoon, 5, 0.5, std::nullopt), 8'000);
  EXPECT_EQ(delay_ms(kSoon, 50, 0.5, std::nullopt), 150'000);
  EXPECT_EQ(delay_ms(kSoon, 3, 0.0, std::nullopt), 0);
  EXPECT_EQ(delay_ms(kSlowly, 1, 0.0, std::nullopt), 30'000);
  EXPECT_EQ(delay_ms(kSlowly, 60, 1.0, std::nullopt), 3'600'000);
}

TEST(Backoff, IsNeverSoonerThanTheServerAsks) {
  EXPECT_EQ(delay_ms(kSoon, 1, 0.0, 7'000), 7'000);
  EXPECT_EQ(delay_ms(kSoon, 9, 1.0, 7'000), 256'000);
}

TEST(RetryAfter, IsSecondsOrADate) {
  const int64_t now = *parse_http_date_ms("Mon, 23 Nov 2026 22:00:00 GMT");
  EXPECT_EQ(parse_retry_after_ms("120", now), 120'000);
  EXPECT_EQ(parse_retry_after_ms("Mon, 23 Nov 2026 22:00:09 GMT", now), 9'000);
  EXPECT_EQ(parse_retry_after_ms("Mon, 23 Nov 2026 21:00:00 GMT", now), 0);
  EXPECT_EQ(parse_retry_after_ms("999999999999", now), 3'600'000);
  EXPECT_EQ(parse_retry_after_ms("-5", now), 0);
  for (const char* text : {"", "soon", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(parse_retry_after_ms(text, now), std::nullopt) << text;
  }
}

TEST(Times, AreReadOnlyWhole) {
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T12:36:00Z"), 1'440'938'160'000);
  EXPECT_EQ(parse_iso_time_ms("2015-08-30T12:36:00.123Z"), 1'440'938'160'000);
  for (const char* text : {"", "2015-08-30", "2015-08-30T12:36:00", "2015-08-30T12:36:00+01:00"}) {
    EXPECT_EQ(parse_iso_time_ms(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_http_date_ms("Sun, 30 Aug 2015 12:36:00 GMT"), 1'440'938'160'000);
  EXPECT_EQ(parse_http_date_ms("Sun, 30 Aug 2015 12:36:00"), std::nullopt);
}

}  // namespace
}  // namespace efa
