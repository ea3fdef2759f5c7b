// What S3's answers mean, how long to wait after them, and what a person is told.

#include "agent/deliver/s3/answer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <tuple>
#include <vector>

#include "probes/aws/backoff.h"
#include "probes/base/times.h"

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

void expect_rows(const std::vector<Row>& rows, const PutContext& context) {
  for (const Row& row : rows) {
    const PutResult result = judge_answer({row.status, {}, ""}, {row.code, "", "", ""}, context, 0);
    EXPECT_EQ(result.outcome, row.outcome) << row.status << row.code;
    EXPECT_NE(result.words.find(row.said), std::string::npos) << result.words;
  }
}

TEST(S3Answer, WhatPassesByItselfIsTriedSoon) {
  expect_rows(
      {
          {412, "PreconditionFailed", Outcome::kAlreadyThere, ""},
          {500, "InternalError", Outcome::kRetrySoon, "could not"},
          {502, "", Outcome::kRetrySoon, "could not"},
          {503, "SlowDown", Outcome::kRetrySoon, "fewer requests"},
          {429, "", Outcome::kRetrySoon, ""},
          {408, "", Outcome::kRetrySoon, ""},
          {409, "ConditionalRequestConflict", Outcome::kRetrySoon, ""},
          {400, "RequestTimeout", Outcome::kRetrySoon, ""},
          {400, "BadDigest", Outcome::kRetrySoon, "s3.checksum"},
          {307, "TemporaryRedirect", Outcome::kRetrySoon, ""},
      },
      context());
}

TEST(S3Answer, WhatAPersonPutsRightIsNamedAndTriedSlowly) {
  expect_rows(
      {
          {403, "AccessDenied", Outcome::kRetrySlowly, "s3:PutObject on arn:aws:s3:::pics/efa/*"},
          {403, "AccessDenied", Outcome::kRetrySlowly, "instance role node"},
          {403, "", Outcome::kRetrySlowly, "s3:PutObject"},
          {403, "InvalidAccessKeyId", Outcome::kRetrySlowly, "does not know the access key"},
          {403, "SignatureDoesNotMatch", Outcome::kRetrySlowly, "secret access key"},
          {403, "RequestTimeTooSkewed", Outcome::kRetrySlowly, "clock"},
          {403, "QuotaExceeded", Outcome::kRetrySlowly, "no room left"},
          {403, "UserSuspended", Outcome::kRetrySlowly, "suspended"},
          {403, "AllAccessDisabled", Outcome::kRetrySlowly, "AWS Support"},
          {403, "InvalidSecurity", Outcome::kRetrySlowly, "wrong key, secret or session token"},
          {400, "ExpiredToken", Outcome::kRetrySlowly, "expired"},
          {400, "InvalidToken", Outcome::kRetrySlowly, "session token"},
          {404, "NoSuchBucket", Outcome::kRetrySlowly, "bucket 'pics' does not exist"},
          {404, "", Outcome::kRetrySlowly, "bucket 'pics' was not found"},
          {405, "MethodNotAllowed", Outcome::kRetrySlowly, "s3.endpoint"},
          {301, "PermanentRedirect", Outcome::kRetrySlowly, "not in region eu-west-1"},
          {302, "", Outcome::kRetrySlowly, "s3.endpoint"},
          {400, "KMS.NotFoundException", Outcome::kRetrySlowly, "s3.kms_key_id"},
          {400, "InvalidStorageClass", Outcome::kRetrySlowly, "s3.storage_class"},
          {400, "InvalidEncryptionAlgorithmError", Outcome::kRetrySlowly, "s3.sse"},
          {400, "", Outcome::kRetrySlowly, "refused"},
          {407, "", Outcome::kRetrySlowly, "s3.proxy"},
          {501, "NotImplemented", Outcome::kRetrySlowly, "does not support something"},
          {507, "XMinioStorageFull", Outcome::kRetrySlowly, "no room left"},
          {511, "", Outcome::kRetrySlowly, "login"},
      },
      context());
}

TEST(S3Answer, ARefusalOfOneObjectIsNoneOfAFullBucket) {
  expect_rows(
      {
          {400, "EntityTooLarge", Outcome::kRefused, "larger"},
          {400, "KeyTooLongError", Outcome::kRefused, "shorten the prefix"},
          {413, "", Outcome::kRefused, "larger"},
          {403, "InvalidObjectState", Outcome::kRefused, "archived or locked"},
      },
      context());
  const PutResult full = judge_answer(
      {400, {}, ""}, {"EntityTooLarge", "Your bucket quota is exceeded", "", ""}, context(), 0);
  EXPECT_EQ(full.outcome, Outcome::kRetrySlowly);
  EXPECT_NE(full.words.find("no room left"), std::string::npos) << full.words;
}

TEST(S3Answer, ASuccessHasAnETag) {
  EXPECT_EQ(judge_answer({200, {{"etag", "\"x\""}}, ""}, {}, context(), 0).outcome,
            Outcome::kDelivered);
  const PutResult portal = judge_answer({200, {}, "<html>log in</html>"}, {}, context(), 0);
  EXPECT_EQ(portal.outcome, Outcome::kRetrySlowly);
  EXPECT_NE(portal.words.find("not S3"), std::string::npos);
}

TEST(S3Answer, AFailedConditionNobodySetIsNoSuccess) {
  PutContext plain = context();
  plain.only_if_absent = false;
  EXPECT_EQ(judge_answer({412, {}, ""}, {}, plain, 0).outcome, Outcome::kRetrySlowly);
}

void expect_said(const std::string& words, const std::vector<const char*>& parts) {
  for (const char* part : parts) EXPECT_NE(words.find(part), std::string::npos) << words;
}

TEST(S3Answer, NamesTheKeyAndTheOwnerWhereTheyMatter) {
  PutContext full = context();
  full.region = "us-gov-west-1";
  full.sse = "aws:kms";
  full.kms_key_id = "key-7";
  full.expected_bucket_owner = "111122223333";
  expect_said(explain_answer({403, {}, ""}, {"AccessDenied", "no policy allows", "", ""}, full),
              {"kms:GenerateDataKey on the key key-7", "111122223333", "arn:aws-us-gov:s3:::pics",
               "(S3: no policy allows)"});
}

TEST(S3Answer, NamesTheSecretAndTheTokenWhereServersHideThem) {
  PutContext own = context();
  own.target.endpoint = "https://ceph";
  expect_said(explain_answer({403, {}, ""}, {"AccessDenied", "", "", ""}, own),
              {"s3:PutObject", "wrong secret access key"});
  own.with_session = true;
  expect_said(explain_answer({403, {}, ""}, {"AccessDenied", "", "", ""}, own),
              {"or session token"});
}

TEST(S3Answer, NamesEachOptionThatTheServerMayLack) {
  PutContext full = context();
  full.sse = "AES256";
  full.storage_class = "GLACIER";
  full.with_session = full.checksum = true;
  for (const HttpAnswer& answer : {HttpAnswer{501, {}, ""}, HttpAnswer{400, {}, ""}}) {
    expect_said(
        explain_answer(answer, {"InvalidArgument", "", "", ""}, full),
        {"s3.sse = \"AES256\"", "s3.storage_class = \"GLACIER\"", "session token", "s3.checksum"});
  }
}

TEST(S3Answer, ARedirectNamesThePlaceThatTheServerNames) {
  PutContext own = context();
  own.target.endpoint = "https://s3.eu-west-1.amazonaws.com";
  expect_said(explain_answer({301, {{"x-amz-bucket-region", "eu-west-1"}}, ""},
                             {"PermanentRedirect", "", "", "pics.s3.amazonaws.com"}, own),
              {"not served at https://s3.eu-west-1.amazonaws.com",
               "the server names pics.s3.amazonaws.com", "s3.endpoint"});
  own.target.endpoint = "http://store";
  const std::string words =
      explain_answer({301, {{"location", "https://store:9000/pics/efa/x"}}, ""}, {}, own);
  expect_said(words, {"the server names https://store:9000", "s3.endpoint"});
  EXPECT_EQ(words.find("not in region"), std::string::npos) << words;
  expect_said(explain_answer({301, {{"location", "http://user:hush@h\r\n/"}}, ""}, {}, context()),
              {"not in region eu-west-1"});
}

TEST(S3Answer, AProxyThatDoesNotConnectIsNamed) {
  for (const auto& [status, outcome, said] :
       {std::tuple{407L, Outcome::kRetrySlowly, "user and a password"},
        std::tuple{403L, Outcome::kRetrySlowly, "no_proxy"},
        std::tuple{503L, Outcome::kRetrySoon, "could not connect"}}) {
    const PutResult result = judge_answer({status, {}, "", true}, {}, context(), 0);
    EXPECT_EQ(result.outcome, outcome) << status;
    expect_said(result.words, {"the proxy", said});
  }
}

TEST(S3Answer, WordsAreOneBoundedLine) {
  const std::string hostile(100'000, '\033');
  const PutResult result =
      judge_answer({403, {}, ""}, {"AccessDenied", hostile + "\nMAINPID=1", "", ""}, context(), 0);
  EXPECT_LE(result.words.size(), kLongestWords);
  EXPECT_EQ(result.words.find_first_of("\n\033"), std::string::npos);
}

TEST(S3Answer, SilenceIsTriedSoonAndACertificateSlowly) {
  const PutResult silence = judge_silence({ErrorKind::kTimedOut, "https://h", "no"}, context());
  EXPECT_EQ(silence.outcome, Outcome::kRetrySoon);
  const PutResult unknown =
      judge_silence({ErrorKind::kDenied, "https://h", "SSL certificate problem"}, context());
  EXPECT_EQ(unknown.outcome, Outcome::kRetrySlowly);
  expect_said(unknown.words, {"s3.ca_file"});
  PutContext dotted = context();
  dotted.target.addressing = Addressing::kVirtual;
  const Error other_name{ErrorKind::kDenied, "https://my.pics.s3",
                         "SSL: no alternative certificate subject name matches target host name"};
  expect_said(judge_silence(other_name, dotted).words, {"s3.addressing = \"path\""});
  dotted.target.addressing = Addressing::kPath;
  expect_said(judge_silence(other_name, dotted).words, {"s3.endpoint"});
}

// Metadata that nobody answers yet, as early at boot, passes by itself.
TEST(Credentials, AreWaitedForWhereTheyCanCome) {
  const auto outcome = [](ErrorKind kind, int os_error) {
    return judge_credentials({kind, "no credentials", "none", os_error}).outcome;
  };
  EXPECT_EQ(outcome(ErrorKind::kNotFound, ENODEV), Outcome::kRetrySlowly) << "on no instance";
  EXPECT_EQ(outcome(ErrorKind::kNotFound, 0), Outcome::kRetrySoon);
  EXPECT_EQ(outcome(ErrorKind::kTimedOut, 0), Outcome::kRetrySoon);
  EXPECT_EQ(outcome(ErrorKind::kDenied, 0), Outcome::kRetrySlowly);
}

TEST(Backoff, DoublesWithFullJitterUpToItsMost) {
  EXPECT_EQ(delay_ms(kSoon, 1, 0.5, std::nullopt), 500);
  EXPECT_EQ(delay_ms(kSoon, 2, 0.5, std::nullopt), 1'000);
  EXPECT_EQ(delay_ms(kSoon, 5, 0.5, std::nullopt), 8'000);
  EXPECT_EQ(delay_ms(kSoon, 50, 0.5, std::nullopt), 150'000);
  EXPECT_EQ(delay_ms(kSoon, 3, 0.0, std::nullopt), 250) << "no answer without a pause";
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
