// The report of a fleet: verdict, words, what is folded.

#include "agent/account/fleet_report.h"

#include <gtest/gtest.h>

#include "tests/support/account_fleet.h"

namespace efa {
namespace {

constexpr const char* kBothWays = "a in all a, a out all a, a out all 0.0.0.0/0";
constexpr const char* kInboundAlone = "a in all a, a out all 0.0.0.0/0";

FleetReport report_of(AccountFacts facts, const FleetTerms& terms = {}) {
  ProbeOutcome outcome;
  outcome.name = "account";
  outcome.status = ProbeStatus::kOk;
  return judge_fleet(std::move(facts), outcome, "tag:Fleet=train", terms);
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST(FleetReport, TheVerdictIsOfTheGravest) {
  const FleetReport sick = report_of(fleet_of(kInboundAlone, "i1: a, i2: a"));
  EXPECT_EQ(sick.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(sick.root_causes.front(), "account.security-group-no-egress");
  EXPECT_EQ(sick.counts.at("account.security-group-no-egress").failed, 2U);
  EXPECT_EQ(sick.counts.at("account.security-group-no-ingress").passed, 2U);
  const FleetReport well = report_of(fleet_of(kBothWays, "i1: a, i2: a"));
  EXPECT_NE(well.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(well.counts.at("account.security-group-no-egress").failed, 0U);
}

TEST(FleetReport, NothingIsSaidOfWhatPasses) {
  for (const Finding& finding : report_of(fleet_of(kBothWays, "i1: a, i2: a")).findings) {
    EXPECT_TRUE(finding.result == FindingResult::kFail || finding.result == FindingResult::kUnknown)
        << finding.check->code;
  }
}

TEST(FleetReport, RulesThatWereNotToldAreUnknown) {
  AccountFacts facts = fleet_of(kBothWays, "i1: a, i2: a");
  for (AccountSection& section : facts.sections) {
    if (section.name == kRulesSection) section.status = SectionStatus::kDenied;
  }
  for (AccountGroup& group : facts.groups) group.complete = false;
  for (AccountGroup& group : facts.groups) group.rules.clear();
  const FleetReport report = report_of(std::move(facts));
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  for (const std::string& code : report.root_causes) EXPECT_FALSE(has(code, "group")) << code;
  EXPECT_TRUE(has(report.summary, "the caller may not ask")) << report.summary;
}

TEST(FleetReport, AProbeThatEndedBadlySaysWhy) {
  ProbeOutcome outcome;
  outcome.name = "account";
  outcome.status = ProbeStatus::kTimedOut;
  outcome.detail = "no end in time";
  const FleetReport report = judge_fleet({}, outcome, "tag:Fleet=train", {});
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  EXPECT_TRUE(has(report.summary, "account timed_out: no end in time")) << report.summary;
}

TEST(FleetReport, TheConfigurationWeighs) {
  FleetTerms terms;
  terms.weights["account.security-group-no-egress"] = std::nullopt;
  const FleetReport off = report_of(fleet_of(kInboundAlone, "i1: a, i2: a"), terms);
  EXPECT_NE(off.verdict, Verdict::kUnhealthy);
  terms.weights["account.security-group-no-egress"] = Severity::kInfo;
  const FleetReport info = report_of(fleet_of(kInboundAlone, "i1: a, i2: a"), terms);
  EXPECT_NE(info.verdict, Verdict::kUnhealthy);
}

TEST(FleetReport, ATemplateIsNotAskedForWhatOnlyAwsTells) {
  AccountFacts facts = fleet_of(kBothWays, "i1: a, i2: a");
  facts.source = kTemplateSource;
  facts.managed.clear();
  const FleetReport report = report_of(std::move(facts));
  EXPECT_EQ(report.counts.at("account.not-managed").unknown, 0U);
  EXPECT_EQ(report.counts.at("account.not-managed").not_applicable, 2U);
}

TEST(FleetReport, ReasonsWithoutNumberAreOneLineOfText) {
  AccountFacts facts = fleet_of(kBothWays, "i1: a, i2: a");
  for (AccountInstance& instance : facts.instances) instance.root_volume = "vol-of-" + instance.id;
  facts.volumes.clear();
  const std::string text = render_fleet_text(report_of(std::move(facts)), {});
  size_t lines = 0;
  for (size_t at = text.find("account.root-volume-small"); at != std::string::npos;
       at = text.find("account.root-volume-small", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, 1U) << text;
}

}  // namespace
}  // namespace efa
