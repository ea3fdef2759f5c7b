// Processes by their name, on a machine that a recording shows.

#include "probes/protocol/named_processes.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/said.h"

namespace efa {
namespace {

std::string process(const char* pid, const char* name) {
  return seen("lines", std::string("/proc/") + pid + "/comm", Array{Value(name)});
}

// Process 1, two of that name, one of another, and what else lies in /proc.
std::string machine() {
  return seen("list", "/proc",
              Array{Value("1"), Value("12"), Value("7"), Value("8"), Value("self")}) +
         process("1", "systemd") + process("12", "slurmd") + process("7", "slurmd") +
         process("8", "bash") + process("self", "slurmd");
}

NamedProcesses slurmds(const std::string& looks, size_t most = SIZE_MAX,
                       std::chrono::seconds limit = std::chrono::seconds(60)) {
  const Result<Sysroot> root = Sysroot::replay(looks);
  EXPECT_TRUE(root.ok());
  NamedProcesses named;
  Said said;
  said.read(
      *root,
      [&](const Look& look) {
        const auto is_wanted = [](int /*pid*/, const std::string& name) {
          return name == "slurmd";
        };
        named = named_processes(look, is_wanted, most);
      },
      {}, limit);
  return named;
}

TEST(NamedProcesses, ThoseThatAreWantedAreFound) {
  const NamedProcesses named = slurmds(machine());
  ASSERT_EQ(named.found.size(), 2U);
  EXPECT_EQ(named.found[0].pid, 12);
  EXPECT_EQ(named.found[1].pid, 7);
  EXPECT_EQ(named.found[1].name, "slurmd");
  EXPECT_TRUE(named.shows_first);
  EXPECT_FALSE(named.unseen);
  EXPECT_EQ(slurmds(machine(), 1).found.size(), 1U);
}

TEST(NamedProcesses, WhereTheyDoNotShowThatIsTold) {
  const NamedProcesses denied = slurmds(unseen("list", "/proc", EACCES));
  ASSERT_TRUE(denied.unseen);
  EXPECT_EQ(denied.unseen->os_error, EACCES);
  const NamedProcesses hidden = slurmds(seen("list", "/proc", Array{Value("12")}));
  EXPECT_FALSE(hidden.unseen);
  EXPECT_FALSE(hidden.shows_first);
}

TEST(NamedProcesses, TheyAreLookedAtForHalfOfTheTimeThatIsLeft) {
  const NamedProcesses late = slurmds(machine(), SIZE_MAX, std::chrono::seconds(0));
  EXPECT_TRUE(late.found.empty());
  ASSERT_TRUE(late.unseen);
  EXPECT_EQ(late.unseen->what, "/proc");
  EXPECT_EQ(late.unseen->reason, "there was no time for all processes");
}

}  // namespace
}  // namespace efa
