// Why the driver gave a device up: the line that tells, and who acts on it.

#include "probes/judging/probe_failure.h"

#include <gtest/gtest.h>

#include "probes/log/parse.h"
#include "probes/pci/checks.h"
#include "tests/support/check_case.h"

namespace efa {
namespace {

std::vector<LogMessage> messages_of(const std::vector<std::string>& texts) {
  std::vector<LogMessage> messages;
  for (const std::string& text : texts) {
    const auto message = parse_kernel_message("3,1,1,-;" + text);
    if (message) messages.push_back(*message);
  }
  return messages;
}

std::string efa(const std::string& text) {
  return "efa " + device(0) + ": " + text;
}

std::string telling(const std::vector<std::string>& texts) {
  const std::vector<LogMessage> messages = messages_of(texts);
  const LogMessage* failure = probe_failure(messages, address(0));
  return failure == nullptr ? "" : failure->text;
}

constexpr const char* kEnd = "EFA device init failed";
constexpr const char* kEndOfCore = "probe with driver efa failed with error -19";

TEST(ProbeFailure, TheFirstWordsOfTheNewestAttemptTell) {
  const std::string not_ready = efa("Device isn't ready, abort com init 0x0");
  const std::string silent = efa("Reading register timed out. expected: req id[1] offset[0x0]");
  const std::string vectors = efa("Failed to enable MSI-X. error -28");
  const std::string busy = efa("pci_request_selected_regions failed -16");
  EXPECT_EQ(telling({not_ready, efa(kEnd), efa(kEndOfCore)}), not_ready);
  EXPECT_EQ(telling({silent, not_ready, efa(kEnd)}), silent) << "the others follow from it";
  EXPECT_EQ(telling({not_ready, efa(kEnd), efa(kEndOfCore), vectors, efa(kEndOfCore)}), vectors);
  EXPECT_EQ(telling({busy, "efa: probe of " + device(0) + " failed with error -16"}), busy);
  EXPECT_EQ(telling({efa(kEnd), efa(kEndOfCore)}), efa(kEnd)) << "nothing tells more";
  EXPECT_EQ(telling({"efa: probe of " + device(0) + " failed with error -12"}),
            "efa: probe of " + device(0) + " failed with error -12");
  const std::string irq = efa("Setup irq:53 name:efa-mgmnt@pci:" + device(0));
  const std::string queue = efa("Failed to create eq[-12]");
  EXPECT_EQ(telling({irq, queue, efa(kEndOfCore)}), queue);
  EXPECT_EQ(telling({efa("enabling device (0000 -> 0002)"), vectors}), vectors);
}

TEST(ProbeFailure, WhatARunningDeviceSaidIsNone) {
  const std::string silent =
      efa("The device didn't send any completion for admin cmd GET_STATS(13)");
  EXPECT_EQ(telling({silent}), "");
  EXPECT_EQ(telling({silent, efa("rdmap0s6: Unregister ib device")}), "");
  EXPECT_EQ(telling({efa("Device isn't ready, abort com init 0x0"), efa(kEnd),
                     efa("IB device registered")}),
            "");
  EXPECT_EQ(telling({"efa " + device(1) + ": EFA device init failed"}), "") << "another device";
  EXPECT_EQ(telling({silent, efa(kEnd)}), silent) << "it was starting";
  EXPECT_EQ(telling({}), "");
}

TEST(ProbeFailure, EveryReasonHasItsRemedy) {
  struct Row {
    const char* text;
    Actor actor;
    const char* remedy;  // a part of it
  };
  const Row rows[] = {
      {"pci_request_selected_regions failed -16", Actor::kNodeOperator, "memory regions"},
      {"BARs unavailable. Requested 0x5, available 0x0", Actor::kNodeOperator, "no memory region"},
      {"pci_enable_device_mem() failed!", Actor::kNodeOperator, "enable"},
      {"Failed to allocate QP table", Actor::kNodeOperator, "no memory"},
      {"EFA version is lower than the minimal version the driver supports", Actor::kAwsSupport,
       "older"},
      {"dma_set_mask_and_coherent failed -5", Actor::kImageOwner, "DMA"},
      {"Failed to enable MSI-X. error -28", Actor::kNodeOperator, "interrupt vectors"},
      {"Failed to request irq efa-mgmnt@pci:0000:00:06.0 (-16)", Actor::kNodeOperator, "-16"},
      {"Device isn't ready, abort com init 0x0", Actor::kAwsSupport, "other hardware"},
      {"Device isn't ready, can't reset device", Actor::kAwsSupport, "other hardware"},
      {"Reset indication didn't turn on", Actor::kAwsSupport, "other hardware"},
      {"Reading register timed out. expected: req id[1]", Actor::kAwsSupport, "other hardware"},
      {"The device sent a completion but the driver didn't receive any MSI-X interrupt",
       Actor::kNodeOperator, "interrupt was lost"},
      {"Failed to allocate UAR, err -22", Actor::kAwsSupport, "reboot once"},
  };
  for (const Row& row : rows) {
    Scene scene = healthy_scene();
    scene.pci(0).driver.reset();
    scene.node.log.facts.messages = messages_of({efa(row.text), efa(kEnd), efa(kEndOfCore)});
    scene.node.log.facts.total = 3;
    const auto findings = judge_all(scene.node, scene.expectation);
    const Finding* finding = finding_of(findings, "driver.probe-failed", device(0));
    ASSERT_NE(finding, nullptr) << row.text;
    EXPECT_EQ(finding->message, "the driver gave up: " + efa(row.text));
    EXPECT_EQ(finding->check->actor, row.actor) << row.text;
    EXPECT_NE(finding->check->remedy.find(row.remedy), std::string::npos) << finding->check->remedy;
    EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"driver.probe-failed"});
  }
}

}  // namespace
}  // namespace efa
