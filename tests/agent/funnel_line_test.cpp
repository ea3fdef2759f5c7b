// The funnel fits into one line of 80 columns, whatever was lost on it.

#include "agent/report/funnel_line.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

constexpr Rung kRungs[] = {Rung::kExpected, Rung::kAttached, Rung::kPci,
                           Rung::kDriver,   Rung::kRdma,     Rung::kNode,
                           Rung::kVerbs,    Rung::kFabric,   Rung::kData};

std::vector<FunnelStage> funnel_of(const std::vector<std::optional<int>>& counts) {
  std::vector<FunnelStage> funnel;
  for (size_t i = 0; i < std::size(kRungs); ++i) {
    funnel.push_back({kRungs[i], counts[i], kRungs[i] == Rung::kAttached, {}});
  }
  return funnel;
}

TEST(FunnelLine, NeighboursOfOneCountStandTogether) {
  const std::optional<int> no;
  struct Row {
    std::vector<std::optional<int>> counts;
    const char* line;
  };
  const Row rows[] = {
      {{32, 32, 32, 32, 32, 32, 32, 32, no},
       "32 expected > 32+ attached > 32 pci, driver, rdma, node, verbs, fabric"},
      {{32, no, 32, 32, 0, 0, 0, 0, no}, "32 expected > ? attached > 32 pci, driver > 0 rdma"},
      {{32, no, 32, 32, 31, 31, no, no, no},
       "32 expected > ? attached > 32 pci, driver > 31 rdma, node"},
      {{4, 4, 4, 4, 4, 4, 3, 0, no},
       "4 expected > 4+ attached > 4 pci, driver, rdma, node > 3 verbs > 0 fabric"},
  };
  for (const Row& row : rows) EXPECT_EQ(funnel_line(funnel_of(row.counts)), row.line);
}

TEST(FunnelLine, IsNeverWiderThanATerminal) {
  for (int pattern = 0; pattern < 512; ++pattern) {
    for (const int devices : {1, 32, 99}) {
      std::vector<std::optional<int>> counts;
      int count = devices;
      for (int i = 0; i < 9; ++i) {
        if ((pattern >> i & 1) != 0 && count > 0) --count;
        counts.emplace_back(count);
      }
      EXPECT_LE(funnel_line(funnel_of(counts)).size(), kFunnelWidth);
    }
  }
}

}  // namespace
}  // namespace efa
