// How each ending of a probe is told, and what it does to the verdict.

#include <gtest/gtest.h>

#include <cerrno>

#include "agent/pass/node_facts.h"
#include "probes/base/describe.h"
#include "probes/judging/outcome_checks.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

std::function<void(Scene&)> topology_ends(ProbeStatus status) {
  return [status](Scene& scene) { silence(scene.node.topology, status, "why"); };
}

void add_site_finding(Scene& scene, const char* json) {
  SiteProbe probe;
  probe.outcome.name = "site:gpus";
  probe.outcome.status = ProbeStatus::kOk;
  probe.findings.push_back(*parse_json(json, "test"));
  scene.node.site.push_back(probe);
}

}  // namespace

CheckCases outcome_cases() {
  return {
      {"probe.timed-out", kFail, "topology", topology_ends(ProbeStatus::kTimedOut)},
      {"probe.slow", kUnknown, "topology",
       [](Scene& s) {
         topology_ends(ProbeStatus::kTimedOut)(s);
         s.node.topology.outcome.spent = TimeSpent{9000, 300, 8000, "S"};
       }},
      {"probe.crashed", kFail, "topology", topology_ends(ProbeStatus::kCrashed)},
      {"probe.unavailable", kFail, "topology", topology_ends(ProbeStatus::kUnavailable)},
      {"probe.denied", kFail, "topology", topology_ends(ProbeStatus::kDenied)},
      {"probe.failed", kFail, "topology", topology_ends(ProbeStatus::kFailed)},
      {"probe.still-hanging", kFail, "topology", topology_ends(ProbeStatus::kStillHanging)},
      {"probe.limited-rights", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.log.facts.unseen = {{"/dev/kmsg", "not permitted", EPERM}};
       }},
      {"probe.limited-rights", kUnknown, kNodeSubject,
       [](Scene& s) { s.node.limits.facts.effective_uid.reset(); }},
      {"probe.library-not-trusted", kFail, "topology",
       [](Scene& s) {
         s.node.topology.outcome.detail = std::string(kAskedAsNobody) + "/x belongs to user 500";
       }},
      {"probe.malformed-finding", kFail, "site:gpus",
       [](Scene& s) { add_site_finding(s, R"({"code":"pci.none-found","result":"fail"})"); }},
      {"probe.left-processes", kFail, "site:gpus",
       [](Scene& s) { add_site_finding(s, R"({"left_behind":["sleep"]})"); }},
  };
}

namespace {

TEST(LimitedRights, RootIsNotToldToRunAsRoot) {
  Scene scene = healthy_scene();
  scene.node.log.facts.unseen = {{"/dev/kmsg", "not permitted", EPERM}};
  const auto remedy = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return std::string(finding_of(findings, "probe.limited-rights", kNodeSubject)->check->remedy);
  };
  EXPECT_TRUE(remedy().starts_with("Root was denied it")) << remedy();
  scene.node.limits.facts.effective_uid = 1000;
  EXPECT_EQ(remedy(), "Run efa-doctor as root.");
}

TEST(Outcome, WhereNoEfaIsExpectedNoLibraryIsMissed) {
  const auto result_where = [](bool expected, const char* detail) {
    Scene scene = healthy_scene();
    scene.expectation.expected = expected;
    silence(scene.node.fabric[0], ProbeStatus::kUnavailable, detail);
    return result_of(scene, "probe.unavailable", scene.node.fabric[0].outcome.name);
  };
  const char* const missing =
      "probe-fabric: error while loading shared libraries: libfabric.so.1: cannot open shared "
      "object file: No such file or directory";
  EXPECT_EQ(result_where(false, missing), FindingResult::kNotApplicable);
  EXPECT_EQ(result_where(true, missing), FindingResult::kFail);
  EXPECT_EQ(result_where(false, "/usr/libexec/efa-doctor/probe-fabric: No such file or directory"),
            FindingResult::kFail)
      << "its own file";
}

// Every ending but ok of every probe that a critical check rests on.
TEST(Outcome, WithoutACriticalProbeNoNodeIsHealthy) {
  const std::function<void(Scene&, ProbeStatus)> probes[] = {
      [](Scene& s, ProbeStatus status) { silence(s.node.pci, status); },
      [](Scene& s, ProbeStatus status) { silence(s.node.kernel, status); },
      [](Scene& s, ProbeStatus status) { silence(s.node.rdma, status); },
      [](Scene& s, ProbeStatus status) { silence(s.node.verbs, status); },
  };
  for (size_t probe = 0; probe < std::size(probes); ++probe) {
    for (const ProbeStatus status :
         {ProbeStatus::kTimedOut, ProbeStatus::kCrashed, ProbeStatus::kUnavailable,
          ProbeStatus::kDenied, ProbeStatus::kFailed, ProbeStatus::kStillHanging}) {
      Scene scene = healthy_scene();
      probes[probe](scene, status);
      const Diagnosis diagnosis = diagnose(scene);
      EXPECT_EQ(diagnosis.verdict, Verdict::kUnknown)
          << probe << " " << static_cast<int>(status) << " " << diagnosis.summary;
      EXPECT_TRUE(diagnosis.summary.starts_with("could not look")) << diagnosis.summary;
    }
  }
}

// The facts it gave before it broke off stay.
TEST(Outcome, AProbeThatBrokeOffLeavesTheVerdictUnknown) {
  const std::function<void(Scene&)> breaks[] = {
      [](Scene& s) {
        s.node.pci.outcome.status = ProbeStatus::kTimedOut;
        s.node.pci.facts.efa.resize(2);
        lose_rdma(s, 2);
        lose_rdma(s, 3);
      },
      [](Scene& s) {
        s.node.rdma.outcome.status = ProbeStatus::kCrashed;
        lose_rdma(s, 3);
      },
      [](Scene& s) {
        s.node.rdma.outcome.status = ProbeStatus::kTimedOut;
        s.node.rdma.facts.asked.pop_back();
      },
      [](Scene& s) {
        s.node.verbs.outcome.status = ProbeStatus::kCrashed;
        s.node.verbs.facts.asked.pop_back();
        s.node.verbs.facts.devices.pop_back();
      },
  };
  for (const auto& change : breaks) {
    Scene scene = healthy_scene();
    change(scene);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown) << &change - breaks;
  }
}

TEST(Outcome, NamesTheStepInWhichAProbeHung) {
  Scene scene = healthy_scene();
  scene.node.topology.outcome.status = ProbeStatus::kTimedOut;
  scene.node.topology.outcome.step = "read PCI function";
  scene.node.topology.outcome.subject = device(1);
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "probe.timed-out", "topology");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->message, "hung in: read PCI function of " + device(1));
}

TEST(Outcome, AProbeThatASysrootCannotServeIsNoFault) {
  Scene scene = healthy_scene();
  scene.node.live = false;
  silence(scene.node.verbs, ProbeStatus::kNotApplicable);
  scene.node.fabric.clear();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_NE(finding.result, kFail) << finding.check->code << " " << finding.message;
  }
}

TEST(Outcome, FactsOfTheWrongShapeAreAFailedProbe) {
  ProbeRun run;
  run.outcome.name = "pci";
  run.outcome.status = ProbeStatus::kOk;
  run.transcript.take(R"({"set":"functions","value":"many"})"
                      "\n");
  const Node node = node_of({run}, true);
  EXPECT_EQ(node.pci.outcome.status, ProbeStatus::kFailed);
  EXPECT_EQ(node.pci.outcome.detail, "pci: wrong type at 'functions'");
}

TEST(Site, FindingsAreTakenOverOrNamedMalformed) {
  struct Row {
    const char* json;
    bool taken;
  };
  const Row rows[] = {
      {R"({"code":"site.gpu-count","result":"fail","severity":"critical"})", true},
      {R"({"code":"site.gpu-count","result":"pass"})", true},
      {R"({"code":"site.","result":"fail"})", false},
      {R"({"code":"site.GPU","result":"fail"})", false},
      {R"({"code":"site.x\"} 1\n","result":"fail"})", false},
      {R"({"code":"site.x","result":"broken"})", false},
      {R"({"code":"site.x","result":"fail","severity":"fatal"})", false},
      {R"({"code":"site.x","result":7})", false},
      {"[]", false},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    add_site_finding(scene, row.json);
    const auto findings = judge_all(scene.node, scene.expectation);
    const bool malformed = finding_of(findings, "probe.malformed-finding", "site:gpus") != nullptr;
    EXPECT_EQ(malformed, !row.taken) << row.json;
  }
}

TEST(Site, ACriticalFindingDecidesTheVerdict) {
  Scene scene = healthy_scene();
  add_site_finding(scene, R"({"code":"site.gpus","result":"fail","severity":"critical"})");
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"site.gpus"});
}

}  // namespace
}  // namespace efa
