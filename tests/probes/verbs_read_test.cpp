// What probe-verbs says of what libibverbs and libefa answer.

#include "probes/verbs/read.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "probes/verbs/facts.h"
#include "probes/verbs/parse.h"
#include "tests/support/replayed_libraries.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr const char* kAddress = "0000:10:1b.0";
constexpr const char* kName = "rdmap16s27";

std::vector<std::string> lines_of(ReplayedVerbs& library, const std::string& looks) {
  Said said;
  said.read(looks, [&](const Look& look) { read_verbs(look, library); });
  return said.lines();
}

VerbsFacts facts_of(ReplayedVerbs& library,
                    const std::string& looks = efa_behind(kName, kAddress)) {
  Said said;
  said.read(looks, [&](const Look& look) { read_verbs(look, library); });
  return *from_value<VerbsFacts>(said.facts(), "facts");
}

TEST(ReadVerbs, TellsAllOfADeviceThatAnswers) {
  ReplayedVerbs library(kName, {});
  EXPECT_EQ(
      lines_of(library, efa_behind(kName, kAddress)),
      (std::vector<std::string>{
          R"({"set":"library","value":"/usr/lib64/libibverbs.so.1"})",
          R"({"doing":"ibv_get_device_list"})",
          R"({"set":"listed","value":["0000:10:1b.0"]})",
          R"({"doing":"ask device","subject":"0000:10:1b.0"})",
          R"({"add":"devices","value":{"address":"0000:10:1b.0","name":"rdmap16s27",)"
          R"("vendor_part_id":61345,"hw_version":61345,"fw_version":"0.0.0.0","max_qp":256,)"
          R"("max_cq":512,"max_mr":65536,"max_mr_size":4294967296,"port_state":4,)"
          R"("max_message_bytes":8928,"gid":"fe80:0000:0000:0000:048f:94ff:fe25:3613",)"
          R"("max_sq_wr":4096,"max_rq_wr":32768,"inline_buf_size":32,"max_rdma_bytes":1073741824,)"
          R"("capability_bits":3,"capabilities":["rdma_read","rnr_retry"]}})",
          R"({"add":"asked","value":{"subject":"0000:10:1b.0","status":"ok","step":"","detail":""}})",
      }));
}

TEST(ReadVerbs, AnnouncesEachCallBeforeItIsMade) {
  for (const char* call : {"ibv_open_device", "ibv_query_device", "ibv_query_port", "ibv_query_gid",
                           "efadv_query_device", "ibv_close_device"}) {
    ReplayedVerbs library(kName, {});
    library.at_call = [&](const std::string& made) {
      if (made == call) _exit(9);  // in the process that asks the device
    };
    const VerbsFacts facts = facts_of(library);
    ASSERT_EQ(facts.asked.size(), 1U) << call;
    EXPECT_EQ(facts.asked[0].status, AskedStatus::kCrashed);
    EXPECT_EQ(facts.asked[0].step, call);
    const bool told = std::string(call) == "ibv_close_device";  // what it answered is kept
    EXPECT_EQ(facts.devices.size(), told ? 1U : 0U) << call;
  }
}

TEST(ReadVerbs, AnnouncesTheListBeforeItIsAskedFor) {
  ReplayedVerbs library(kName, {});
  Said said;
  std::string before;
  library.at_call = [&](const std::string& call) {
    if (call == "ibv_get_device_list") before = said.lines().back();
  };
  said.read(efa_behind(kName, kAddress), [&](const Look& look) { read_verbs(look, library); });
  EXPECT_EQ(before, R"({"doing":"ibv_get_device_list"})");
}

TEST(ReadVerbs, ACallThatFailsIsTheLastAndWhatWasAnsweredIsKept) {
  struct Row {
    const char* call;
    int os_error;
    VerbsAnswers answers;
    bool device;
    bool port;
  };
  const auto fails = [](int os_error, const char* call) { return system_error(os_error, call); };
  VerbsAnswers open;
  open.open_fails = fails(ENODEV, "ibv_open_device");
  VerbsAnswers device;
  device.device = fails(EIO, "ibv_query_device");
  VerbsAnswers port;
  port.port = fails(ETIMEDOUT, "ibv_query_port");
  VerbsAnswers gid;
  gid.gid = fails(EINVAL, "ibv_query_gid");
  const Row rows[] = {
      {"ibv_open_device", ENODEV, open, false, false},
      {"ibv_query_device", EIO, device, false, false},
      {"ibv_query_port", ETIMEDOUT, port, true, false},
      {"ibv_query_gid", EINVAL, gid, true, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.call);
    ReplayedVerbs library(kName, row.answers);
    const VerbsFacts facts = facts_of(library);
    ASSERT_EQ(facts.devices.size(), 1U);
    const VerbsDevice& told = facts.devices[0];
    EXPECT_EQ(told.name, kName);
    ASSERT_TRUE(told.failed);
    EXPECT_EQ(told.failed->step, row.call);
    EXPECT_EQ(told.failed->os_error, row.os_error);
    EXPECT_EQ(told.failed->reason, system_error(row.os_error, "").what);
    EXPECT_EQ(told.max_qp.has_value(), row.device);
    EXPECT_EQ(told.port_state.has_value(), row.port);
    EXPECT_FALSE(told.gid);
    EXPECT_FALSE(told.max_sq_wr);
    EXPECT_EQ(facts.asked[0].status, AskedStatus::kOk) << "it answered, with an error";
  }
}

TEST(ReadVerbs, WithoutAnAnswerOfLibefaTheDeviceIsWell) {
  VerbsAnswers answers;
  answers.efa = system_error(EOPNOTSUPP, "efadv_query_device");
  ReplayedVerbs library(kName, answers);
  const VerbsDevice device = facts_of(library).devices.at(0);
  EXPECT_FALSE(device.failed);
  EXPECT_TRUE(device.gid);
  EXPECT_FALSE(device.max_sq_wr);
  EXPECT_FALSE(device.capability_bits);
  EXPECT_TRUE(device.capabilities.empty());
}

TEST(ReadVerbs, WhatAnOlderLibefaDoesNotKnowIsZero) {
  VerbsAnswers answers;
  answers.efa = EfaAttributes{4096, 32768, 32, 0, 0};
  ReplayedVerbs library(kName, answers);
  const VerbsDevice device = facts_of(library).devices.at(0);
  EXPECT_EQ(device.max_rdma_bytes, 0U);
  EXPECT_EQ(device.capability_bits, 0U);
  EXPECT_TRUE(device.capabilities.empty());
}

TEST(ReadVerbs, AFirmwareVersionOfAnyBytesIsToldAsText) {
  VerbsAnswers answers;
  answers.device->fw_version = "1.\xff";
  ReplayedVerbs library(kName, answers);
  EXPECT_EQ(facts_of(library).devices.at(0).fw_version, "1.?");
}

TEST(ReadVerbs, AListThatFailsIsToldAndNoDeviceIsAsked) {
  ReplayedVerbs library(kName, {});
  library.list_fails = system_error(ENOSYS, "ibv_get_device_list");
  const VerbsFacts facts = facts_of(library);
  ASSERT_TRUE(facts.list_failed);
  EXPECT_EQ(facts.list_failed->step, "ibv_get_device_list");
  EXPECT_EQ(facts.list_failed->os_error, ENOSYS);
  EXPECT_FALSE(facts.listed);
  EXPECT_TRUE(facts.asked.empty());
}

TEST(ReadVerbs, AnEmptyListIsAList) {
  ReplayedVerbs library;
  library.path.reset();
  EXPECT_EQ(lines_of(library, ""), (std::vector<std::string>{R"({"doing":"ibv_get_device_list"})",
                                                             R"({"set":"listed","value":[]})"}));
}

TEST(ReadVerbs, OnlyDevicesOfEfaFunctionsAreOpened) {
  ReplayedVerbs library(kName, {});
  library.devices["mlx5_0"];  // of another vendor
  library.devices["rxe0"];    // on no PCI bus
  std::string looks = efa_behind(kName, kAddress);
  looks += seen("link", "/sys/class/infiniband/mlx5_0/device", "../../../0000:05:00.0");
  looks += seen("read", "/sys/bus/pci/devices/0000:05:00.0/vendor", "0x15b3");
  looks += seen("read", "/sys/bus/pci/devices/0000:05:00.0/device", "0x1017");
  const VerbsFacts facts = facts_of(library, looks);
  EXPECT_EQ(facts.listed, std::vector<std::string>{kAddress});
  EXPECT_EQ(facts.asked.size(), 1U);
}

TEST(ReadVerbs, EachDeviceAnswersForItself) {
  ReplayedVerbs library(kName, {});
  library.devices["rdmap32s27"].open_fails = system_error(ENODEV, "ibv_open_device");
  const VerbsFacts facts =
      facts_of(library, efa_behind(kName, kAddress) + efa_behind("rdmap32s27", "0000:20:1b.0"));
  ASSERT_EQ(facts.devices.size(), 2U);
  for (const VerbsDevice& device : facts.devices) {
    EXPECT_EQ(device.failed.has_value(), device.address.to_text() != kAddress);
  }
}

TEST(ParseVerbs, NamesCapabilities) {
  EXPECT_EQ(capability_names(0), std::vector<std::string>{});
  EXPECT_EQ(capability_names(1U << 3U), std::vector<std::string>{"rdma_write"});
  EXPECT_EQ(capability_names(1U << 31U), std::vector<std::string>{});
  EXPECT_EQ(capability_names(~0U).size(), 7U);
  EXPECT_EQ(capability_names(~0U).back(), "completion_counters");
}

TEST(ParseVerbs, WritesAGid) {
  GidBytes gid{};
  EXPECT_EQ(gid_text(gid), "0000:0000:0000:0000:0000:0000:0000:0000");
  gid.fill(0xff);
  EXPECT_EQ(gid_text(gid), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

}  // namespace
}  // namespace efa
