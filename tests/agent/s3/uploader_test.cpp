// The uploader against a scripted server and a clock that tests turn.

#include "agent/deliver/s3/uploader.h"
#include "agent/config/paths.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>

#include "probes/aws/gzip.h"

namespace efa {
namespace {

constexpr int64_t kNowMs = 1'795'471'200'000;  // 2026-11-23T22:00:00Z
const HttpAnswer kStored{200, {{"etag", "\"e\""}}, ""};

HttpAnswer failure(long status, const std::string& code, Headers headers = {}) {
  return {status, std::move(headers), "<Error><Code>" + code + "</Code></Error>"};
}

// Answers in order, then as S3 would; a status of 0 is silence.
class ScriptedS3 final : public Http {
 public:
  struct Asked {
    std::string url;
    Headers headers;
    std::string body;
    [[nodiscard]] std::string header(const std::string& name) const {
      return HttpAnswer{0, headers, ""}.header(name);
    }
  };
  std::deque<HttpAnswer> answers;
  std::vector<Asked> asked;
  std::function<void()> when_silent = [] {};

  Result<HttpAnswer> send(const HttpRequest& request) override {
    asked.push_back({request.url, request.headers, std::string(request.body)});
    if (answers.empty()) return kStored;
    HttpAnswer answer = answers.front();
    answers.pop_front();
    if (answer.status != 0) return answer;
    when_silent();
    return Error{ErrorKind::kTimedOut, "https://h", "no answer in time"};
  }
};

class UploaderTest : public testing::Test {
 protected:
  UploaderTest()
      : directory_(testing::TempDir() + "efa-uploader-" + std::to_string(getpid())),
        spool_(directory_ + "/spool", {}) {
    std::filesystem::remove_all(directory_);
    clock_.unix_ms = [this] { return now_ms_ + set_ms_; };
    clock_.steady_ms = [this] { return now_ms_; };
    clock_.sleep = [this](int64_t ms) {
      slept_.push_back(ms);
      now_ms_ += ms;
    };
    clock_.stopped = [] { return false; };
    clock_.boot_id = "boot-1";
    settings_.target = *parse_target("s3://pics/efa", "", "auto");
  }
  ~UploaderTest() override { std::filesystem::remove_all(directory_); }

  void spool_report(int sequence, const char* verdict) {
    const std::string time = "2026-11-23T22:00:0" + std::to_string(sequence) + "Z";
    const std::string report = R"({"node":{"instance_id":"i-1","region":"eu-west-1","boot_id":"9f)"
                               R"(86d081-884c"},"run":{"started_at":")" +
                               time + R"(","sequence":)" + std::to_string(sequence) + "}}\n";
    ASSERT_TRUE(spool_.put({time, "9f86d081", sequence}, verdict, report));
  }

  Drained drain(const DrainOptions& options = {}) {
    CredentialChain chain(
        {}, [](const char* name) { return std::string(name) == "HOME" ? "/none" : "key"; }, http_);
    S3Client client(settings_, chain, http_, clock_);
    Uploader uploader(spool_, client, clock_, state_path(),
                      read_delivery_state(state_path(), "s3://pics/efa", clock_.unix_ms()),
                      [] { return 0.5; });
    return uploader.drain(options);
  }

  [[nodiscard]] std::string state_path() const { return directory_ + "/delivery.json"; }
  [[nodiscard]] DeliveryState state() const {
    return read_delivery_state(state_path(), "s3://pics/efa", clock_.unix_ms());
  }
  // What follows the last '/', of each request.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& asked : http_.asked) names.push_back(asked.url.substr(asked.url.rfind('/')));
    return names;
  }

  std::string directory_;
  Spool spool_;
  ScriptedS3 http_;
  Clock clock_;
  ClientSettings settings_;
  int64_t now_ms_ = kNowMs;
  int64_t set_ms_ = 0;  // by how much somebody has set the wall clock
  std::vector<int64_t> slept_;
};

TEST_F(UploaderTest, SendsAReportAndMakesItTheLatest) {
  spool_report(1, "healthy");
  const Drained drained = drain();
  EXPECT_EQ(drained.delivered, 1);
  EXPECT_EQ(drained.pending, 0);
  ASSERT_EQ(http_.asked.size(), 2U);
  EXPECT_EQ(http_.asked[0].url,
            "https://pics.s3.us-east-1.amazonaws.com/efa/region%3Deu-west-1/date%3D2026-11-23/"
            "instance%3Di-1/2026-11-23T22%3A00%3A01Z-9f86d081-1.json");
  EXPECT_EQ(http_.asked[0].header("if-none-match"), "*");
  EXPECT_EQ(http_.asked[0].header("content-type"), "application/json");
  EXPECT_EQ(http_.asked[1].url, "https://pics.s3.us-east-1.amazonaws.com/efa/latest/i-1.json");
  EXPECT_EQ(http_.asked[1].header("if-none-match"), "");
  EXPECT_EQ(state().last_success, "2026-11-23T22:00:00Z");
  EXPECT_FALSE(state().last_error);
}

TEST_F(UploaderTest, SendsVerdictChangesFirstAndTheLatestOnce) {
  spool_report(1, "healthy");
  spool_report(2, "unhealthy");
  spool_report(3, "unhealthy");
  EXPECT_EQ(drain().delivered, 3);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"/2026-11-23T22%3A00%3A02Z-9f86d081-2.json",
                                      "/2026-11-23T22%3A00%3A01Z-9f86d081-1.json",
                                      "/2026-11-23T22%3A00%3A03Z-9f86d081-3.json", "/i-1.json"}));
}

TEST_F(UploaderTest, NeverPutsAnOlderReportInThePlaceOfTheLatest) {
  spool_report(5, "healthy");
  drain();
  http_.asked.clear();
  spool_report(4, "healthy");
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(http_.asked.size(), 1U);
}

TEST_F(UploaderTest, TakesAnEarlierArrivalForDelivered) {
  spool_report(1, "healthy");
  http_.answers = {failure(412, "PreconditionFailed")};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_TRUE(spool_.list().empty());
}

TEST_F(UploaderTest, WaitsLongerAfterEachFailureAndLosesNothing) {
  spool_report(1, "healthy");
  http_.answers = {failure(503, "SlowDown"), {}, failure(500, "InternalError")};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(slept_, (std::vector<int64_t>{500, 1'000, 2'000}));
}

TEST_F(UploaderTest, HonoursRetryAfterAlsoInTheNextRun) {
  spool_report(1, "healthy");
  http_.answers = {failure(503, "SlowDown", {{"retry-after", "600"}})};
  const Drained drained = drain({5'000, false});
  EXPECT_EQ(drained.pending, 1);
  EXPECT_EQ(http_.asked.size(), 1U);
  EXPECT_EQ(drain({5'000, false}).pending, 1);
  EXPECT_EQ(http_.asked.size(), 1U) << "asked although the server had asked for ten minutes";
  now_ms_ += 600'000;
  EXPECT_EQ(drain({5'000, false}).delivered, 1);
}

TEST_F(UploaderTest, SaysWhichPermissionIsMissingAndTriesSlowly) {
  spool_report(1, "healthy");
  http_.answers = {failure(403, "AccessDenied")};
  const Drained drained = drain({5'000, false});
  EXPECT_EQ(drained.pending, 1);
  ASSERT_TRUE(state().last_error);
  EXPECT_EQ(state().last_error->code, "403 AccessDenied");
  EXPECT_NE(state().last_error->words.find("s3:PutObject"), std::string::npos);
  EXPECT_EQ(state().next_try.unix_ms, kNowMs + 60'000);
  EXPECT_EQ(state().pending, 1);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(UploaderTest, APatientRunWaitsAsTheOneBeforeDecided) {
  spool_report(1, "healthy");
  http_.answers = {failure(404, "NoSuchBucket")};
  drain({0 + 1, false});
  EXPECT_EQ(drain({std::nullopt, true}).delivered, 1);
  EXPECT_EQ(slept_, (std::vector<int64_t>{60'000}));
}

TEST_F(UploaderTest, FollowsTheBucketToItsRegionAndRemembersIt) {
  spool_report(1, "healthy");
  http_.answers = {failure(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-central-1"}})};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_TRUE(http_.asked[1].url.starts_with("https://pics.s3.eu-central-1.amazonaws.com/"));
  EXPECT_NE(http_.asked[1].header("authorization").find("/eu-central-1/s3/"), std::string::npos);
  EXPECT_EQ(state().bucket_region, "eu-central-1");
}

TEST_F(UploaderTest, TakesTheRegionOutOfTheBodyToo) {
  spool_report(1, "healthy");
  http_.answers = {{400,
                    {},
                    "<Error><Code>AuthorizationHeaderMalformed</Code>"
                    "<Region>ap-south-1</Region></Error>"}};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(state().bucket_region, "ap-south-1");
}

TEST_F(UploaderTest, DoesNotFollowToWhatIsNoRegion) {
  spool_report(1, "healthy");
  http_.answers = {failure(301, "PermanentRedirect", {{"x-amz-bucket-region", "evil.example/"}})};
  EXPECT_EQ(drain({1'000, false}).pending, 1);
  EXPECT_EQ(http_.asked.size(), 1U);
}

TEST_F(UploaderTest, SignsByTheServersClock) {
  spool_report(1, "healthy");
  http_.answers = {
      failure(403, "RequestTimeTooSkewed", {{"date", "Tue, 24 Nov 2026 04:00:00 GMT"}})};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(http_.asked[1].header("x-amz-date"), "20261124T040000Z");
  EXPECT_EQ(state().clock_offset_ms, 6 * 3'600'000);
}

TEST_F(UploaderTest, DoesWithoutConditionsWhereTheServerHasNone) {
  spool_report(1, "healthy");
  http_.answers = {failure(501, "NotImplemented")};
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(http_.asked[1].header("if-none-match"), "");
}

TEST_F(UploaderTest, AReportThatS3RefusesDoesNotHoldUpTheOthers) {
  spool_report(1, "healthy");
  spool_report(2, "unhealthy");
  http_.answers = {failure(400, "EntityTooLarge")};
  const Drained drained = drain();
  EXPECT_EQ(drained.delivered, 1);
  EXPECT_EQ(drained.pending, 1);
  EXPECT_EQ(slept_, (std::vector<int64_t>{500})) << "a pause after a refusal";
  http_.asked.clear();
  spool_report(3, "unhealthy");
  EXPECT_EQ(drain().delivered, 1);
  EXPECT_EQ(http_.asked.size(), 2U) << "the refused one is left alone for an hour";
  now_ms_ += 3'600'000;
  EXPECT_EQ(drain().delivered, 1);
}

TEST_F(UploaderTest, ARefusalThatConcernsAllEndsTheRun) {
  for (const auto& answer : {failure(403, "QuotaExceeded"), failure(403, "AccessDenied"),
                             failure(501, "NotImplemented"), failure(301, "PermanentRedirect"),
                             HttpAnswer{200, {}, "<html>"}, HttpAnswer{407, {}, ""}}) {
    std::filesystem::remove_all(directory_);
    http_.asked.clear();
    slept_.clear();
    for (int i = 1; i < 9; ++i) spool_report(i, "healthy");
    for (size_t run = 1; run < 4; ++run) {
      http_.answers.assign(20, answer);
      drain({600'000, true});
      const size_t puts = answer.status == 501 ? 2 : 1;  // once more without If-None-Match
      EXPECT_EQ(http_.asked.size(), run * puts) << answer.status;
    }
    EXPECT_EQ(slept_.size(), 2U) << answer.status;
  }
}

TEST_F(UploaderTest, WhenAllAreRefusedOneByOneTheRunEndsAfterTheSecond) {
  for (int i = 1; i < 9; ++i) spool_report(i, "healthy");
  http_.answers.assign(100, failure(413, ""));
  drain({600'000, true});
  EXPECT_EQ(http_.asked.size(), 2U);
  drain({600'000, true});
  EXPECT_EQ(http_.asked.size(), 3U);
}

TEST_F(UploaderTest, APauseHoldsWhoeverSetsTheClock) {
  for (const int64_t step_ms : {int64_t{-365} * 86'400'000, int64_t{365} * 86'400'000,
                                int64_t{-3'600'000}, int64_t{3'600'000}}) {
    std::filesystem::remove_all(directory_);
    spool_report(1, "healthy");
    http_.answers = {failure(404, "NoSuchBucket")};
    drain({1, false});
    http_.asked.clear();
    slept_.clear();
    set_ms_ += step_ms;
    EXPECT_EQ(drain({5'000, true}).delivered, 0) << step_ms;
    EXPECT_TRUE(http_.asked.empty()) << step_ms;
    EXPECT_EQ(drain({600'000, true}).delivered, 1) << step_ms;
    EXPECT_EQ(slept_, (std::vector<int64_t>{60'000})) << step_ms;
  }
}

TEST_F(UploaderTest, AfterABootAPauseIsNeverLongerThanThePausesAre) {
  spool_report(1, "healthy");
  http_.answers = {failure(404, "NoSuchBucket")};
  drain({1, false});
  clock_.boot_id = "boot-2";
  set_ms_ = int64_t{-365} * 86'400'000;
  EXPECT_EQ(drain({5'000, true}).delivered, 1);
}

TEST_F(UploaderTest, FilesThatAreNoReportsAreSetAside) {
  spool_report(1, "healthy");
  for (const char* name : {"2", "3"}) {
    std::ofstream(directory_ + "/spool/2026-11-23T22:00:02Z-9f86d081-" + name + ".json")
        << "{\"torn";
  }
  const Drained drained = drain();
  EXPECT_EQ(drained.delivered, 1);
  EXPECT_EQ(drained.pending, 0);
  EXPECT_EQ(state().damaged, 2);
  EXPECT_EQ(spool_.damaged(), 2);
  EXPECT_NE(to_words(state()).find("2 damaged in spool/damaged"), std::string::npos);
}

TEST_F(UploaderTest, WhatNoRunWroteIsNotBelieved) {
  std::filesystem::create_directories(directory_);
  std::ofstream(state_path())
      << R"({"destination":"s3://pics/efa","pending":-9,"failures":9999,)"
      << R"("next_try_ms":9223372036854775807,"not_before_ms":-1,)"
      << R"("next_try_boot_ms":9223372036854775807,"boot_id":"boot-1",)"
      << R"("clock_offset_ms":9223372036854775807,)"
      << R"("last_success":"\u001b[2J","bucket_region":"evil.example/#",)"
      << R"("last_error":{"at":"x","code":"\u001b[2J","words":"a\nMAINPID=1"},)"
      << R"("latest":{"started_at":"9999-01-01T00:00:00Z","boot":"/..",)"
      << R"("sequence":9223372036854775807}})";
  const DeliveryState state = this->state();
  EXPECT_EQ(state.pending, 0);
  EXPECT_EQ(state.failures, 64);
  EXPECT_EQ(state.clock_offset_ms, 0);
  EXPECT_EQ(state.bucket_region, "");
  EXPECT_EQ(state.last_success, "");
  EXPECT_FALSE(state.latest);
  EXPECT_EQ(state.last_error->code, "?[2J");
  EXPECT_EQ(state.last_error->words, "a MAINPID=1");
  spool_report(1, "healthy");
  EXPECT_EQ(drain({5'000, true}).delivered, 1);
  EXPECT_EQ(names().back(), "/i-1.json");
}

TEST_F(UploaderTest, SendsWhatTheSettingsAskFor) {
  settings_.sse = "aws:kms";
  settings_.kms_key_id = "k";
  settings_.expected_bucket_owner = "1";
  settings_.storage_class = "STANDARD_IA";
  settings_.gzip = true;
  spool_report(1, "healthy");
  drain();
  const auto& asked = http_.asked[0];
  EXPECT_EQ(asked.header("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(asked.header("x-amz-server-side-encryption-aws-kms-key-id"), "k");
  EXPECT_EQ(asked.header("x-amz-expected-bucket-owner"), "1");
  EXPECT_EQ(asked.header("x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(asked.header("content-encoding"), "");
  EXPECT_EQ(asked.header("content-type"), "application/gzip");
  EXPECT_TRUE(asked.url.ends_with("-9f86d081-1.json.gz")) << asked.url;
  EXPECT_TRUE(http_.asked[1].url.ends_with("/latest/i-1.json.gz")) << http_.asked[1].url;
  EXPECT_EQ(asked.header("x-amz-checksum-sha256").size(), 44U);
  EXPECT_TRUE(asked.body.starts_with("\x1f\x8b"));
}

TEST_F(UploaderTest, ATryThatItsEndCutsOffHidesNoEarlierOne) {
  http_.when_silent = [this] { now_ms_ += 60'000; };
  spool_report(1, "healthy");
  http_.answers = {failure(503, "SlowDown"), {0, {}, ""}};
  EXPECT_NE(drain({30'000, false}).trouble, "no answer in time");
  EXPECT_EQ(state().last_error->code, "503 SlowDown");
  http_.answers = {{0, {}, ""}};
  drain({30'000, false});
  EXPECT_EQ(state().last_error->code, "no answer") << "of this run it is all that is known";
}

TEST_F(UploaderTest, EndsWhenItIsAskedTo) {
  spool_report(1, "healthy");
  clock_.stopped = [] { return true; };
  EXPECT_EQ(drain().pending, 1);
  EXPECT_TRUE(http_.asked.empty());
}

TEST_F(UploaderTest, AnotherDestinationKnowsNothingOfThisOne) {
  spool_report(1, "healthy");
  drain();
  EXPECT_FALSE(read_delivery_state(state_path(), "s3://other", kNowMs).latest);
  std::ofstream(state_path()) << "{\"destination\":7";
  EXPECT_FALSE(state().latest);
}

TEST(Gzip, EqualBytesGiveEqualBytes) {
  EXPECT_EQ(gzip("abc"), gzip("abc"));
  EXPECT_LT(gzip(std::string(100'000, 'x')).size(), 500U);
}

}  // namespace
}  // namespace efa
