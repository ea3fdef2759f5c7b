// When the daemon has grown so much that it starts afresh.

#include "agent/watch/upkeep.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

TEST(Upkeep, WithinTheBoundsThereIsNothingToSay) {
  EXPECT_EQ(outgrown({12, 3000}, {512, 32768}), std::nullopt);
  EXPECT_EQ(outgrown({512, 32768}, {512, 32768}), std::nullopt);
}

TEST(Upkeep, BeyondThemItSaysWhatHasGrown) {
  EXPECT_EQ(outgrown({513, 3000}, {512, 32768}), "513 file descriptors are open, more than 512");
  EXPECT_EQ(outgrown({12, 40000}, {512, 32768}), "40000 KiB of memory are taken, more than 32768");
}

TEST(Upkeep, MemoryIsWhatIsItsOwnAndWhatIsSwappedOut) {
  EXPECT_EQ(parse_own_memory_kib("VmRSS:\t    9999 kB\nRssAnon:\t    1200 kB\nVmSwap:\t   34 kB\n"),
            1234);
  EXPECT_EQ(parse_own_memory_kib(""), 0);
  EXPECT_EQ(parse_own_memory_kib("RssAnon:\nVmSwap: many kB\n"), 0);
}

TEST(Upkeep, TheBoundsLeaveRoomForWhatADaemonUses) {
  EXPECT_GT(usage_of_self().descriptors, 2);
  EXPECT_GT(usage_of_self().memory_kib, 0);
  EXPECT_GT(bounds_of_self().descriptors, 2);
  EXPECT_LE(bounds_of_self().descriptors, 512);
}

}  // namespace
}  // namespace efa
