// What the judge says of own messages over EFA devices.

#include "probes/data/checks.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "probes/data/words.h"
#include "probes/judging/look_up.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

constexpr int kUnresponsive = 13;
constexpr int kUnreachable = 15;

DataTransfer transfer(const std::string& kind, uint32_t bytes) {
  return {.kind = kind, .bytes = bytes, .status = 0, .vendor_error = 0, .equal = true};
}

DataTransfer ended(int vendor_error) {
  return {.kind = "send", .bytes = 64, .status = 20, .vendor_error = vendor_error};
}

// Of a device that moves all it is given.
void add_device(Scene& scene, size_t i, size_t count) {
  DataFacts& data = scene.node.data->facts;
  DataDevice tested{.address = address(i), .name = scene.rdma(i).name, .idle = true};
  for (const uint32_t bytes : {64U, 8192U}) {
    tested.transfers.push_back(transfer("send", bytes));
    tested.transfers.back().received = true;
  }
  tested.transfers.push_back(transfer("read", 4096));
  tested.transfers.push_back({.kind = "control", .bytes = 64, .status = 12, .vendor_error = 9});
  data.devices.push_back(tested);
  DataCounters counters{.address = address(i), .shown = true, .sent = 9280, .received = 9280};
  counters.before = {{"send_bytes", 100}, {"recv_bytes", 200}};
  counters.after = {{"send_bytes", 9380}, {"recv_bytes", 9480}};
  data.counters.push_back(counters);
  data.asked.push_back({device(i), AskedStatus::kOk, "", ""});
  if (count < 2) return;
  DataEdge edge{address(i), address((i + 1) % count), transfer("send", 1024)};
  edge.transfer.received = true;
  data.ring.push_back(edge);
}

void add_data(Scene& scene) {
  Seen<DataFacts>& seen = scene.node.data.emplace();
  seen.outcome.name = "data";
  seen.outcome.status = ProbeStatus::kOk;
  const size_t count = scene.node.rdma.facts.devices.size();
  for (size_t i = 0; i < count; ++i) add_device(scene, i, count);
}

DataDevice& tested(Scene& scene, size_t i) {
  return scene.node.data->facts.devices.at(i);
}
DataCounters& counted(Scene& scene, size_t i) {
  return scene.node.data->facts.counters.at(i);
}
Asked& asked(Scene& scene, size_t i) {
  return scene.node.data->facts.asked.at(i);
}

// What remains of one whose message i did not arrive.
void end_with(Scene& scene, size_t i, const DataTransfer& last) {
  tested(scene, i).transfers = {last};
  std::erase_if(scene.node.data->facts.counters,
                [&](const DataCounters& one) { return one.address == address(i); });
  std::erase_if(scene.node.data->facts.ring, [&](const DataEdge& one) {
    return one.from == address(i) || one.to == address(i);
  });
}

void stand_still(DataCounters& counters) {
  counters.after = counters.before;
}

void break_control(Scene& scene, size_t i) {
  tested(scene, i).transfers.back().status = 0;
}

// Nobody was answered in this pass.
void hang_in_test(Scene& scene, size_t i) {
  hang(scene, i);
  asked(scene, i) = {device(i), AskedStatus::kHung, "efadv_create_qp_ex", ""};
}

std::function<void(Scene&)> after_data(const std::function<void(Scene&)>& change) {
  return [change](Scene& scene) {
    add_data(scene);
    change(scene);
  };
}

Scene scene_with(const std::function<void(Scene&)>& change) {
  Scene scene = healthy_scene();
  add_data(scene);
  change(scene);
  return scene;
}

}  // namespace

CheckCases data_cases() {
  const auto crash = [](Scene& s) {  // before it told anything
    asked(s, 0) = {device(0), AskedStatus::kCrashed, "ibv_create_ah", "Abort"};
    s.node.data->facts.devices.erase(s.node.data->facts.devices.begin());
  };
  const auto all_arrives = [](Scene&) {};
  CheckCases cases = {
      {"data.loopback-fails", kFail, device(0), [](Scene& s) { end_with(s, 0, ended(9)); }},
      {"data.loopback-fails", kUnknown, device(0), [](Scene& s) { break_control(s, 0); }},
      {"data.loopback-fails", kNotApplicable, device(0),
       [](Scene& s) { tested(s, 0).holders = {7}; }},
      {"data.loopback-fails", kPass, device(0), all_arrives},
      {"data.loopback-unreachable", kFail, device(0),
       [](Scene& s) { end_with(s, 0, ended(kUnreachable)); }},
      {"data.loopback-unreachable", kUnknown, device(0), crash},
      {"data.loopback-unreachable", kNotApplicable, device(0),
       [](Scene& s) { end_with(s, 0, ended(2)); }},
      {"data.loopback-unreachable", kPass, device(0), all_arrives},
      {"data.hang", kFail, device(0), [](Scene& s) { hang_in_test(s, 0); }},
      {"data.hang", kUnknown, device(0),
       [](Scene& s) {
         asked(s, 0) = {device(0), AskedStatus::kSlow, "ibv_open_device", ""};
       }},
      {"data.hang", kNotApplicable, device(0), [](Scene& s) { tested(s, 0).other_test = true; }},
      {"data.hang", kPass, device(0), all_arrives},
      {"data.counters-still", kFail, device(0), [](Scene& s) { stand_still(counted(s, 0)); }},
      {"data.counters-still", kUnknown, device(0), [](Scene& s) { counted(s, 0).after.clear(); }},
      {"data.counters-still", kNotApplicable, device(0),
       [](Scene& s) { counted(s, 0).shown = false; }},
      {"data.counters-still", kPass, device(0), all_arrives},
      {"data.other-device-moved", kFail, device(0),
       [](Scene& s) {
         stand_still(counted(s, 0));
         counted(s, 1).after["send_bytes"] += 9280;
       }},
      {"data.other-device-moved", kUnknown, device(0),
       [](Scene& s) { counted(s, 0).before.clear(); }},
      {"data.other-device-moved", kPass, device(0), all_arrives},
      {"data.cannot-register", kFail, device(0),
       [](Scene& s) {
         tested(s, 0).failed = Unseen{"any words", "Cannot allocate memory", ENOMEM};
         tested(s, 0).failed_step = DataStep::kMemory;
         tested(s, 0).lockable = 4096;
       }},
      {"data.cannot-register", kUnknown, device(0), crash},
      {"data.cannot-register", kNotApplicable, device(0),
       [](Scene& s) {
         tested(s, 0).failed = Unseen{"ibv_create_ah", "Invalid argument", EINVAL};
       }},
      {"data.cannot-register", kPass, device(0), all_arrives},
      {"data.cannot-create", kFail, device(0),
       [](Scene& s) {
         tested(s, 0).failed = Unseen{"efadv_create_qp_ex", "Cannot allocate memory", ENOMEM};
       }},
      {"data.cannot-create", kUnknown, device(0), crash},
      {"data.cannot-create", kPass, device(0), all_arrives},
      {"data.ring-fails", kFail, device(0),
       [](Scene& s) { s.node.data->facts.ring.at(0).transfer = ended(kUnresponsive); }},
      {"data.ring-fails", kUnknown, device(0), [](Scene& s) { s.node.data->facts.ring.clear(); }},
      {"data.ring-fails", kPass, device(0), all_arrives},
      {"data.in-use", kFail, device(0),
       [](Scene& s) {
         tested(s, 0).holders = {7, 8};
       }},
      {"data.in-use", kUnknown, device(0), [](Scene& s) { tested(s, 0).idle.reset(); }},
      {"data.in-use", kPass, device(0), all_arrives},
  };
  for (CheckCase& row : cases) row.change = after_data(row.change);
  return cases;
}

namespace {

TEST(JudgeData, SaysNothingWhereItWasNotAskedFor) {
  const Scene scene = healthy_scene();
  for (const Finding& finding : judge_all(scene.node, scene.expectation)) {
    EXPECT_FALSE(finding.check->code.starts_with("data.")) << finding.check->code;
  }
  EXPECT_FALSE(diagnose(scene).funnel.back().count);
}

TEST(JudgeData, EveryCheckPassesWhereAllArrives) {
  const Diagnosis diagnosis = diagnose(scene_with([](Scene&) {}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnosis.funnel.back().rung, Rung::kData);
  EXPECT_EQ(diagnosis.funnel.back().count, 4);
  for (const Check* check : kDataChecks) {
    EXPECT_EQ(result_in(diagnosis.findings, std::string(check->code), device(2)), kPass)
        << check->code;
  }
}

TEST(JudgeData, ADeviceThatDoesNotMoveDataIsLostOnTheLastRung) {
  const Diagnosis diagnosis = diagnose(scene_with([](Scene& s) { end_with(s, 1, ended(2)); }));
  EXPECT_EQ(diagnosis.verdict, Verdict::kUnhealthy);
  EXPECT_EQ(diagnosis.root_causes, std::vector<std::string>{"data.loopback-fails"});
  EXPECT_EQ(diagnosis.funnel.back().count, 3);
  EXPECT_EQ(diagnosis.funnel.back().lost, std::vector<PciAddress>{address(1)});
}

TEST(JudgeData, WhereNoDeviceReachesItselfItIsNotKnownWhetherAnyCould) {
  const DataTransfer silent{.kind = "send", .bytes = 64};
  for (const DataTransfer& last : {ended(kUnresponsive), ended(kUnreachable), silent}) {
    SCOPED_TRACE(words_of(last));
    const Scene one = scene_with([&](Scene& s) { end_with(s, 0, last); });
    const Scene all = scene_with([&](Scene& s) {
      for (size_t i = 0; i < 4; ++i) end_with(s, i, last);
    });
    const auto of_one = judge_all(one.node, one.expectation);
    const auto of_all = judge_all(all.node, all.expectation);
    EXPECT_EQ(finding_of(of_one, "data.loopback-unreachable", device(0))->result,
              FindingResult::kFail);
    EXPECT_EQ(finding_of(of_all, "data.loopback-unreachable", device(0))->result,
              FindingResult::kUnknown);
    EXPECT_EQ(diagnose(all).verdict, Verdict::kUnknown);
  }
}

TEST(JudgeData, WhereNoDeviceCountsNothingIsProven) {
  const Scene scene = scene_with([](Scene& s) {
    for (size_t i = 0; i < 4; ++i) stand_still(counted(s, i));
  });
  EXPECT_EQ(result_of(scene, "data.counters-still", device(0)), kUnknown);
  EXPECT_EQ(result_of(scene, "data.loopback-fails", device(0)), kPass);
}

TEST(JudgeData, CountersOfABusyNeighbourProveNothing) {
  const Scene scene = scene_with([](Scene& s) {
    stand_still(counted(s, 0));
    counted(s, 1).after["send_bytes"] += 100'000;
    tested(s, 1).idle.reset();
  });
  EXPECT_EQ(result_of(scene, "data.other-device-moved", device(0)), kPass);
}

TEST(JudgeData, ADeviceThatAProcessOpenedInTheMiddleIsNotJudged) {
  const Scene scene = scene_with([](Scene& s) {
    end_with(s, 0, ended(2));
    s.node.data->facts.taken = {address(0)};
  });
  EXPECT_EQ(result_of(scene, "data.loopback-fails", device(0)), kNotApplicable);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

TEST(JudgeData, BytesOfWhoUsesItAreAProof) {
  const auto busy = [](uint64_t received) {
    return scene_with([&](Scene& s) {
      tested(s, 0).holders = {7};
      s.rdma(0).registration = 5;
      CounterBaseline before{.address = address(0), .registration = 5};
      before.values = {{"tx_bytes", 10}, {"rx_bytes", 20}};
      s.expectation.past.baselines = {before};
      for (Counters& counters : s.node.rdma.facts.counters) {
        if (counters.address != address(0)) continue;
        counters.port["tx_bytes"] = 70'010;
        counters.port["rx_bytes"] = received;
      }
    });
  };
  EXPECT_EQ(result_of(busy(90'020), "data.loopback-fails", device(0)), kPass);
  EXPECT_EQ(diagnose(busy(90'020)).funnel.back().count, 4);
  EXPECT_EQ(result_of(busy(40'020), "data.loopback-fails", device(0)), kNotApplicable);
  EXPECT_FALSE(diagnose(busy(40'020)).funnel.back().count);
}

TEST(JudgeData, OneThatIsHeldButAnsweredOthersIsNotBlamed) {
  const Scene scene = scene_with([](Scene& s) {
    asked(s, 0) = {device(0), AskedStatus::kHung, "ibv_create_cq", ""};
  });
  EXPECT_EQ(result_of(scene, "data.hang", device(0)), kUnknown);
}

TEST(JudgeData, WhatWasToldBeforeACrashCounts) {
  const Scene scene = scene_with([](Scene& s) {
    asked(s, 0) = {device(0), AskedStatus::kCrashed, "ibv_destroy_qp", "Abort"};
  });
  EXPECT_EQ(result_of(scene, "data.hang", device(0)), kUnknown);
  EXPECT_EQ(result_of(scene, "data.loopback-fails", device(0)), kPass);
}

TEST(JudgeData, ANodeOfOneDeviceHasNoRing) {
  Scene scene = healthy_scene(1);
  add_data(scene);
  EXPECT_EQ(result_of(scene, "data.ring-fails", device(0)), kNotApplicable);
}

TEST(JudgeData, WhatWasNotTestedIsUnknownWithTheReason) {
  const Scene scene = scene_with([](Scene& s) {
    s.node.data->facts = {};
    s.node.data->facts.not_tested = "who uses the devices could not be seen in time";
  });
  const auto findings = judge_all(scene.node, scene.expectation);
  const Finding* finding = finding_of(findings, "data.loopback-fails", device(0));
  EXPECT_EQ(finding->result, kUnknown);
  EXPECT_EQ(finding->message, "who uses the devices could not be seen in time");
}

TEST(JudgeData, WithoutLibibverbsNothingIsTested) {
  const Scene scene = scene_with([](Scene& s) {
    silence(*s.node.data, ProbeStatus::kUnavailable,
            "libefa.so.1: cannot open shared object file: No such file or directory");
  });
  EXPECT_EQ(result_of(scene, "data.loopback-fails", device(0)), kNotApplicable);
}

TEST(JudgeData, ARefusedLowerRungExplainsIt) {
  const Scene scene = scene_with([](Scene& s) {
    s.verbs(0).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
    tested(s, 0).failed = Unseen{"ibv_open_device", "No such device", ENODEV};
  });
  EXPECT_EQ(cause_of(diagnose(scene), "data.cannot-create", device(0)), "verbs.cannot-open");
}

TEST(JudgeData, OneThatRefusesACommandTakesItsNeighboursOutOfLibfabric) {
  const Scene scene = scene_with([](Scene& s) {
    tested(s, 1).failed = Unseen{"ibv_alloc_pd", "Invalid argument", EINVAL};
    drop_fabric(s);
  });
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"data.cannot-create"});
}

TEST(JudgeData, EveryStatusIsToldInWords) {
  EXPECT_EQ(words_of(ended(15)),
            "send of 64 bytes: vendor_err 15 (LOCAL_ERROR_UNREACH_REMOTE), status 20");
  EXPECT_EQ(words_of(ended(17)), "send of 64 bytes: vendor_err 17 (no name is known), status 20");
  EXPECT_EQ(words_of({.kind = "send", .bytes = 64}), "send of 64 bytes: no completion in time");
  DataTransfer lost = transfer("send", 64);
  lost.received = false;
  EXPECT_EQ(words_of(lost), "send of 64 bytes: completed, but was not received");
  EXPECT_EQ(end_of(lost), DataEnd::kFailed);
  DataTransfer changed = transfer("read", 64);
  changed.equal = false;
  EXPECT_EQ(words_of(changed), "read of 64 bytes: other bytes arrived than were sent");
  EXPECT_EQ(end_of(changed), DataEnd::kFailed);
}

}  // namespace
}  // namespace efa
