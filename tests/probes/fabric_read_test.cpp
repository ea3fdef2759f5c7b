// What probe-fabric says of what libfabric answers.

#include "probes/fabric/read.h"

#include <gtest/gtest.h>

#include "probes/fabric/facts.h"
#include "probes/fabric/parse.h"
#include "tests/support/replayed_libraries.h"
#include "tests/support/said.h"

namespace efa {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(ReplayedFabric& library) {
  Said said;
  said.read("", [&](const Look& look) { read_fabric(look, library); });
  return said.lines();
}

FabricFacts facts_of(ReplayedFabric& library) {
  Said said;
  said.read("", [&](const Look& look) { read_fabric(look, library); });
  return *from_value<FabricFacts>(said.facts(), "facts");
}

FabricEntry entry(const char* domain, const char* fabric) {
  return {domain, fabric, "201.0"};
}

// libfabric 2.1 offers each device twice.
TEST(ReadFabric, TellsDomainsAndEachDeviceOnce) {
  ReplayedFabric library;
  library.answer.entries = {entry("rdmap32s27-rdm", "efa-direct"), entry("rdmap32s27-rdm", "efa"),
                            entry("rdmap16s27-rdm", "efa")};
  const auto domain = [](const std::string& device, const std::string& fabric) {
    return R"({"add":"domains","value":{"device":")" + device + R"(","domain":")" + device +
           R"(-rdm","fabric":")" + fabric + R"(","endpoint":"rdm"}})";
  };
  EXPECT_EQ(
      lines_of(library),
      (Lines{R"({"set":"library","value":"/opt/amazon/efa/lib64/libfabric.so.1"})",
             R"({"set":"version","value":"2.1"})", R"({"doing":"fi_getinfo FI_EP_RDM"})",
             R"({"set":"getinfo_status","value":0})",
             R"({"set":"provider_version","value":"201.0"})", domain("rdmap32s27", "efa-direct"),
             domain("rdmap32s27", "efa"), domain("rdmap16s27", "efa"),
             R"({"set":"devices","value":["rdmap16s27","rdmap32s27"]})"}));
}

// It opens all devices and can crash: what is known is out before, and it is not asked twice.
TEST(ReadFabric, AsksOnceAndAnnouncesIt) {
  ReplayedFabric library;
  Said said;
  std::vector<Lines> before;
  library.at_call = [&](const std::string&) { before.push_back(said.lines()); };
  said.read("", [&](const Look& look) { read_fabric(look, library); });
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0],
            (Lines{R"({"set":"library","value":"/opt/amazon/efa/lib64/libfabric.so.1"})",
                   R"({"set":"version","value":"2.1"})", R"({"doing":"fi_getinfo FI_EP_RDM"})"}));
}

TEST(ReadFabric, AnErrorIsToldInTheLibrarysWords) {
  ReplayedFabric library;
  library.answer = {-61, "No data available", {}};
  const FabricFacts facts = facts_of(library);
  EXPECT_EQ(facts.getinfo_status, -61);
  EXPECT_EQ(facts.getinfo_error, "No data available");
  EXPECT_EQ(facts.has_provider, true);
  EXPECT_FALSE(facts.provider_version);
  EXPECT_TRUE(facts.devices.empty());
}

TEST(ReadFabric, OfACopyThatOffersNothingItIsAskedWhetherItHasTheProvider) {
  for (const std::optional<bool> has : {std::optional<bool>(), std::optional(false)}) {
    ReplayedFabric library;
    library.answer = {-61, "No data available", {}};
    library.provider = has;
    EXPECT_EQ(facts_of(library).has_provider, has);
  }
  ReplayedFabric library;
  library.answer.entries = {entry("rdmap16s27-rdm", "efa")};
  EXPECT_FALSE(facts_of(library).has_provider) << "it shows by itself";
}

TEST(ReadFabric, AnEmptyAnswerIsAnAnswer) {
  ReplayedFabric library;
  library.path.reset();
  EXPECT_EQ(lines_of(library),
            (Lines{R"({"set":"version","value":"2.1"})", R"({"doing":"fi_getinfo FI_EP_RDM"})",
                   R"({"set":"getinfo_status","value":0})", R"({"set":"devices","value":[]})"}));
}

TEST(ReadFabric, AnEntryWithoutNamesIsNoDomain) {
  ReplayedFabric library;
  library.answer.entries = {{std::nullopt, "efa", std::nullopt},
                            {"rdmap16s27-rdm", std::nullopt, std::nullopt},
                            {"rdmap32s27-rdm", "efa", "201.0"}};
  const FabricFacts facts = facts_of(library);
  EXPECT_EQ(facts.devices, std::vector<std::string>{"rdmap32s27"});
  EXPECT_EQ(facts.domains.size(), 1U);
  EXPECT_FALSE(facts.provider_version) << "the first entry names none";
}

TEST(ParseFabric, TakesTheDeviceOutOfADomain) {
  const std::pair<const char*, const char*> rows[] = {
      {"rdmap79s0-rdm", "rdmap79s0"},
      {"my-efa-rdm", "my-efa"},
      {"efa_0", "efa_0"},
      {"-rdm", ""},
      {"rdmap79s0-", "rdmap79s0"},
      {"", ""},
  };
  for (const auto& [domain, device] : rows) EXPECT_EQ(device_of_domain(domain), device) << domain;
}

}  // namespace
}  // namespace efa
