// The renderings of the report: text for people, Prometheus, JSON.

#include "agent/report/report.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "probes/base/moment.h"
#include "probes/base/text.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

Report report_of(const Scene& scene) {
  Report report;
  report.diagnosis = diagnose(scene);
  report.node = scene.node;
  report.run = {Trigger::kOnce, 7, 1'795'471'200'000, 123, 900'000, 20'000, 45};
  return report;
}

Finding site_finding(const std::string& subject, const std::string& message) {
  Finding finding;
  finding.check = own_check("site.x", Severity::kWarning);
  finding.result = FindingResult::kFail;
  finding.subject = subject;
  finding.message = message;
  return finding;
}

// 32 devices, each with faults of its own and texts as long as a machine can make them.
Scene everything_broken() {
  Scene scene = healthy_scene(32);
  drop_fabric(scene);
  for (size_t i = 0; i < 32; ++i) {
    scene.pci(i).config = i % 4 == 0 ? "ffffffff" : "0f1da1ef";
    scene.pci(i).driver_override = "vfio-pci";
    scene.pci(i).link->width = 1;
    if (i % 4 == 1) scene.pci(i).driver = "vfio-pci";
    if (i % 4 == 2) scene.pci(i).driver.reset();
    if (i % 4 == 3) restrict_mode(scene, i);
    scene.rdma(i).mac.reset();
    scene.rdma(i).uverbs->number = "1:3";
    scene.verbs(i).failed = VerbsStep{"ibv_open_device", 19, std::string(400, 'x')};
    LogMessage message;
    message.priority = 3;
    message.address = address(i);
    message.text = std::string(500, 'y');
    scene.node.log.facts.messages.push_back(message);
    scene.expectation.past.devices.insert({1, static_cast<uint8_t>(i), 0, 0});
  }
  scene.node.log.facts.total = 32;
  scene.expectation.exactly = 64;
  silence(scene.node.limits, ProbeStatus::kDenied, std::string(4000, 'z'));
  return scene;
}

TEST(Text, StaysUnderWhatSsmKeepsWithTheVerdictFirst) {
  for (const bool colour : {false, true}) {
    const std::string text = render_text(report_of(everything_broken()), {colour, 80});
    EXPECT_LE(text.size(), kMostOfNode);
    EXPECT_GT(text.size(), 1'000U);
    EXPECT_EQ(text.find("UNHEALTHY"), colour ? 7U : 0U) << text.substr(0, 80);
  }
}

TEST(Text, CutsOffWhatManyFindingsMakeTooLong) {
  Report report = report_of(healthy_scene());
  for (int i = 0; i < 400; ++i) {
    Finding finding;
    finding.check = own_check("site.a" + std::to_string(i), Severity::kWarning);
    finding.result = FindingResult::kFail;
    finding.subject = kNodeSubject;
    finding.message = std::string(1'000, 'a');
    report.diagnosis.findings.push_back(finding);
  }
  const std::string text = render_text(report, {});
  EXPECT_LE(text.size(), kMostOfNode);
  EXPECT_TRUE(text.ends_with("[cut: --format json has everything]\n"));
}

TEST(Text, KeepsTheWidthButForCommandsAndLongWords) {
  constexpr size_t kWidth = 60;
  const std::string text = render_text(report_of(everything_broken()), {false, kWidth});
  for (const std::string& line : split(text, '\n')) {
    const bool command = trim(line).starts_with("$ ");
    const bool one_word = words(line).size() <= 2;  // "0000:9b:00.0: xxxx..." cannot be cut
    EXPECT_TRUE(line.size() <= kWidth || command || one_word) << line;
  }
}

TEST(Text, ACommandStaysOnOneLine) {
  Scene scene = healthy_scene();
  scene.pci(0).driver = "vfio-pci";
  const std::string text = render_text(report_of(scene), {false, 40});
  EXPECT_NE(
      text.find("    $ echo | sudo tee /sys/bus/pci/devices/0000:9b:00.0/driver_override; echo "
                "0000:9b:00.0 | sudo tee /sys/bus/pci/devices/0000:9b:00.0/driver/unbind; "
                "echo 0000:9b:00.0 | sudo tee /sys/bus/pci/drivers/efa/bind\n"),
      std::string::npos)
      << text;
}

TEST(Text, AHealthyNodeTakesAFewLines) {
  EXPECT_EQ(render_text(report_of(healthy_scene()), {}),
            "HEALTHY  4 of 4 EFA devices work\n"
            "node-1, i-0123456789abcdef0, g6e.48xlarge, kernel 6.1.0-40-cloud-amd64, efa\n"
            "3.1.0g\n\n"
            "4 expected, attached, pci, driver, rdma, node, verbs, fabric\n\n"
            "UNKNOWN   cloud.rules-not-seen: whether sg-0123456789abcdef0 lets EFA through\n"
            "    was not seen: rules need the EC2 API (efa-doctor account)\n"
            "UNKNOWN   cloud.not-seen-from-here: zone, type and versions of its peers\n"
            "    (efa-doctor pair, mesh), its own tenancy and placement (efa-doctor account)\n\n"
            "took 123 ms\n");
}

// A code that an alignment of lines has not parted.
std::string unwrapped(std::string text) {
  for (size_t at = text.find("\n    "); at != std::string::npos; at = text.find("\n    ", at)) {
    text.replace(at, 5, " ");
  }
  return text;
}

TEST(Text, WhatWasUnknownForOneReasonIsOneLine) {
  Scene scene = healthy_scene();
  scene.node.cloud.facts = CloudFacts{};
  silence(scene.node.cloud, ProbeStatus::kTimedOut);
  const std::string text = unwrapped(render_text(report_of(scene), {}));
  EXPECT_NE(
      text.find(
          "UNKNOWN   cloud.card-shared, cloud.interface-not-on-pci, "
          "cloud.mac-not-listed (4), cloud.no-common-security-group, cloud.no-placement-group, "
          "cloud.several-vpcs, cloud.spot-ends, net.interface-down (4), "
          "net.no-policy-routing: the metadata service did not say\n"),
      std::string::npos)
      << text;
}

TEST(Text, EachReasonOfACheckHasItsFix) {
  Scene scene = healthy_scene();
  for (size_t i = 0; i < 2; ++i) {
    scene.pci(i).driver.reset();
    lose_rdma(scene, i);
    LogMessage message;
    message.priority = 3;
    message.address = address(i);
    message.kind = i == 0 ? LogKind::kRegionBusy : LogKind::kDeviceNotReady;
    message.text = "any words";
    scene.node.log.facts.messages.push_back(message);
  }
  const std::string text = render_text(report_of(scene), {});
  EXPECT_NE(text.find("fix (node operator): Another driver holds"), std::string::npos) << text;
  EXPECT_NE(text.find("fix (aws support): Stop and start"), std::string::npos) << text;
}

TEST(Text, AHostileMessageSteersNoTerminal) {
  Scene scene = healthy_scene();
  Report report = report_of(scene);
  report.diagnosis.findings = {site_finding("x\x1b]0;owned\x07", "a\x1b[2Jb\nc\x7f\xff")};
  report.diagnosis.summary = "\x1b[2J";
  const std::string text = render_text(report, {});
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
  }
  EXPECT_TRUE(is_utf8(text));
}

TEST(Text, ConsequencesAreNotShoutedAbout) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  const std::string text = render_text(report_of(scene), {});
  EXPECT_NE(text.find("CRITICAL  kernel.driver-not-loaded"), std::string::npos);
  EXPECT_EQ(text.find("CRITICAL  driver.not-bound"), std::string::npos);
  EXPECT_NE(text.find("because of kernel.driver-not-loaded: driver.not-bound (4)"),
            std::string::npos);
}

// Name -> how often its HELP and TYPE are there.
std::map<std::string, int> families(const std::string& text, const std::string& mark) {
  std::map<std::string, int> count;
  for (const std::string& line : split(text, '\n')) {
    const auto fields = words(line);
    if (fields.size() > 2 && fields[0] == "#" && fields[1] == mark) ++count[fields[2]];
  }
  return count;
}

TEST(HealthFile, SaysWhoRemovesTheCausesAndHowManyDevicesWork) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  const Value health = health_value(report_of(scene), "/r");
  EXPECT_EQ(render_json(*health.find("causes")),
            R"([{"code":"rdma.counters-hang","severity":"critical","actor":"aws_support"}])");
  EXPECT_EQ(render_json(*health.find("devices")), R"({"expected":4,"working":0})");
}

TEST(HealthFile, AHealthyNodeHasNoCauses) {
  const Value health = health_value(report_of(healthy_scene()), "/r");
  EXPECT_EQ(render_json(*health.find("causes")), "[]");
  EXPECT_EQ(render_json(*health.find("problems")), "[]");
  EXPECT_EQ(render_json(*health.find("devices")), R"({"expected":4,"working":4})");
}

TEST(Prometheus, EachFamilyIsIntroducedOnceBeforeItsSamples) {
  const std::string text =
      render_prometheus(report_of(everything_broken()), /*with_counters=*/true);
  const auto help = families(text, "HELP");
  EXPECT_EQ(help, families(text, "TYPE"));
  std::set<std::string> begun;
  std::set<std::string> samples;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("# TYPE ")) begun.insert(words(line)[2]);
    if (line.empty() || line[0] == '#') continue;
    EXPECT_TRUE(begun.contains(line.substr(0, line.find_first_of("{ ")))) << line;
    EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
  }
  for (const auto& [name, count] : help) EXPECT_EQ(count, 1) << name;
  EXPECT_EQ(text.find("instance="), std::string::npos);
  EXPECT_TRUE(text.ends_with("\n"));
}

TEST(Prometheus, ASickNodeHasFewSeriesWithoutItsCounters) {
  const std::string text =
      render_prometheus(report_of(everything_broken()), /*with_counters=*/false);
  const auto lines = split(text, '\n');
  const auto series = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return !line.empty() && line[0] != '#';
  });
  EXPECT_LE(series, 60);
  EXPECT_EQ(text.find("hw_counters"), std::string::npos);
}

TEST(Prometheus, AFloodOfFailingCodesMakesFewSeries) {
  constexpr size_t kCodes = 80;
  Scene scene = healthy_scene();
  SiteProbe probe;
  probe.outcome.name = "site:flood";
  probe.outcome.status = ProbeStatus::kOk;
  for (size_t i = 0; i < kCodes; ++i) {
    Value finding;
    finding.set("code", "site.fault-" + std::to_string(i));
    finding.set("result", "fail");
    finding.set("message", "broken");
    probe.findings.push_back(finding);
  }
  scene.node.site.push_back(probe);
  const std::string text = render_prometheus(report_of(scene), /*with_counters=*/false);
  size_t series = 0;
  size_t told = 0;
  for (const std::string& line : split(text, '\n')) {
    if (!line.empty() && line[0] != '#') ++series;
    if (line.starts_with("efa_doctor_findings{")) ++told;
  }
  EXPECT_LE(series, 60U);
  EXPECT_GT(told, 0U);
  EXPECT_NE(text.find(fmt::format("\nefa_doctor_findings_left_out {}\n", kCodes - told)),
            std::string::npos)
      << text;
}

TEST(Prometheus, LabelsAreEscaped) {
  Scene scene = healthy_scene(1);
  scene.node.rdma.facts.counters[0].device = {{"a\"b\\c\nd", 1}};
  const std::string text = render_prometheus(report_of(scene), /*with_counters=*/true);
  EXPECT_NE(text.find(R"(counter="a\"b\\c\nd")"), std::string::npos) << text;
}

TEST(Prometheus, SaysVerdictCountsAndCauses) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  const std::string text = render_prometheus(report_of(scene), /*with_counters=*/true);
  for (const char* line : {
           "efa_doctor_verdict{verdict=\"unhealthy\"} 1\n",
           "efa_doctor_verdict{verdict=\"healthy\"} 0\n",
           "efa_doctor_devices{stage=\"verbs\"} 3\n",
           "efa_doctor_devices{stage=\"fabric\"} 0\n",
           "efa_doctor_findings{code=\"rdma.counters-hang\",root_cause=\"true\","
           "severity=\"critical\"} 1\n",
           "efa_doctor_findings{code=\"fabric.not-listed\",root_cause=\"false\","
           "severity=\"critical\"} 4\n",
           "efa_doctor_pass_duration_seconds 0.123\n",
           "efa_doctor_pass_timestamp_seconds 1795471200.000\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("stage=\"data\""), std::string::npos);  // not measured
}

TEST(Report, EqualInputGivesEqualBytes) {
  const Scene scene = everything_broken();
  EXPECT_EQ(render_json(report_value(report_of(scene))),
            render_json(report_value(report_of(scene))));
  EXPECT_EQ(render_text(report_of(scene), {}), render_text(report_of(scene), {}));
}

TEST(Report, IsValidJsonWhateverAMachineHolds) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.hostname = "a\xff\x01\"";
  const std::string json = render_json(report_value(report_of(scene)));
  EXPECT_TRUE(parse_json(json, "report").ok());
}

TEST(Report, NotMeasuredIsNullInJson) {
  const Value report = report_value(report_of(healthy_scene()));
  const Array& funnel = *report.find("funnel")->as<Array>();
  ASSERT_EQ(funnel.size(), 9U);
  EXPECT_TRUE(funnel[8].find("count")->is_null());
  EXPECT_EQ(*funnel[2].find("count")->as<int64_t>(), 4);
  EXPECT_EQ(report.find("devices")->as<Array>()->size(), 4U);
}

TEST(Report, OnlyAFailingFindingHasARemedy) {
  Finding finding = site_finding("node", "x");
  EXPECT_NE(finding_value(finding).find("remedy"), nullptr);
  finding.result = FindingResult::kUnknown;
  EXPECT_EQ(finding_value(finding).find("remedy"), nullptr);
}

TEST(Words, TimesAreRfc3339InUtc) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(1'795'471'200'999), "2026-11-23T22:00:00Z");
  EXPECT_EQ(time_text(951'782'400'000), "2000-02-29T00:00:00Z");
}

TEST(Words, ExitCodesAreTheContract) {
  EXPECT_EQ(exit_code_of(Verdict::kHealthy), 0);
  EXPECT_EQ(exit_code_of(Verdict::kNotApplicable), 0);
  EXPECT_EQ(exit_code_of(Verdict::kDegraded), 1);
  EXPECT_EQ(exit_code_of(Verdict::kUnhealthy), 2);
  EXPECT_EQ(exit_code_of(Verdict::kUnknown), 3);
}

TEST(Words, AStatusIsReadAsItIsWritten) {
  for (int i = 0; i <= static_cast<int>(ProbeStatus::kNotApplicable); ++i) {
    const auto status = static_cast<ProbeStatus>(i);
    EXPECT_EQ(status_from(status_text(status)), status);
  }
  EXPECT_EQ(status_from("rubbish"), ProbeStatus::kFailed);
}

}  // namespace
}  // namespace efa
