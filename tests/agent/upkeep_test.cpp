// When the daemon has grown so much that it starts afresh.

#include "agent/watch/upkeep.h"

#include <gtest/gtest.h>

#include <string>

#include "probes/base/files.h"

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

int64_t file_pages_kib() {
  const std::string status = read_file("/proc/self/status", 65536).value_or("");
  return std::stoll(status.substr(status.find("RssFile:") + 8));
}

TEST(Upkeep, PagesOfProgramsAndLibrariesAreGivenBackAndComeAgain) {
  const int64_t before = file_pages_kib();
  give_back_memory();
  EXPECT_LT(file_pages_kib(), before / 4 * 3);
}

}  // namespace
}  // namespace efa
