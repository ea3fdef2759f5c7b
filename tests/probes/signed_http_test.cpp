// Requests that are signed, and what the answers of services correct.

#include "probes/aws/signed_http.h"

#include <gtest/gtest.h>

#include <deque>

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z
constexpr const char* kSixHoursLater = "Tue, 24 Nov 2026 04:00:00 GMT";

class Recorded final : public Http {
 public:
  std::vector<Headers> asked;
  Result<HttpAnswer> send(const HttpRequest& request) override {
    asked.push_back(request.headers);
    return HttpAnswer{200, {}, ""};
  }
};

class SignedHttpTest : public testing::Test {
 protected:
  [[nodiscard]] std::string value(const char* name) const {
    const bool is_id = std::string(name) == "AWS_ACCESS_KEY_ID";
    return std::string(name) == "HOME" ? "/none" : is_id ? key_ : "secret";
  }
  bool correct(const HttpAnswer& answer, const char* code) {
    ServiceError error;
    error.code = code;
    return signed_.correct(answer, error, last_);
  }

  std::string key_ = "AKIA1";
  Recorded http_;
  Clock clock_{.unix_ms = [] { return kNowMs; }};
  CredentialChain chain_{{}, [this](const char* name) { return value(name); }, http_};
  SignedHttp signed_{chain_, http_, clock_};
  SignedTry last_{.credentials = *signed_.credentials()};
};

TEST_F(SignedHttpTest, SignsForTheServiceAndTheRegion) {
  SignedRequest request{.region = "eu-west-1", .service = "ec2"};
  request.http.method = "POST";
  request.http.headers = {{"host", "ec2.eu-west-1.amazonaws.com"}};
  request.http.body = "Action=DescribeInstances&Version=2016-11-15";
  ASSERT_TRUE(signed_.send(request, last_.credentials));
  const std::string authorization = http_.asked.at(0).back().second;
  EXPECT_NE(authorization.find("Credential=AKIA1/20261123/eu-west-1/ec2/aws4_request, "
                               "SignedHeaders=host;x-amz-date;x-amz-security-token, "),
            std::string::npos)
      << authorization;
}

struct ClockRow {
  long status;
  const char* code;
  const char* date;
  bool corrected;
};

TEST_F(SignedHttpTest, TheServersClockHoldsWhereItRefusesForThat) {
  const char* same = "Mon, 23 Nov 2026 22:00:01 GMT";
  for (const ClockRow& row : {ClockRow{403, "RequestTimeTooSkewed", kSixHoursLater, true},
                              {403, "SignatureDoesNotMatch", kSixHoursLater, true},
                              {403, "AccessDenied", kSixHoursLater, true},
                              {401, "AuthFailure", kSixHoursLater, true},
                              {400, "RequestExpired", kSixHoursLater, true},
                              {400, "InvalidSignatureException", kSixHoursLater, true},
                              {401, "AuthFailure", same, false},
                              {400, "RequestExpired", same, false},
                              {400, "InvalidParameterValue", kSixHoursLater, false},
                              {503, "RequestLimitExceeded", kSixHoursLater, false},
                              {401, "AuthFailure", "yesterday", false},
                              {200, "", kSixHoursLater, false}}) {
    SignedHttp fresh(chain_, http_, clock_);
    SignedTry last{.credentials = last_.credentials};
    ServiceError error;
    error.code = row.code;
    const HttpAnswer answer{row.status, {{"date", row.date}}, ""};
    EXPECT_EQ(fresh.correct(answer, error, last), row.corrected) << row.code << " " << row.date;
    EXPECT_EQ(fresh.clock_offset_ms(), row.corrected ? 6 * 3'600'000 : 0) << row.code;
    EXPECT_FALSE(row.corrected && fresh.correct(answer, error, last)) << "asked twice";
  }
}

TEST_F(SignedHttpTest, NewerKeysAreTakenWhereTheOldOnesAreRefused) {
  for (const char* code : {"AuthFailure", "RequestExpired", "ExpiredToken"}) {
    last_ = {.credentials = *signed_.credentials()};
    EXPECT_FALSE(correct({401, {}, ""}, code)) << "the source has no others";
    last_.credentials_corrected = false;
    key_ += "1";
    EXPECT_TRUE(correct({401, {}, ""}, code)) << code;
    EXPECT_EQ(signed_.credentials()->access_key_id, key_);
  }
}

TEST_F(SignedHttpTest, NoOthersAreLookedForWhereTheActionIsNotAllowed) {
  key_ = "AKIA2";
  EXPECT_FALSE(correct({403, {}, ""}, "UnauthorizedOperation"));
  EXPECT_EQ(signed_.credentials()->access_key_id, "AKIA1");
}

TEST_F(SignedHttpTest, AProxysAnswerSaysNothingOfEither) {
  key_ = "AKIA2";
  EXPECT_FALSE(correct({403, {{"date", kSixHoursLater}}, "", /*of_proxy=*/true}, ""));
  EXPECT_EQ(signed_.clock_offset_ms(), 0);
}

}  // namespace
}  // namespace efa
