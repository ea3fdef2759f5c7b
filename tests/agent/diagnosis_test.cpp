// From many failures to their causes, and from findings to the verdict.

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "probes/rdma/checks.h"
#include "probes/verbs/checks.h"
#include "tests/support/healthy_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

// How many findings of that code fail and are explained by that cause.
int explained(const Diagnosis& diagnosis, const std::string& code, const std::string& cause) {
  int count = 0;
  for (const Finding& finding : diagnosis.findings) {
    const bool fails = finding.result == FindingResult::kFail;
    count += fails && finding.check->code == code && finding.explained_by == cause ? 1 : 0;
  }
  return count;
}

// The failing findings that nothing explains.
Codes unexplained(const Diagnosis& diagnosis) {
  Codes codes;
  for (const Finding& finding : diagnosis.findings) {
    const bool fails = finding.result == FindingResult::kFail;
    if (fails && finding.explained_by.empty()) codes.emplace_back(finding.check->code);
  }
  return codes;
}

TEST(Explain, AMissingDriverIsTheOneCauseOfAll) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.module_file.reset();
  const Diagnosis diagnosis = diagnose(scene);
  const std::string root = "kernel.driver-not-installed";
  EXPECT_EQ(diagnosis.root_causes, Codes{root});
  EXPECT_EQ(unexplained(diagnosis), Codes{root});
  EXPECT_EQ(explained(diagnosis, "driver.not-bound", root), 4);
  EXPECT_EQ(explained(diagnosis, "kernel.driver-not-loaded", root), 1);
  EXPECT_EQ(explained(diagnosis, "kernel.uverbs-not-loaded", root), 1);
}

TEST(Explain, ABlacklistIsWhyTheDriverIsNotLoaded) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.blacklisted_by = "/etc/modprobe.d/x.conf: blacklist efa";
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, Codes{"kernel.driver-blocked"});
  EXPECT_EQ(explained(diagnosis, "driver.not-bound", "kernel.driver-blocked"), 4);
}

TEST(Explain, OneHungDeviceTakesAllFromLibfabric) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, Codes{"rdma.counters-hang"});
  EXPECT_EQ(explained(diagnosis, "fabric.not-listed", "rdma.counters-hang"), 4);
  EXPECT_EQ(cause_of(diagnosis, "verbs.hang", device(1)), "rdma.counters-hang");
  EXPECT_EQ(diagnosis.summary,
            "0 of 4 EFA devices work: " + device(1) +
                ": hung in: read ports/1/hw_counters; libfabric therefore offers none of "
                "the 3 other devices");
}

TEST(Explain, OfTwoDevicesTheOtherOneIsNamedAsOne) {
  Scene scene = healthy_scene(2);
  hang(scene, 1);
  EXPECT_TRUE(
      diagnose(scene).summary.ends_with("; libfabric therefore does not offer the other "
                                        "device either"))
      << diagnose(scene).summary;
}

// Whatever else is wrong: without a cause that takes neighbours along there is no "therefore".
TEST(Explain, ALibfabricThatListsNoneFollowsFromNoOtherFault) {
  const std::function<void(Scene&)> others[] = {
      [](Scene& /*none*/) {},
      [](Scene& s) {
        s.pci(0).driver = "vfio-pci";
        lose_rdma(s, 0);
      },
      [](Scene& s) { std::erase(*s.node.verbs.facts.listed, device(0)); },
      [](Scene& s) { s.rdma(0).uverbs->mode = 0600; },
  };
  for (const auto& other : others) {
    Scene scene = healthy_scene();
    drop_fabric(scene);
    other(scene);
    const Diagnosis diagnosis = diagnose(scene);
    EXPECT_EQ(diagnosis.summary.find("therefore"), std::string::npos) << diagnosis.summary;
    EXPECT_EQ(cause_of(diagnosis, "fabric.not-listed", device(1)), "") << &other - others;
  }
}

TEST(Explain, ANodeThatCannotBeOpenedTakesAllFromLibfabric) {
  const std::pair<const char*, std::function<void(Scene&)>> causes[] = {
      {"node.missing", [](Scene& s) { s.rdma(0).uverbs->present = false; }},
      {"node.cannot-open", [](Scene& s) { s.rdma(0).uverbs->open_errno = EPERM; }},
      {"verbs.cannot-open",
       [](Scene& s) {
         s.verbs(0).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
       }},
      {"pci.config-space-dead", [](Scene& s) { s.pci(0).config = "ffffffff"; }},
  };
  for (const auto& [code, change] : causes) {
    Scene scene = healthy_scene();
    drop_fabric(scene);
    change(scene);
    const Diagnosis diagnosis = diagnose(scene);
    EXPECT_EQ(diagnosis.root_causes, Codes{code});
    EXPECT_TRUE(diagnosis.summary.ends_with("offers none of the 3 other devices")) << code;
  }
}

TEST(Explain, AModeKeepsNobodyOutWhoOpenedTheNode) {
  Scene scene = healthy_scene();
  scene.rdma(0).uverbs->mode = 0600;
  drop_fabric(scene);
  EXPECT_EQ(diagnose(scene).root_causes, (Codes{"fabric.not-listed", "node.restricted-mode"}));
  scene.node.fabric[0].outcome.detail = "asked as user nobody: /opt/x can be changed by user 1000";
  EXPECT_EQ(cause_of(diagnose(scene), "fabric.not-listed", device(0)), "node.restricted-mode");
}

TEST(Explain, AHungDeviceExplainsNoErrorsOfItsNeighbour) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  for (const size_t i : {size_t{1}, size_t{2}}) {
    LogMessage message;
    message.priority = 3;
    message.address = address(i);
    message.kind = LogKind::kCommandFailed;
    message.text = "Failed to process command REG_MR";
    scene.node.log.facts.messages.push_back(message);
  }
  scene.node.log.facts.total = 2;
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(cause_of(diagnosis, "log.driver-errors", device(1)), "rdma.counters-hang");
  EXPECT_EQ(cause_of(diagnosis, "log.driver-errors", device(2)), "");
}

TEST(Explain, AHungDeviceIsWhyAProbeTimedOut) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  scene.node.fabric[0].facts.getinfo_status.reset();
  scene.node.fabric[0].outcome.status = ProbeStatus::kTimedOut;
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, Codes{"rdma.counters-hang"});
  EXPECT_EQ(cause_of(diagnosis, "probe.timed-out", "fabric"), "rdma.counters-hang");
}

TEST(Explain, ARestrictedModeIsWhyAPlainUserCannotOpen) {
  Scene scene = healthy_scene();
  for (size_t i = 0; i < 4; ++i) restrict_mode(scene, i);
  drop_fabric(scene);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.root_causes, Codes{"node.restricted-mode"});
  for (const char* code : {"verbs.cannot-open", "node.cannot-open", "fabric.not-listed"}) {
    EXPECT_EQ(explained(diagnosis, code, "node.restricted-mode"), 4) << code;
  }
}

TEST(Explain, AnInfoThatExplainsSomethingCriticalIsARootCause) {
  Scene scene = healthy_scene();
  scene.node.kernel.facts.rdma_netns_shared = false;
  EXPECT_EQ(diagnose(scene).root_causes, Codes{});
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  scene.rdma(0).uverbs->open_errno = EPERM;
  scene.rdma(0).uverbs->open_error = "Operation not permitted";
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"kernel.rdma-netns-exclusive"});
}

TEST(Explain, IndependentFaultsAreEachACause) {
  Scene scene = healthy_scene();
  scene.pci(0).driver = "vfio-pci";
  lose_rdma(scene, 0);
  scene.pci(1).link->width = 4;
  scene.pci(3).config = "ffffffff";
  const Diagnosis diagnosis = diagnose(scene);
  // the gravest first, then the lowest rung
  EXPECT_EQ(diagnosis.root_causes,
            (Codes{"pci.config-space-dead", "driver.wrong-driver", "pci.narrow-link"}));
  EXPECT_TRUE(diagnosis.summary.starts_with("2 of 4 EFA devices work: " + device(3) + ": "))
      << diagnosis.summary;
  EXPECT_TRUE(diagnosis.summary.ends_with("; 2 other causes")) << diagnosis.summary;
}

TEST(Explain, ALibraryExplainsItsOwnProbeOnly) {
  Scene scene = healthy_scene();
  scene.node.fabric.push_back(scene.node.fabric[0]);
  scene.node.fabric[1].outcome.name = "fabric:/opt/amazon/efa/lib";
  silence(scene.node.fabric[1], ProbeStatus::kCrashed, "signal 11");
  silence(scene.node.topology, ProbeStatus::kCrashed, "signal 6");
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(cause_of(diagnosis, "probe.crashed", "fabric:/opt/amazon/efa/lib"), "fabric.crashes");
  EXPECT_EQ(cause_of(diagnosis, "probe.crashed", "topology"), "");
}

TEST(Explain, ACircleInHandMadeFindingsEnds) {
  std::vector<Finding> findings(2);
  findings[0].check = row_of(kRdmaCountersHang);
  findings[1].check = row_of(kVerbsHang);
  for (Finding& finding : findings) {
    finding.result = FindingResult::kFail;
    finding.subject = device(0);
  }
  explain(findings);
  EXPECT_EQ(findings[1].explained_by, "rdma.counters-hang");
  EXPECT_EQ(findings[0].explained_by, "");
}

Finding finding_with(FindingResult result, Severity severity) {
  Finding finding;
  finding.check = own_check("site.x", severity);
  finding.subject = kNodeSubject;
  finding.result = result;
  return finding;
}

TEST(Verdict, FollowsTheGravestFinding) {
  const Finding critical = finding_with(FindingResult::kFail, Severity::kCritical);
  const Finding blind = finding_with(FindingResult::kUnknown, Severity::kCritical);
  const Finding warning = finding_with(FindingResult::kFail, Severity::kWarning);
  const Finding unseen = finding_with(FindingResult::kUnknown, Severity::kWarning);
  const Finding info = finding_with(FindingResult::kFail, Severity::kInfo);
  const Finding pass = finding_with(FindingResult::kPass, Severity::kCritical);
  struct Row {
    std::vector<Finding> findings;
    bool expected;
    Verdict wanted;
  };
  const Row rows[] = {
      {{}, true, Verdict::kHealthy},
      {{pass, info, unseen}, true, Verdict::kHealthy},
      {{pass, warning}, true, Verdict::kDegraded},
      {{warning, pass}, true, Verdict::kDegraded},  // a later pass overwrites no warning
      {{blind, warning}, true, Verdict::kUnknown},
      {{blind, critical, warning}, true, Verdict::kUnhealthy},
      {{}, false, Verdict::kNotApplicable},
      {{warning, blind}, false, Verdict::kNotApplicable},
      {{critical}, false, Verdict::kUnhealthy},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    scene.expectation.expected = row.expected;
    EXPECT_EQ(verdict_of(scene.node, scene.expectation, row.findings), row.wanted) << &row - rows;
  }
}

TEST(Verdict, AMachineThatCannotBeReadIsUnknown) {
  for (const std::optional<int> exactly : {std::optional<int>(), std::optional(8)}) {
    Scene scene;
    scene.expectation.expected = exactly.has_value();
    scene.expectation.exactly = exactly;
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown);
    scene.node.pci.facts.functions = 40;  // a list that broke off
    scene.node.pci.outcome.status = ProbeStatus::kTimedOut;
    scene.node.kernel.facts.release = "6.1";
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown);
  }
}

TEST(Verdict, OneUnreadablePartIsEnoughForUnknown) {
  const std::function<void(Scene&)> blinds[] = {
      [](Scene& s) { s.node.pci.facts.functions.reset(); },
      [](Scene& s) { s.node.pci.facts.unidentified = {address(7)}; },
      [](Scene& s) { s.node.kernel.facts.release.reset(); },
  };
  for (const auto& blind : blinds) {
    Scene scene = healthy_scene(0);
    scene.expectation.expected = false;
    scene.expectation.maximum = 4;
    blind(scene);
    EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown) << &blind - blinds;
  }
}

TEST(Verdict, AnUnreadableFunctionBesideAllDevicesThatCanBeThereIsNone) {
  Scene scene = healthy_scene();
  scene.node.pci.facts.unidentified = {address(7)};
  scene.expectation.maximum = 4;
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  EXPECT_EQ(result_of(scene, "pci.config-space-dead", device(7)), FindingResult::kNotApplicable);
  scene.expectation.maximum = 8;
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnknown) << "it may be the fifth of eight";
}

TEST(Verdict, WithNoneConfiguredAndNoneFoundNothingIsWrong) {
  Scene scene = healthy_scene();
  scene.node = Node();
  scene.expectation = {};
  scene.expectation.exactly = 0;
  scene.expectation.why = "expect says none";
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kNotApplicable);
  EXPECT_EQ(diagnose(scene).summary, "no EFA is expected: expect says none");
}

TEST(Verdict, FewerThanConfiguredIsCriticalAndThanPossibleAWarning) {
  Scene scene = healthy_scene();
  scene.expectation.maximum = 8;
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kDegraded);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"pci.fewer-than-maximum"});
  scene.expectation.exactly = 4;
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  scene.expectation.exactly = 8;
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnose(scene).root_causes, Codes{"pci.fewer-than-expected"});
}

TEST(Diagnosis, NoMoreIsSaidToWorkThanWasLookedAt) {
  constexpr const char* kMissing =
      "error while loading shared libraries: libfabric.so.1: cannot open shared object file: "
      "No such file or directory";
  Scene scene = healthy_scene();
  silence(scene.node.fabric.front(), ProbeStatus::kUnavailable, kMissing);
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);  // containers bring their own
  EXPECT_EQ(diagnosis.summary,
            "4 of 4 EFA devices are well up to verbs, libfabric could not be asked");
}

TEST(Diagnosis, FindingsComeByCodeThenSubject) {
  Scene scene = healthy_scene();
  hang(scene, 2);
  const Diagnosis diagnosis = diagnose(scene);
  const auto key = [](const Finding& f) { return std::tie(f.check->code, f.subject); };
  for (size_t i = 1; i < diagnosis.findings.size(); ++i) {
    EXPECT_LE(key(diagnosis.findings[i - 1]), key(diagnosis.findings[i]));
  }
}

}  // namespace
}  // namespace efa
