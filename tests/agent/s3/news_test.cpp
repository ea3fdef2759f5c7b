// What is worth sending: changes at once, all else now and then.

#include "agent/deliver/s3/news.h"

#include <gtest/gtest.h>

#include "agent/report/fold.h"

namespace efa {
namespace {

constexpr Repetition kHourly{3'600'000, 300'000};

Value finding(const char* code, const char* result, const char* severity, const char* subject) {
  Value value;
  value.set("code", code);
  value.set("result", result);
  value.set("severity", severity);
  value.set("subject", subject);
  return value;
}

Value report_with(const Array& findings) {
  Value report;
  report.set("verdict", "healthy");
  report.set("findings", findings);
  return report;
}

TEST(News, ARepeatedReportIsDueHourlyWhateverAPassTakes) {
  for (const int64_t shift : {-2'000, 0, 2'000}) {
    EXPECT_FALSE(is_due({"a", 0}, {"a", 3'300'000 + shift}, kHourly)) << shift;
    EXPECT_TRUE(is_due({"a", 0}, {"a", 3'600'000 + shift}, kHourly)) << shift;
  }
  EXPECT_FALSE(is_due({"a", 0}, {"a", 1'000}, kHourly));
}

TEST(News, AnIntervalThatDoesNotDivideTheHourIsNoReasonToBeLate) {
  EXPECT_TRUE(is_due({"a", 0}, {"a", 3'360'000}, {3'600'000, 420'000}));
}

TEST(News, WhatIsNewIsDueAtOnceAndWithoutRepetitionAllIs) {
  EXPECT_TRUE(is_due({"a", 0}, {"b", 1}, kHourly));
  EXPECT_TRUE(is_due({}, {"a", 1}, kHourly));
  EXPECT_TRUE(is_due({"a", 5'000}, {"a", 1}, kHourly)) << "the clock began anew";
  EXPECT_TRUE(is_due({"a", 0}, {"a", 1}, {0, 300'000}));
}

TEST(News, IsWhatAFindingSaysAndNotWhatPasses) {
  const auto digest = [](const Array& findings) {
    return digest_of(report_with(findings), "s3://a");
  };
  const Value lost = finding("pci.narrow-link", "fail", "warning", "0000:01:00.0");
  const std::string before = digest({lost});
  EXPECT_EQ(before, digest({lost, finding("node.missing", "pass", "critical", "0000:01:00.0")}));
  EXPECT_NE(before, digest({}));
  EXPECT_NE(before, digest({finding("pci.narrow-link", "fail", "warning", "0000:02:00.0")}));
  EXPECT_NE(before, digest({lost, finding("node.missing", "unknown", "critical", "x")}));
}

TEST(News, TheSubjectOfInfoIsNone) {
  const auto digest = [](const char* subject) {
    return digest_of(report_with({finding("jobs.memlock-low", "fail", "info", subject)}), "s3://a");
  };
  EXPECT_EQ(digest("process 1 (a.out)"), digest("process 2 (a.out)"));
}

TEST(News, AnotherBucketHasSeenNothing) {
  EXPECT_NE(digest_of(report_with({}), "s3://a"), digest_of(report_with({}), "s3://b"));
}

TEST(Fold, KeepsWhatIsNotGoodAndCountsTheRest) {
  Value report = report_with(
      {finding("a.a", "pass", "info", "1"), finding("a.a", "pass", "info", "2"),
       finding("a.a", "fail", "info", "3"), finding("b.b", "not_applicable", "info", "node"),
       finding("c.c", "unknown", "info", "node")});
  fold(report);
  EXPECT_EQ(report.find("findings")->as<Array>()->size(), 2U);
  EXPECT_EQ(render_json(*report.find("folded")),
            R"([{"code":"a.a","result":"pass","subjects":2},)"
            R"({"code":"b.b","result":"not_applicable","subjects":1}])");
}

}  // namespace
}  // namespace efa
