// A recording: packed, unpacked, refused.

#include "agent/pass/recording.h"

#include <gtest/gtest.h>

#include "tests/support/recorded.h"

namespace efa {
namespace {

TEST(Recording, ComesBackAsItWasPacked) {
  Recording recording = recording_of("{\"done\":true}\n", "{\"look\":{}}\n");
  recording.expect = "4";
  recording.started_at_ms = 1'795'471'200'000;
  recording.before.devices = {{0, 6, 0, 0}};
  recording.checks = {{"pci.narrow-link", "off"}, {"site.gpu-count", "info"}};
  recording.set_aside = {"0000:10:1b.0"};
  const Result<std::string> packed = pack(recording);
  ASSERT_TRUE(packed.ok());
  EXPECT_EQ(*packed, *pack(recording));
  const Result<Recording> again = unpack(*packed, "test");
  ASSERT_TRUE(again.ok()) << message_of(again.error());
  EXPECT_EQ(render_json(to_value(*again)), render_json(to_value(recording)));
  EXPECT_EQ(again->probes[0].said, recording.probes[0].said);
  EXPECT_EQ(again->probes[0].looks, recording.probes[0].looks);
}

TEST(Recording, DamagedOnesAreRefused) {
  const std::string packed = *pack(recording_of(std::string(10'000, 'x'), ""));
  for (const std::string& damaged :
       {std::string(), std::string("rubbish"), packed.substr(0, packed.size() / 2),
        std::string(packed).replace(packed.size() / 2, 4, "\xff\xff\xff\xff")}) {
    EXPECT_FALSE(unpack(damaged, "test").ok()) << damaged.size();
  }
  Recording newer = recording_of("", "");
  newer.version = 2;
  EXPECT_FALSE(unpack(*pack(newer), "test").ok());
}

TEST(Recording, WhatNoConfigurationCanHoldIsRefused) {
  Recording recording = recording_of("", "");
  recording.checks = {{"pci.no-such-check", "off"}};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
  recording.checks = {{"pci.narrow-link", "loud"}};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
  recording.checks.clear();
  EXPECT_TRUE(unpack(*pack(recording), "test").ok());
  recording.set_aside = {"rdmap16s27"};
  EXPECT_FALSE(unpack(*pack(recording), "test").ok());
}

TEST(Recording, TimesThatNoClockShowsAreRefused) {
  for (int64_t Recording::*field :
       {&Recording::started_at_ms, &Recording::valid_for_ms, &Recording::duration_ms}) {
    for (const int64_t time : {int64_t{-1}, INT64_MAX}) {
      Recording recording = recording_of("", "");
      recording.*field = time;
      EXPECT_FALSE(unpack(*pack(recording), "test").ok()) << time;
    }
  }
}

}  // namespace
}  // namespace efa
