// What probe-data says of devices that move what it gives them, or do not.

#include "probes/data/read.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "probes/base/file_lock.h"
#include "probes/data/facts.h"
#include "tests/support/replayed_data.h"
#include "tests/support/said.h"
#include "tests/support/tree.h"

namespace efa {
namespace {

constexpr const char* kNames[] = {"rdmap16s27", "rdmap32s27", "rdmap48s27"};
constexpr const char* kAddresses[] = {"0000:10:1b.0", "0000:20:1b.0", "0000:30:1b.0"};

struct Case {
  ReplayedData library;
  std::map<std::string, std::string> options;

  explicit Case(std::vector<DataAnswers> answers) {
    for (size_t i = 0; i < answers.size(); ++i) library.devices[kNames[i]] = answers[i];
  }

  DataFacts facts() {
    std::string looks;
    for (size_t i = 0; i < library.devices.size(); ++i) {
      looks += efa_behind(kNames[i], kAddresses[i]);
    }
    Said said;
    said.read(
        looks, [&](const Look& look) { read_data(look, library); }, options);
    return *from_value<DataFacts>(said.facts(), "facts");
  }
};

DataDevice device_of(const DataFacts& facts, size_t i) {
  for (const DataDevice& device : facts.devices) {
    if (device.address.to_text() == kAddresses[i]) return device;
  }
  ADD_FAILURE() << "nothing is said of " << kAddresses[i];
  return {};
}

std::vector<std::string> kinds(const DataDevice& device) {
  std::vector<std::string> kinds;
  for (const DataTransfer& one : device.transfers) kinds.push_back(one.kind);
  return kinds;
}

TEST(ReadData, ADeviceThatWorksIsSentAllAndTheControlFails) {
  Case one({DataAnswers{}});
  const DataFacts facts = one.facts();
  const DataDevice device = device_of(facts, 0);
  EXPECT_FALSE(device.failed);
  EXPECT_EQ(kinds(device),
            (std::vector<std::string>{"send", "send", "send", "send", "read", "write", "control"}));
  for (const DataTransfer& transfer : device.transfers) {
    const bool control = transfer.kind == "control";
    EXPECT_EQ(transfer.status == 0, !control);
    EXPECT_EQ(transfer.vendor_error, control ? 9 : 0);
    EXPECT_EQ(transfer.equal, control ? std::nullopt : std::optional(true));
  }
  EXPECT_EQ(device.transfers[3].bytes, 8192U);
  EXPECT_FALSE(device.idle) << "its processes could not be seen";
  EXPECT_EQ(facts.counters.size(), 1U);
  EXPECT_EQ(facts.counters[0].sent, 64U + 1024 + 4096 + 8192);
  EXPECT_TRUE(facts.ring.empty());
  EXPECT_EQ(facts.asked.at(0).status, AskedStatus::kOk);
}

TEST(ReadData, NoMessageIsLongerThanTheDeviceTakes) {
  Case one({DataAnswers{.max_message_bytes = 1500, .reads = false, .writes = false}});
  const DataDevice device = device_of(one.facts(), 0);
  EXPECT_EQ(kinds(device), (std::vector<std::string>{"send", "send", "send", "send", "control"}));
  EXPECT_EQ(device.transfers[3].bytes, 1500U);
}

TEST(ReadData, TheFirstThatDoesNotArriveIsTheLast) {
  struct Row {
    const char* what;
    DataAnswers answers;
    std::optional<int> vendor_error;
    std::optional<bool> received;
    std::optional<bool> equal;
  };
  const Row rows[] = {
      {"an error", {.self_status = 15}, 15, std::nullopt, std::nullopt},
      {"silence", {.silent = true}, std::nullopt, std::nullopt, std::nullopt},
      {"other bytes", {.corrupts = true}, 0, true, false},
      {"nothing received", {.loses = true}, 0, false, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Case one({row.answers});
    const DataFacts facts = one.facts();
    const DataDevice device = device_of(facts, 0);
    ASSERT_EQ(device.transfers.size(), 1U);
    EXPECT_EQ(device.transfers[0].vendor_error, row.vendor_error);
    EXPECT_EQ(device.transfers[0].received, row.received);
    EXPECT_EQ(device.transfers[0].equal, row.equal);
    EXPECT_TRUE(facts.counters.empty());
    EXPECT_EQ(facts.asked.at(0).status, AskedStatus::kOk);
  }
}

TEST(ReadData, ACallThatFailsIsTheLast) {
  for (const auto& [step, call] : Words<DataStep>::kTable) {
    SCOPED_TRACE(call);
    Case one({DataAnswers{.fails = {{step, ENOMEM}}}});
    const DataDevice device = device_of(one.facts(), 0);
    ASSERT_TRUE(device.failed);
    EXPECT_EQ(device.failed->what, call);
    EXPECT_EQ(device.failed_step, step);
    EXPECT_EQ(device.failed->os_error, ENOMEM);
    EXPECT_TRUE(device.transfers.empty());
  }
  Case posts({DataAnswers{.refuses_read = true}});
  const DataDevice device = device_of(posts.facts(), 0);
  EXPECT_EQ(device.failed->what, "ibv_wr_rdma_read");
  EXPECT_FALSE(device.failed_step);
}

TEST(ReadData, AControlThatSucceedsIsToldAndEndsTheTest) {
  Case one({DataAnswers{.control_status = 0}});
  const DataFacts facts = one.facts();
  EXPECT_EQ(device_of(facts, 0).transfers.back().status, 0);
  EXPECT_TRUE(facts.counters.empty());
}

TEST(ReadData, DevicesSendToEachOtherInARing) {
  Case three({DataAnswers{}, DataAnswers{}, DataAnswers{}});
  const DataFacts facts = three.facts();
  ASSERT_EQ(facts.ring.size(), 3U);
  for (const DataEdge& edge : facts.ring) {
    EXPECT_NE(edge.from, edge.to);
    EXPECT_EQ(edge.transfer.status, 0);
    EXPECT_EQ(edge.transfer.received, true);
    EXPECT_EQ(edge.transfer.equal, true);
  }
  for (const DataCounters& counters : facts.counters) {
    EXPECT_EQ(counters.received, counters.sent);
  }
}

TEST(ReadData, AnEdgeOfTheRingThatFailsIsToldByItsSender) {
  Case three({DataAnswers{}, DataAnswers{.peer_status = 13}, DataAnswers{}});
  const DataFacts facts = three.facts();
  ASSERT_EQ(facts.ring.size(), 3U);
  for (const DataEdge& edge : facts.ring) {
    EXPECT_EQ(edge.transfer.vendor_error == 13, edge.from.to_text() == kAddresses[1]);
  }
}

TEST(ReadData, OneThatIsOutCostsOnlyItsOwnEdges) {
  Case three({DataAnswers{}, DataAnswers{.self_status = 2}, DataAnswers{}});
  const DataFacts facts = three.facts();
  ASSERT_EQ(facts.ring.size(), 1U);
  EXPECT_EQ(facts.ring[0].from.to_text(), kAddresses[2]);
  EXPECT_EQ(facts.ring[0].transfer.equal, true);
  EXPECT_EQ(facts.devices.size(), 3U);
}

TEST(ReadData, TwoTestsOfADeviceNeverMeet) {
  char name[] = "/tmp/efa-doctor-data-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name);
  Case one({DataAnswers{}});
  one.options["lock-directory"] = directory;
  EXPECT_EQ(device_of(one.facts(), 0).locked, true);
  {
    const auto held = FileLock::try_for(directory / "data-0000:10:1b.0.lock");
    ASSERT_TRUE(held.ok());
    const DataDevice device = device_of(one.facts(), 0);
    EXPECT_TRUE(device.other_test);
    EXPECT_TRUE(device.transfers.empty());
  }
  one.options["lock-directory"] = directory / "is-not-there";
  const DataDevice without = device_of(one.facts(), 0);
  EXPECT_EQ(without.locked, false);
  EXPECT_FALSE(without.transfers.empty());
  std::filesystem::remove_all(directory);
}

TEST(ReadData, WhoHoldsADeviceIsLookedAtAgainWhetherItStillIs) {
  char name[] = "/tmp/efa-doctor-data-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name);
  const Tree tree(directory);
  tree.link("/sys/class/infiniband/rdmap16s27/device", "/sys/devices/0000:10:1b.0");
  tree.link("/sys/class/infiniband_verbs/uverbs0/device", "/sys/devices/0000:10:1b.0");
  tree.file("/sys/bus/pci/devices/0000:10:1b.0/vendor", "0x1d0f");
  tree.file("/sys/bus/pci/devices/0000:10:1b.0/device", "0xefa1");
  tree.directory("/proc/77/fd");
  const auto facts_within = [&](std::chrono::seconds limit) {
    const Result<Sysroot> root = Sysroot::open(directory);
    Case one({DataAnswers{}});
    Said said;
    said.read(
        *root, [&](const Look& look) { read_data(look, one.library); }, {}, limit);
    return *from_value<DataFacts>(said.facts(), "facts");
  };
  ASSERT_EQ(symlink("/dev/infiniband/uverbs0", tree.at("/proc/77/fd/5").c_str()), 0);
  const auto device = [&] { return device_of(facts_within(std::chrono::seconds(60)), 0); };
  EXPECT_TRUE(device().holders.empty()) << "it has no executable any more: it has ended";
  EXPECT_TRUE(device().idle);
  ASSERT_EQ(symlink("/opt/job", tree.at("/proc/77/exe").c_str()), 0);
  EXPECT_EQ(device().holders, std::vector<int>{77});
  EXPECT_FALSE(*device().idle);
  const DataFacts late = facts_within(std::chrono::seconds(0));
  EXPECT_TRUE(late.not_tested);
  EXPECT_TRUE(late.devices.empty()) << "whom nobody is known to use may be used";
  EXPECT_TRUE(late.asked.empty());
  tree.remove("/proc/77/exe");
  ASSERT_EQ(symlink("/usr/bin/efa-doctor", tree.at("/proc/77/exe").c_str()), 0);
  EXPECT_TRUE(device().holders.empty()) << "it is one of ours";
  std::filesystem::remove_all(directory);
}

TEST(ReadData, AListThatFailsIsToldAndNothingIsSent) {
  Case one({DataAnswers{}});
  one.library.list_fails = system_error(ENOSYS, "ibv_get_device_list");
  const DataFacts facts = one.facts();
  EXPECT_EQ(facts.list_failed->os_error, ENOSYS);
  EXPECT_TRUE(facts.asked.empty());
}

}  // namespace
}  // namespace efa
