// The bounds of versions, row by row: what is below, at and above each.

#include "probes/gpu/versions.h"

#include <gtest/gtest.h>

#include "tests/support/row.h"

namespace efa {
namespace {

TEST(GpuVersions, AreReadFromTheStart) {
  struct Row {
    const char* text;
    Bound numbers;
    const char* rest;
  };
  const Row rows[] = {
      {"6.1.177-224.371.amzn2023.x86_64", {6, 1, 177}, "-224.371.amzn2023.x86_64"},
      {"6.12.118+deb13-amd64", {6, 12, 118}, "+deb13-amd64"},
      {"6.1.0-40-cloud-amd64", {6, 1, 0}, "-40-cloud-amd64"},
      {"580.65.06", {580, 65, 6}, ""},
      {"515.76", {515, 76, 0}, ""},
      {"3.1.0g", {3, 1, 0}, "g"},
      {"2.24.7.0", {2, 24, 7}, ".0"},
      {"6.1", {6, 1, 0}, ""},
      {"6.1.", {6, 1, 0}, "."},
      {"6.1.x", {6, 1, 0}, ".x"},
  };
  for (const Row& row : rows) {
    const auto version = parse_version(row.text);
    ASSERT_TRUE(version) << row.text;
    EXPECT_EQ(version->numbers, row.numbers) << row.text;
    EXPECT_EQ(version->rest, row.rest) << row.text;
  }
}

TEST(GpuVersions, RefuseWhatIsNone) {
  for (const char* text : {"", "6", "6.", ".1", "v6.1", "g", " 6.1", "6 .1", "-6.1",
                           "99999999999.1", "6.99999999999"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

using BoundRow = Row<std::optional<bool>>;

TEST(GpuVersions, KernelsThatCutPlainSymbolsOff) {
  const BoundRow rows[] = {
      {"4.14.325-258.amzn2", false},
      {"4.14.326-258.amzn2", true},
      {"5.4.256-1", false},
      {"5.4.257-1", true},
      {"5.10.194-1.amzn2.x86_64", false},
      {"5.10.195-1.amzn2.x86_64", true},
      {"5.15.130", false},
      {"5.15.131", true},
      {"6.1.51", false},
      {"6.1.52-1.amzn2023", true},
      {"6.5.1", false},
      {"6.5.2", true},
      {"6.6.0", true},
      {"6.8.0-1024-aws", true},  // Ubuntu: no kernel of 6.8 is without it
      {"6.12.0-55.el10.x86_64", true},
      {"7.0.1", true},
      {"6.1.0-40-cloud-amd64", kNone},   // Debian counts its own
      {"5.15.0-1057-aws", kNone},        // Ubuntu too
      {"5.14.0-503.el9.x86_64", kNone},  // Red Hat takes fixes over
      {"4.18.0-553.el8.x86_64", kNone},
      {"5.4.17-2136.el8uek.x86_64", kNone},  // Oracle
      {"4.19.300", kNone},                   // no bound of this series is known
      {"6.4.16", kNone},
      {"6.4.0-150600.23-default", kNone},
      {"5.16.20", kNone},
  };
  for (const BoundRow& row : rows) {
    const auto kernel = parse_version(row.input);
    ASSERT_TRUE(kernel) << row.input;
    EXPECT_EQ(cuts_plain_symbols(*kernel), row.wanted) << row.input;
  }
}

TEST(GpuVersions, NvidiaReleasesWhoseCallsAreForGplOnly) {
  const BoundRow rows[] = {
      {"515.43.04", false}, {"525.60.11", false},  {"530.41.03", false}, {"535.129.03", false},
      {"535.146.02", true}, {"535.183.01", true},  {"545.23.06", false}, {"545.29.06", false},
      {"550.40.07", true},  {"580.65.06", true},   {"595.45.04", true},  {"620.10", true},
      {"515.43.03", kNone}, {"470.256.02", kNone}, {"535.130", kNone},   {"540.1", kNone},
      {"550.40.06", kNone},
  };
  for (const BoundRow& row : rows) {
    const auto nvidia = parse_version(row.input);
    ASSERT_TRUE(nvidia) << row.input;
    EXPECT_EQ(exports_for_gpl(*nvidia), row.wanted) << row.input;
  }
}

TEST(GpuVersions, NvidiaReleasesAndTheTopologyOfCoherentGpus) {
  const Row<TopologyRule> rows[] = {
      {"565.57.01", TopologyRule::kNoSuchMapping}, {"570.86.10", TopologyRule::kNoSuchMapping},
      {"570.86.15", TopologyRule::kAnyOverride},   {"575.64.05", TopologyRule::kAnyOverride},
      {"580.65.05", TopologyRule::kAnyOverride},   {"580.65.06", TopologyRule::kOnlyOverride1},
      {"590.48.01", TopologyRule::kOnlyOverride1}, {"595.44.02", TopologyRule::kNoOverride},
      {"595.45.04", TopologyRule::kNoOverride},    {"595.50", TopologyRule::kNotKnown},
      {"595.91.07", TopologyRule::kNotKnown},      {"620.10", TopologyRule::kNotKnown},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(topology_rule(*parse_version(row.input)), row.wanted) << row.input;
  }
}

TEST(GpuVersions, EachBoundIsTheFirstThatHolds) {
  const std::pair<const char*, Bound> rows[] = {
      {"1.16.0", kEfaDmabuf},          {"2.6.0", kEfaProviders},
      {"2.17.3", kEfaPageTable2},      {"580.65.06", kNvidiaPageTable2},
      {"5.12.0", kKernelDmabuf},       {"5.16.0", kKernelOwnEfaDmabuf},
      {"5.15.0", kKernelNeuronDmabuf}, {"580.65.06", kNvidiaTopologyCheck},
  };
  for (const auto& [first, bound] : rows) {
    EXPECT_TRUE(is_at_least(*parse_version(first), bound)) << first;
  }
  EXPECT_FALSE(is_at_least(*parse_version("1.15.9g"), kEfaDmabuf));
  EXPECT_FALSE(is_at_least(*parse_version("2.5.99g"), kEfaProviders));
  EXPECT_FALSE(is_at_least(*parse_version("2.17.2g"), kEfaPageTable2));
  EXPECT_FALSE(is_at_least(*parse_version("575.64.05"), kNvidiaPageTable2));
  EXPECT_FALSE(is_at_least(*parse_version("5.11.22"), kKernelDmabuf));
}

}  // namespace
}  // namespace efa
