// Calls against a scripted service and a clock that tests turn.

#include "probes/account/calls.h"

#include <gtest/gtest.h>

#include <deque>

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z

HttpAnswer refused(long status, const std::string& code) {
  return {status,
          {},
          "<Response><Errors><Error><Code>" + code +
              "</Code><Message>words</Message></Error></Errors></Response>"};
}

const HttpAnswer kFine{200, {}, "<fine/>"};
const HttpAnswer kSilence{0, {}, ""};

// Answers in order, then well.
class ScriptedService final : public Http {
 public:
  std::deque<HttpAnswer> answers;
  std::vector<HttpRequest> asked;
  std::vector<std::string> bodies;

  Result<HttpAnswer> send(const HttpRequest& request) override {
    asked.push_back(request);
    bodies.emplace_back(request.body);
    if (answers.empty()) return kFine;
    HttpAnswer answer = answers.front();
    answers.pop_front();
    if (answer.status != 0) return answer;
    return Error{ErrorKind::kTimedOut, "https://h", "no answer in time"};
  }
};

class CallsTest : public testing::Test {
 protected:
  [[nodiscard]] Clock clock() {
    Clock clock;
    clock.unix_ms = [this] { return kNowMs + now_ms_; };
    clock.steady_ms = [this] { return now_ms_; };
    clock.sleep = [this](int64_t ms) {
      slept_.push_back(ms);
      now_ms_ += ms;
    };
    clock.stopped = [] { return false; };
    return clock;
  }
  // "<fine/>", or the words of the refusal
  std::string ask(const char* action = "DescribeInstances") {
    const auto answer = calls().ask({kEc2, action, {}});
    const auto* refusal = std::get_if<Refusal>(&answer);
    if (refusal != nullptr) last_ = *refusal;
    return refusal == nullptr ? std::get<std::string>(answer) : refusal->words;
  }
  Calls& calls() {
    if (!calls_) calls_.emplace(settings_, signed_, clock_, [this] { return random_; });
    return *calls_;
  }

  int64_t now_ms_ = 0;
  std::vector<int64_t> slept_;
  double random_ = 0.5;
  ScriptedService http_;
  Clock clock_ = clock();
  bool with_keys_ = true;
  CredentialChain chain_{{},
                         [this](const char* name) {
                           const std::string variable = name;
                           if (variable == "HOME") return std::string("/none");
                           const bool is_key = variable.starts_with("AWS_") && with_keys_;
                           return std::string(is_key ? "key" : "");
                         },
                         http_};
  SignedHttp signed_{chain_, http_, clock_};
  CallSettings settings_{.region = "eu-west-1"};
  std::optional<Calls> calls_;
  Refusal last_;
};

TEST_F(CallsTest, AreSignedForms) {
  const auto answer =
      calls().ask({kEc2, "DescribeInstances", {{"Filter.1.Name", "tag:Fleet"}, {"x", "a b+&"}}});
  EXPECT_EQ(std::get<std::string>(answer), "<fine/>");
  EXPECT_EQ(http_.bodies.at(0),
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3AFleet&x=a%20b%2B%26");
  const HttpRequest& request = http_.asked.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://ec2.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.headers.at(0).second, "ec2.eu-west-1.amazonaws.com");
  EXPECT_NE(request.headers.back().second.find("/eu-west-1/ec2/aws4_request, SignedHeaders="
                                               "content-type;host;x-amz-date"),
            std::string::npos);
}

TEST_F(CallsTest, GoWhereTheRegionOrTheSettingsSay) {
  settings_.region = "cn-north-1";
  ask();
  EXPECT_EQ(http_.asked.at(0).url, "https://ec2.cn-north-1.amazonaws.com.cn/");
  calls_.reset();
  settings_.endpoint = "http://127.0.0.1:5000";
  ask();
  EXPECT_EQ(http_.asked.at(1).url, "http://127.0.0.1:5000/");
  EXPECT_EQ(http_.asked.at(1).headers.at(0).second, "127.0.0.1:5000");
}

TEST_F(CallsTest, OfSsmAreSignedJson) {
  const Call call{kSsm, "DescribeInstanceInformation", {}, {{"MaxResults", 50}}};
  (void)calls().ask(next_page(call, "a\"b"));
  EXPECT_EQ(http_.bodies.at(0), R"({"MaxResults":50,"NextToken":"a\"b"})");
  const HttpRequest& request = http_.asked.at(0);
  EXPECT_EQ(request.url, "https://ssm.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.headers.at(1).second, "application/x-amz-json-1.1");
  EXPECT_EQ(request.headers.at(2).second, "AmazonSSM.DescribeInstanceInformation");
  EXPECT_NE(request.headers.back().second.find("/eu-west-1/ssm/aws4_request, SignedHeaders="
                                               "content-type;host;x-amz-date;x-amz-security-token;"
                                               "x-amz-target"),
            std::string::npos);
}

TEST_F(CallsTest, OfIamGoToTheOneOfThePartition) {
  struct Row {
    const char* region;
    const char* url;
    const char* signed_in;
  };
  for (const Row& row :
       {Row{"eu-west-1", "https://iam.amazonaws.com/", "/us-east-1/iam/"},
        {"cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn/", "/cn-north-1/iam/"},
        {"us-gov-east-1", "https://iam.us-gov.amazonaws.com/", "/us-gov-west-1/iam/"},
        {"us-iso-west-1", "https://iam.us-iso-east-1.c2s.ic.gov/", "/us-iso-east-1/iam/"},
        {"us-isob-east-1", "https://iam.us-isob-east-1.sc2s.sgov.gov/", "/us-isob-east-1/iam/"},
        {"eusc-de-east-1", "https://iam.eusc-de-east-1.amazonaws.eu/", "/eusc-de-east-1/iam/"}}) {
    calls_.reset();
    http_.asked.clear();
    http_.bodies.clear();
    settings_.region = row.region;
    const Call call{kIam, "SimulatePrincipalPolicy", {{"PolicySourceArn", "role"}}};
    (void)calls().ask(next_page(call, "m"));
    EXPECT_EQ(http_.asked.at(0).url, row.url);
    EXPECT_NE(http_.asked.at(0).headers.back().second.find(row.signed_in), std::string::npos);
    EXPECT_EQ(http_.bodies.at(0),
              "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=role&Marker=m");
  }
}

TEST_F(CallsTest, ADenialNamesTheAction) {
  http_.answers = {
      {400, {}, R"({"__type":"AccessDeniedException","message":"not you"})"},
      {403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"}};
  const auto ssm = calls().ask({kSsm, "GetDocument", {}, {{"Name", "x"}}});
  EXPECT_EQ(std::get<Refusal>(ssm).denied_action, "ssm:GetDocument");
  EXPECT_EQ(std::get<Refusal>(ssm).words, "GetDocument: AccessDeniedException not you");
  const auto iam = calls().ask({kIam, "GetInstanceProfile", {}});
  EXPECT_EQ(std::get<Refusal>(iam).denied_action, "iam:GetInstanceProfile");
}

TEST_F(CallsTest, KeysThatIamAloneDoesNotTakeEndNoOther) {
  http_.answers = {refused(403, "InvalidClientTokenId")};
  const auto answer = calls().ask({kIam, "GetInstanceProfile", {}});
  EXPECT_EQ(std::get<Refusal>(answer).code, "InvalidClientTokenId");
  EXPECT_EQ(ask(), "<fine/>");
}

TEST_F(CallsTest, KeepARateOfTheirOwn) {
  for (int i = 0; i < 4; ++i) ask();
  EXPECT_EQ(slept_, (std::vector<int64_t>{200, 200, 200}));
}

TEST_F(CallsTest, WaitLongerEachTimeTheyAreThrottled) {
  http_.answers = {refused(503, "RequestLimitExceeded"), refused(400, "Throttling"),
                   refused(400, "ThrottlingException"), refused(503, "Unavailable")};
  EXPECT_EQ(ask(), "<fine/>");
  EXPECT_EQ(slept_, (std::vector<int64_t>{500, 1'000, 2'000, 4'000}));
}

TEST_F(CallsTest, ThrottledWithoutEndTheyEndWithTheirTime) {
  http_.answers.assign(1'000, refused(503, "RequestLimitExceeded"));
  EXPECT_EQ(ask(), "DescribeInstances: RequestLimitExceeded words");
  EXPECT_EQ(last_.status, SectionStatus::kThrottled);
  EXPECT_EQ(now_ms_, 300'000);
  const int sent = calls().sent();
  EXPECT_LT(sent, 40);
  EXPECT_EQ(ask("DescribeVpcs"), "DescribeVpcs: no time was left");
  EXPECT_EQ(calls().sent(), sent);
}

TEST_F(CallsTest, OfThreeInFourThrottledAllAreAnswered) {
  for (int i = 0; i < 50; ++i) {
    for (int j = 0; j < 3; ++j) http_.answers.push_back(refused(503, "RequestLimitExceeded"));
    http_.answers.push_back(kFine);
  }
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ask(), "<fine/>") << i;
  EXPECT_LT(now_ms_, 300'000);
}

TEST_F(CallsTest, ADenialIsOfThatActionAlone) {
  http_.answers = {refused(403, "UnauthorizedOperation")};
  EXPECT_EQ(ask(), "DescribeInstances: UnauthorizedOperation words");
  EXPECT_EQ(last_.status, SectionStatus::kDenied);
  EXPECT_EQ(last_.code, "UnauthorizedOperation");
  EXPECT_EQ(calls().end_of_all(), nullptr);
  EXPECT_EQ(ask(), "<fine/>");
}

TEST_F(CallsTest, KeysThatAreNotTakenEndThemAll) {
  for (const char* code :
       {"AuthFailure", "SignatureDoesNotMatch", "InvalidClientTokenId", "OptInRequired"}) {
    calls_.reset();
    http_.asked.clear();
    http_.answers = {refused(401, code)};
    ask();
    ASSERT_NE(calls().end_of_all(), nullptr) << code;
    EXPECT_EQ(calls().end_of_all()->code, code);
    const size_t asked = http_.asked.size();
    EXPECT_EQ(ask("DescribeVpcs"), std::string("DescribeInstances: ") + code + " words");
    EXPECT_EQ(http_.asked.size(), asked);
  }
}

TEST_F(CallsTest, AreSentAgainByTheServicesClock) {
  HttpAnswer late = refused(400, "RequestExpired");
  late.headers = {{"date", "Tue, 24 Nov 2026 04:00:00 GMT"}};
  http_.answers = {late};
  EXPECT_EQ(ask(), "<fine/>");
  EXPECT_EQ(calls().server_time_ms() - now_ms_, kNowMs + int64_t{6} * 3'600'000);
}

TEST_F(CallsTest, WithoutKeysNothingIsAsked) {
  with_keys_ = false;
  EXPECT_NE(ask().find("none in the environment"), std::string::npos);
  ASSERT_NE(calls().end_of_all(), nullptr);
  EXPECT_TRUE(http_.asked.empty());
}

TEST_F(CallsTest, ANetworkThatIsSilentIsTriedThrice) {
  http_.answers.assign(10, kSilence);
  EXPECT_EQ(ask(), "DescribeInstances: https://h: no answer in time");
  EXPECT_EQ(http_.asked.size(), 3U);
  EXPECT_EQ(last_.status, SectionStatus::kFailed);
}

TEST_F(CallsTest, WhatIsNoServiceOfAwsIsNotAskedOn) {
  http_.answers = {{403, {}, "<html>\x1b[2Jblocked</html>", true}};
  EXPECT_EQ(ask(), "DescribeInstances: a proxy answered HTTP status 403");
  http_.answers = {{302, {}, ""}};
  EXPECT_EQ(ask(), "DescribeInstances: HTTP status 302");
}

}  // namespace
}  // namespace efa
