// What is said of PCI functions and their drivers.

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/judging/remedy.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

void hide_bus(Scene& scene) {
  silence(scene.node.pci, ProbeStatus::kTimedOut);
}

void hide_driver(Scene& scene) {
  scene.pci(0).driver = Unseen{"a link", "any words", EACCES};
}

void fail_probe(Scene& scene) {
  scene.pci(0).driver.reset();
  LogMessage message;
  message.address = address(0);
  message.priority = 3;
  message.kind = LogKind::kProbeFailed;
  message.text = "efa " + device(0) + ": EFA device init failed";
  scene.node.log.facts.messages = {message};
  scene.node.log.facts.total = 1;
}

using Errors = std::map<std::string, uint64_t>;

// Of the first device, in the pass before and in this one.
void count_errors(Scene& scene, const Errors& before, const Errors& now) {
  scene.expectation.past.pci_errors = {{address(0), before}};
  scene.pci(0).aer_errors = now;
}

CheckCases error_cases() {
  return {
      {"pci.corrected-errors", kFail, device(0),
       [](Scene& s) {
         count_errors(s, {{"correctable", 5}}, {{"correctable", 6}});
       }},
      {"pci.corrected-errors", kNotApplicable, device(0),
       [](Scene& s) {
         s.pci(0).aer_errors = {{"correctable", 5}};
       }},
      {"pci.corrected-errors", kUnknown, device(0),
       [](Scene& s) {
         s.pci(0).aer_unseen = {{"/x/aer_dev_correctable", "any words", EIO}};
       }},
      {"pci.corrected-errors", kPass, device(0),
       [](Scene& s) {
         count_errors(s, {{"correctable", 5}}, {{"correctable", 5}});
       }},
      {"pci.uncorrected-errors", kFail, device(0),
       [](Scene& s) {
         count_errors(s, {{"nonfatal", 0}, {"fatal", 0}}, {{"nonfatal", 0}, {"fatal", 1}});
       }},
      {"pci.uncorrected-errors", kNotApplicable, device(0),
       [](Scene& s) {
         s.pci(0).aer_errors = {{"nonfatal", 5}, {"fatal", 5}};
       }},
      {"pci.uncorrected-errors", kUnknown, device(0),
       [](Scene& s) {
         count_errors(s, {{"nonfatal", 5}}, {{"nonfatal", 5}});
         s.pci(0).aer_unseen = {{"/x/aer_dev_fatal", "any words", EIO}};
       }},
      {"pci.uncorrected-errors", kPass, device(0),
       [](Scene& s) {
         count_errors(s, {{"nonfatal", 5}, {"fatal", 5}}, {{"nonfatal", 5}, {"fatal", 5}});
       }},
  };
}

}  // namespace

CheckCases pci_cases() {
  CheckCases cases = {
      {"pci.none-found", kFail, kNodeSubject, [](Scene& s) { s.node.pci.facts.efa.clear(); }},
      {"pci.none-found", kUnknown, kNodeSubject, hide_bus},
      {"pci.fewer-than-expected", kFail, kNodeSubject, [](Scene& s) { s.expectation.exactly = 5; }},
      {"pci.fewer-than-expected", kUnknown, kNodeSubject,
       [](Scene& s) {
         s.expectation.exactly = 4;
         hide_bus(s);
       }},
      {"pci.fewer-than-expected", kPass, kNodeSubject, [](Scene& s) { s.expectation.exactly = 4; }},
      {"pci.fewer-than-maximum", kFail, kNodeSubject, [](Scene& s) { s.expectation.maximum = 5; }},
      {"pci.fewer-than-maximum", kUnknown, kNodeSubject, hide_bus},
      {"pci.device-vanished", kFail, device(9),
       [](Scene& s) {
         s.expectation.past.devices = {address(0), address(9)};
       }},
      {"pci.device-vanished", kUnknown, device(0),
       [](Scene& s) {
         s.expectation.past.devices = {address(0)};
         hide_bus(s);
       }},
      {"pci.config-space-dead", kFail, device(1), [](Scene& s) { s.pci(1).config = "ffffffff"; }},
      {"pci.config-space-dead", kUnknown, device(1), [](Scene& s) { s.pci(1).config.reset(); }},
      {"pci.config-space-dead", kUnknown, device(2),
       [](Scene& s) { s.pci(2).config = "01676172"; }},
      {"pci.id-unknown", kFail, device(0),
       [](Scene& s) {
         s.pci(0).driver.reset();
         s.pci(0).device = "0xefa4";
       }},
      {"pci.id-unknown", kUnknown, device(0),
       [](Scene& s) {
         s.pci(0).driver.reset();
         s.node.kernel.facts.known_device_ids.clear();
       }},
      {"pci.driver-override", kFail, device(2),
       [](Scene& s) { s.pci(2).driver_override = "vfio-pci"; }},
      {"pci.driver-override", kNotApplicable, device(2),
       [](Scene& s) { s.pci(2).driver_override.reset(); }},
      {"pci.driver-override", kUnknown, device(2),
       [](Scene& s) {
         s.pci(2).driver_override = Unseen{"driver_override", "any words", EIO};
       }},
      {"driver.wrong-driver", kFail, device(0), [](Scene& s) { s.pci(0).driver = "vfio-pci"; }},
      {"driver.wrong-driver", kUnknown, device(0), hide_driver},
      {"driver.not-bound", kFail, device(0), [](Scene& s) { s.pci(0).driver.reset(); }},
      {"driver.not-bound", kUnknown, device(0), hide_driver},
      {"driver.probe-failed", kFail, device(0), fail_probe},
      {"driver.probe-failed", kUnknown, device(0),
       [](Scene& s) {
         s.pci(0).driver.reset();
         silence(s.node.log, ProbeStatus::kDenied);
       }},
      {"pci.narrow-link", kFail, device(0), [](Scene& s) { s.pci(0).link->width = 4; }},
      {"pci.narrow-link", kNotApplicable, device(0),
       [](Scene& s) {
         s.pci(0).link = PciLink{"Unknown", 0};
         s.pci(0).link_max = PciLink{"Unknown", 0};
       }},
      {"pci.narrow-link", kUnknown, device(0),
       [](Scene& s) {
         s.pci(0).link = Unseen{"current_link_speed", "any words", EIO};
       }},
      {"pci.numa-node-missing", kFail, device(0), [](Scene& s) { s.pci(0).numa_node.reset(); }},
      {"pci.numa-node-missing", kUnknown, device(0),
       [](Scene& s) {
         s.pci(0).numa_node = Unseen{"numa_node", "any words", EIO};
       }},
      {"pci.bars-differ", kFail, device(0), [](Scene& s) { s.pci(0).bar_sizes.at(2) = 0; }},
      {"pci.bars-differ", kUnknown, device(0), [](Scene& s) { s.pci(0).bar_sizes.clear(); }},
  };
  for (CheckCase& one : error_cases()) cases.push_back(std::move(one));
  return cases;
}

namespace {

TEST(Pci, ALinkIsJudgedBesideThoseOfItsSiblings) {
  const PciLink usual{"16.0 GT/s PCIe", 8};
  const PciLink narrow{"16.0 GT/s PCIe", 4};
  const PciLink slow{"8.0 GT/s PCIe", 8};
  const PciLink unknown{"Unknown", 0};
  struct Row {
    std::vector<PciLink> links;
    FindingResult wanted;  // of the first
  };
  const Row rows[] = {
      {{usual, usual, usual, usual}, kPass},
      {{narrow, usual, usual, usual}, kFail},
      {{slow, usual, usual, usual}, kFail},
      {{narrow, narrow, narrow, narrow}, kPass},
      {{narrow, narrow, narrow, usual}, kPass},  // one that is wider is no measure
      {{usual, narrow, narrow, narrow}, kPass},
      {{narrow, usual}, kUnknown},  // which of the two is right?
      {{usual, narrow}, kUnknown},
      {{narrow, narrow, usual, usual}, kUnknown},
      {{narrow, usual, usual}, kFail},
      {{narrow}, kPass},
      {{unknown, usual, usual}, kNotApplicable},
      {{usual, unknown, unknown}, kPass},
      {{{"rubbish", 8}, usual, usual}, kUnknown},
      {{{"16.0 GT/s PCIe", std::nullopt}, usual, usual}, kUnknown},
      {{{"rubbish", 4}, usual, usual}, kFail},
      {{{"Unknown", 8}, {"Unknown", 8}, {"Unknown", 8}}, kPass},
      {{{"", std::nullopt}, usual}, kNotApplicable},
      {{{"-1 GT/s", 63}, usual}, kNotApplicable},
      {{{"nan GT/s", 255}, usual}, kNotApplicable},
      {{{"inf GT/s", 255}, usual}, kNotApplicable},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene(row.links.size());
    for (size_t i = 0; i < row.links.size(); ++i) scene.pci(i).link = row.links[i];
    EXPECT_EQ(result_of(scene, "pci.narrow-link", device(0)), row.wanted) << &row - rows;
  }
}

TEST(Pci, ANumaNodeIsMissedOnlyWhereMostSiblingsHaveOne) {
  const Reading<int> none;
  const Reading<int> unreadable = Unseen{"numa_node", "any words", EIO};
  struct Row {
    std::vector<Reading<int>> nodes;
    FindingResult wanted;  // of the first
  };
  const Row rows[] = {
      {{0, 1, 0, 1}, kPass},
      {{none, 1, 0, 1}, kFail},
      {{none, none, 0, 1, 1}, kFail},
      {{none, none, 0, 1}, kNotApplicable},
      {{none, none, none, none}, kNotApplicable},  // g5, c5n, p3dn: normal
      {{none}, kNotApplicable},
      {{none, 0}, kNotApplicable},  // which of the two is as it should be is not known
      {{none, unreadable, unreadable, unreadable}, kNotApplicable},
      {{unreadable, 0, 0}, kUnknown},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene(row.nodes.size());
    for (size_t i = 0; i < row.nodes.size(); ++i) scene.pci(i).numa_node = row.nodes[i];
    EXPECT_EQ(result_of(scene, "pci.numa-node-missing", device(0)), row.wanted) << &row - rows;
  }
}

TEST(Pci, RegionsAreJudgedByThoseOfMostSiblings) {
  using Sizes = std::vector<uint64_t>;
  const Sizes usual{16384, 0, 1048576, 0, 4096, 0};
  const Sizes larger{16384, 0, 2097152, 0, 4096, 0};
  const Sizes lacking{16384, 0, 0, 0, 4096, 0};
  struct Row {
    std::vector<Sizes> sizes;
    FindingResult wanted;  // of the first
    Verdict verdict;
    const char* words;
  };
  const Row rows[] = {
      {{usual, usual, usual}, kPass, Verdict::kHealthy, "its regions are those of its siblings"},
      {{lacking, usual, usual}, kFail, Verdict::kDegraded, "BAR 2 is not assigned"},
      {{{}, usual, usual}, kUnknown, Verdict::kHealthy, "its regions could not be read"},
      {{larger, usual, usual},
       kFail,
       Verdict::kHealthy,
       "BAR 2 has 2097152 bytes instead of 1048576"},
      {{larger, usual, usual, larger},
       kNotApplicable,
       Verdict::kHealthy,
       "no regions are those of most of its kind"},
      {{larger}, kPass, Verdict::kHealthy, "its regions are those of its siblings"},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene(row.sizes.size());
    scene.expectation.maximum = static_cast<int>(row.sizes.size());
    for (size_t i = 0; i < row.sizes.size(); ++i) scene.pci(i).bar_sizes = row.sizes[i];
    const Diagnosis diagnosis = diagnose(scene);
    const Finding* finding = finding_of(diagnosis.findings, "pci.bars-differ", device(0));
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->result, row.wanted) << finding->message;
    EXPECT_EQ(finding->message, row.words);
    EXPECT_EQ(diagnosis.verdict, row.verdict) << row.words;
  }
  Scene scene = healthy_scene(2);
  for (size_t i = 0; i < 2; ++i) scene.pci(i).bar_sizes.clear();
  EXPECT_EQ(result_of(scene, "pci.bars-differ", device(0)), kNothing);
}

TEST(Pci, ErrorsOfPcieAreJudgedByTheirGrowth) {
  struct Row {
    Errors before;
    Errors now;
    MaybeResult corrected;
    MaybeResult uncorrected;
  };
  const Row rows[] = {
      {{}, {}, kNothing, kNothing},
      {{}, {{"correctable", 9}, {"fatal", 9}}, kNotApplicable, kNotApplicable},
      {{{"correctable", 9}, {"nonfatal", 2}, {"fatal", 1}},
       {{"correctable", 9}, {"nonfatal", 2}, {"fatal", 1}},
       kPass,
       kPass},
      {{{"correctable", 9}, {"nonfatal", 2}, {"fatal", 1}},
       {{"correctable", 8}, {"nonfatal", 3}, {"fatal", 0}},
       kPass,
       kFail},
      {{{"correctable", 9}}, {{"correctable", 10}}, kFail, kNotApplicable},
      {{{"correctable", 9}}, {}, kNothing, kNothing},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    count_errors(scene, row.before, row.now);
    EXPECT_EQ(result_of(scene, "pci.corrected-errors", device(0)), row.corrected) << &row - rows;
    EXPECT_EQ(result_of(scene, "pci.uncorrected-errors", device(0)), row.uncorrected);
    scene.node.live = false;
    EXPECT_EQ(result_of(scene, "pci.corrected-errors", device(0)), kNothing);
  }
}

TEST(Pci, WhatGrewIsSaid) {
  Scene scene = healthy_scene();
  count_errors(scene, {{"nonfatal", 2}, {"fatal", 0}}, {{"nonfatal", 5}, {"fatal", 1}});
  const Diagnosis diagnosis = diagnose(scene);
  EXPECT_EQ(diagnosis.verdict, Verdict::kDegraded);
  EXPECT_EQ(diagnosis.summary,
            "4 of 4 EFA devices work, but " + device(0) +
                ": PCIe errors: 3 nonfatal since the pass before, 5 since boot, 1 fatal "
                "since the pass before, 1 since boot");
}

TEST(Pci, ErrorsOfADeviceThatIsNotSeenAreRemembered) {
  PciFacts facts;
  facts.efa.resize(2);
  facts.efa[0].address = address(0);
  facts.efa[0].aer_errors = {{"fatal", 1}};
  facts.efa[1].address = address(1);
  const std::vector<ErrorBaseline> first = next_baselines({}, facts);
  ASSERT_EQ(first.size(), 1U) << "the other shows none";
  facts.efa.clear();
  const std::vector<ErrorBaseline> second = next_baselines(first, facts);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second.front().aer_errors.at("fatal"), 1U);
}

TEST(Pci, ADeviceOfAnotherIdIsNoSibling) {
  Scene scene = healthy_scene(2);
  scene.pci(0).device = "0xefa2";
  scene.pci(0).link->width = 4;
  EXPECT_EQ(result_of(scene, "pci.narrow-link", device(0)), kPass);
}

TEST(Pci, ADeadDeviceHasNoNarrowLink) {
  Scene scene = healthy_scene();
  scene.pci(0).config = "ffffffff";
  scene.pci(0).link = PciLink{"Unknown", 63};
  EXPECT_EQ(result_of(scene, "pci.narrow-link", device(0)), kNotApplicable);
}

TEST(Pci, ADeviceThatTheKernelLogNamesAndThatIsGoneHasVanished) {
  for (const size_t devices : {4, 1}) {
    Scene scene = healthy_scene(devices);
    scene.expectation.maximum = static_cast<int>(devices);
    for (size_t i = 0; i < devices; ++i) scene.node.log.facts.functions.push_back(address(i));
    EXPECT_EQ(result_of(scene, "pci.device-vanished", device(0)), kNothing);
    scene.node.pci.facts.efa.erase(scene.node.pci.facts.efa.begin());
    scene.node.rdma.facts.devices.erase(scene.node.rdma.facts.devices.begin());
    const Diagnosis diagnosis = diagnose(scene);
    EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"pci.device-vanished"});
    EXPECT_NE(diagnosis.summary.find(": " + device(0)), std::string::npos) << diagnosis.summary;
  }
}

TEST(Pci, ADeviceThatWasPluggedInElsewhereIsNotMissed) {
  Scene scene = healthy_scene();
  scene.expectation.maximum = 4;
  scene.node.log.facts.functions = {address(9)};
  EXPECT_EQ(result_of(scene, "pci.device-vanished", device(9)), kNothing);
}

TEST(Pci, OnATypeThatCannotHaveEfaNoInterfaceIsToBeAttached) {
  Scene scene = healthy_scene();
  scene.node.pci.facts.efa.clear();
  const auto remedy = [&] {
    const auto findings = judge_all(scene.node, scene.expectation);
    return finding_of(findings, "pci.none-found", kNodeSubject)->check->remedy;
  };
  EXPECT_TRUE(remedy().starts_with("Give the launch template")) << remedy();
  scene.expectation.type_lacks_efa = true;
  EXPECT_TRUE(remedy().starts_with("Launch an instance type that can have EFA")) << remedy();
}

TEST(Pci, ATypeWithoutANumberIsNoMeasure) {
  Scene scene = healthy_scene(1);
  scene.expectation.maximum.reset();
  for (const char* code : {"pci.fewer-than-maximum", "pci.fewer-than-expected"}) {
    EXPECT_EQ(result_of(scene, code, kNodeSubject), kNothing) << code;
  }
}

TEST(Pci, AListThatBrokeOffHidesDevices) {
  Scene scene = healthy_scene();
  scene.node.pci.outcome.status = ProbeStatus::kTimedOut;
  scene.node.pci.facts.efa.resize(2);
  scene.expectation.exactly = 4;
  scene.expectation.past.devices = {address(3)};
  EXPECT_EQ(result_of(scene, "pci.fewer-than-expected", kNodeSubject), kUnknown);
  EXPECT_EQ(result_of(scene, "pci.device-vanished", device(3)), kUnknown);
}

TEST(Pci, AFailedProbeBeforeASuccessfulOneIsHistory) {
  Scene scene = healthy_scene();
  fail_probe(scene);
  LogMessage registered = scene.node.log.facts.messages.front();
  registered.kind = LogKind::kDeviceRegistered;
  scene.node.log.facts.messages.push_back(registered);
  EXPECT_EQ(result_of(scene, "driver.probe-failed", device(0)), kNothing);
  EXPECT_EQ(result_of(scene, "driver.not-bound", device(0)), kFail);
}

TEST(Pci, WithoutADriverInTheKernelNoIdIsUnknown) {
  Scene scene = healthy_scene();
  remove_driver(scene);
  scene.node.kernel.facts.module_file.reset();
  scene.node.kernel.facts.known_device_ids.clear();
  EXPECT_EQ(result_of(scene, "pci.id-unknown", device(0)), kNotApplicable);
}

TEST(Pci, ACommandNamesItsDevice) {
  Scene scene = healthy_scene();
  scene.pci(3).driver.reset();
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "driver.not-bound", device(3));
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(command_of(*finding),
            "echo " + device(3) + " | sudo tee /sys/bus/pci/drivers/efa/bind");
}

}  // namespace
}  // namespace efa
