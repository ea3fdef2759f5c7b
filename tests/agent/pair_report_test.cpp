// How a test of two nodes is told.

#include <gtest/gtest.h>

#include <cerrno>

#include "agent/pair/connect.h"
#include "agent/pair/judge.h"
#include "agent/pair/report.h"
#include "probes/judging/table.h"
#include "probes/pair/checks.h"
#include "tests/support/pair_parts.h"

namespace efa {
namespace {

PairReport report_of(std::vector<PairRail> rails, std::vector<Finding> more = {}) {
  PairReport report;
  report.server = "10.0.0.5 port 18516";
  report.own = node_in("use1-az1", "vpc-1", "sg-1");
  report.own.devices = {device_at(0)};
  report.other = report.own;
  report.rails = std::move(rails);
  for (const PairRail& rail : report.rails) {
    report.findings.push_back(judge_rail(rail, {report.own, *report.other}));
  }
  for (Finding& finding : more) report.findings.push_back(std::move(finding));
  conclude(report);
  return report;
}

TEST(PairReports, TheVerdictIsOfAllPairs) {
  const PairRail good = rail_with_rate(1, 1e9);
  const PairRail better = rail_with_rate(2, 2e9);
  PairRail lost = rail_broken(PairStep::kSend, sent(15));
  PairRail used =
      rail_broken(PairStep::kSetup, answer_with([](PairAnswer& answer) { answer.holders = {7}; }));
  EXPECT_EQ(report_of({good, better}).verdict, Verdict::kHealthy);
  EXPECT_EQ(report_of({good, better}).summary, "2 of 2 pairs of devices work");
  EXPECT_EQ(report_of({good, used}).verdict, Verdict::kDegraded);
  EXPECT_EQ(report_of({used}).verdict, Verdict::kUnknown);
  const PairRail unseen = rail_broken(
      PairStep::kSetup, answer_with([](PairAnswer& answer) { answer.users_unseen = true; }));
  EXPECT_EQ(report_of({good, unseen}).verdict, Verdict::kDegraded);
  EXPECT_EQ(report_of({good, unseen}).summary,
            "1 of 2 pairs of devices work: 1 could not be tested");
  const PairReport untested = report_of({unseen});
  EXPECT_STREQ(state_of(untested, untested.rails.at(0)), "?");
  EXPECT_EQ(report_of({unseen}).verdict, Verdict::kUnknown);
  EXPECT_EQ(report_of({good, lost}).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(report_of({good, lost}).summary,
            "1 of 2 pairs of devices work: A device does not reach its peer");
  EXPECT_EQ(report_of({}).verdict, Verdict::kUnknown);
  EXPECT_EQ(
      report_of({good}, judge_rates({rail_with_rate(0, 1), rail_with_rate(1, 100)}, {{1}, {}}))
          .verdict,
      Verdict::kDegraded);
}

TEST(PairReports, AnEndWithoutDevicesIsNamedWithTheReason) {
  PairReport report;
  report.own.devices = {device_at(0)};
  report.other.emplace();
  const auto summary = [&] {
    conclude(report);
    return report.summary;
  };
  EXPECT_EQ(summary(), "the other node has no EFA device");
  report.other->list_failed = {"ibv_get_device_list", "Function not implemented", ENOSYS};
  EXPECT_EQ(summary(),
            "the other node has no EFA device: the kernel has none (ibv_get_device_list: Function "
            "not implemented)");
  report.other->list_failed = {"ibv_get_device_list", "Cannot allocate memory", ENOMEM};
  EXPECT_EQ(summary(),
            "the other node has devices that could not be listed: ibv_get_device_list: Cannot "
            "allocate memory");
  report.own.devices.clear();
  EXPECT_EQ(summary(), "this node has no EFA device");
}

TEST(PairReports, WithoutAConnectionNothingIsKnown) {
  PairReport report;
  report.server = "host port 1";
  report.findings = {judge_connection({ErrorKind::kInputOutput, kConnectFailed, "x", ECONNREFUSED},
                                      report.server)};
  conclude(report);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  EXPECT_EQ(report.summary, "No server listens on the other node");
  const std::string text = render_pair_text(report, {}, false);
  EXPECT_TRUE(text.starts_with("UNKNOWN  No server listens on the other node\n")) << text;
  EXPECT_NE(text.find("$ efa-doctor pair server"), std::string::npos);
}

TEST(PairReports, TextNamesTheCauseFirstThenARowAPair) {
  const PairReport report =
      report_of({rail_with_rate(0, 50e9), rail_broken(PairStep::kSend, sent(15))});
  const std::string text = render_pair_text(report, {.width = 200}, true);
  const size_t cause = text.find("CRITICAL  pair.unreachable: A device does not reach its peer");
  const size_t fix = text.find("fix (account owner): Likely a security group");
  const size_t row = text.find("ok     0000:10:1b.0 to 0000:10:1b.0");
  EXPECT_LT(cause, fix) << text;
  EXPECT_LT(fix, row) << text;
  EXPECT_NE(text.find("1 MiB write: 50.0 Gbit/s ####################\n"), std::string::npos)
      << text;
  EXPECT_EQ(render_pair_text(report, {.width = 200}, false).find("####"), std::string::npos);
}

TEST(PairReports, JsonHasAllAndNoToken) {
  const Value value = pair_value(report_of({rail_with_rate(0, 50e9)}));
  EXPECT_EQ(value.text("schema"), "efa-doctor.pair.v1");
  EXPECT_EQ(value.text("verdict"), "healthy");
  EXPECT_EQ(value.find("pairs")->as<Array>()->size(), 1U);
  EXPECT_EQ(render_json(value).find("token"), std::string::npos);
}

TEST(PairChecks, AreInTheCatalogue) {
  for (const Check* check : kPairChecks) EXPECT_EQ(find_check(check->code), check);
}

}  // namespace
}  // namespace efa
