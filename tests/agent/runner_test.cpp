// A probe that is forked from the agent ends like an executable: whatever it does, it alone.

#include "agent/run/runner.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "agent/run/pass.h"
#include "probes/base/fd.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kTibInMib = uint64_t{1024} * 1024;
constexpr size_t kTib = size_t{1} << 40U;

void says_where_it_is(const Look& look) {
  look.out.set("pid", static_cast<int64_t>(getpid()));
  look.out.doing("read it", "0000:00:06.0");
}

void crashes(const Look& look) {
  says_where_it_is(look);
  // no core of it, and no words of a sanitizer
  signal(SIGSEGV, SIG_DFL);
  (void)raise(SIGSEGV);
}

void throws(const Look& look) {
  says_where_it_is(look);
  throw std::runtime_error("nobody catches this");
}

void leaves(const Look& look) {
  says_where_it_is(look);
  _exit(3);
}

void hangs(const Look& look) {
  says_where_it_is(look);
  while (true) pause();
}

void floods(const Look& look) {
  says_where_it_is(look);
  while (true) look.out.add("lines", std::string(1000, 'x'));
}

// Addresses count, used or not: so that it also ends beside those of a sanitizer.
void eats_memory(const Look& look) {
  says_where_it_is(look);
  for (int i = 0; i < 64; ++i) {
    if (mmap(nullptr, kTib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
             0) == MAP_FAILED) {
      look.out.set("ate_tib", int64_t{i});
      throw std::bad_alloc();
    }
  }
}

void says_what_it_has(const Look& look) {
  const char* secret = std::getenv("RUNNER_TEST_SECRET");
  look.out.set("secret", std::string(secret == nullptr ? "" : secret));
  look.out.set("path", std::string(std::getenv("PATH")));
  char name[16] = {};
  prctl(PR_GET_NAME, name);
  look.out.set("name", std::string(name));
  int64_t descriptors = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++descriptors;
  closedir(directory);
  look.out.set("descriptors", descriptors - 4);  // ".", "..", its own and the root
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  look.out.set("files", static_cast<int64_t>(files.rlim_max));
  look.out.set("session", getsid(0) == getpid());
}

void floods_stderr(const Look& look) {
  says_where_it_is(look);
  for (int i = 0; i < 10'000; ++i) dprintf(STDERR_FILENO, "warning %d of a library\n", i);
  dprintf(STDERR_FILENO, "its last words\n");
}

// "CapEff:\t0000000000000004" of this process.
std::string of_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

std::string limit_of(__rlimit_resource resource) {
  rlimit limit{};
  getrlimit(resource, &limit);
  return std::to_string(limit.rlim_cur) + " " + std::to_string(limit.rlim_max);
}

void says_its_walls(const Look& look) {
  for (const char* name : {"CapPrm", "CapEff", "CapInh", "NoNewPrivs"}) {
    look.out.set(name, of_status(name));
  }
  look.out.set("core", limit_of(RLIMIT_CORE));
  look.out.set("file_size", limit_of(RLIMIT_FSIZE));
}

Launch launch(const char* name, void (*read)(const Look&)) {
  Launch launch;
  launch.name = name;
  launch.read = read;
  launch.environment = {"PATH=/usr/bin"};
  return launch;
}

ProbeRun run_beside_another(const Launch& one, milliseconds deadline) {
  std::vector<ProbeRun> runs =
      run_probes({one, launch("well", says_where_it_is)}, deadline, Progress());
  EXPECT_EQ(runs[1].outcome.status, ProbeStatus::kOk) << runs[1].outcome.detail;
  const Value* pid = runs[0].transcript.facts().find("pid");
  EXPECT_NE(pid, nullptr) << "what it said is kept";
  if (pid != nullptr && runs[0].outcome.status != ProbeStatus::kStillHanging) {
    EXPECT_NE(kill(static_cast<pid_t>(*pid->as<int64_t>()), 0), 0) << "it has ended";
  }
  return std::move(runs[0]);
}

constexpr milliseconds kEnough{60'000};  // nothing waits for it

TEST(ForkedProbe, OneThatCrashesEndsAlone) {
  const ProbeRun run = run_beside_another(launch("log", crashes), kEnough);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kCrashed);
  EXPECT_NE(run.outcome.detail.find("signal 11"), std::string::npos) << run.outcome.detail;
  EXPECT_EQ(run.outcome.subject, "0000:00:06.0");
}

TEST(ForkedProbe, AnExceptionReachesNothingOfTheAgent) {
  const pid_t agent = getpid();
  const ProbeRun run = run_beside_another(launch("log", throws), kEnough);
  ASSERT_EQ(getpid(), agent);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kCrashed);
  EXPECT_NE(run.outcome.stderr_tail.find("nobody catches this"), std::string::npos);
}

TEST(ForkedProbe, OneThatLeavesEarlyHasFailed) {
  const ProbeRun run = run_beside_another(launch("log", leaves), kEnough);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kFailed);
  EXPECT_NE(run.outcome.detail.find("exit code 3"), std::string::npos) << run.outcome.detail;
}

TEST(ForkedProbe, OneThatHangsIsKilledAtTheDeadline) {
  const ProbeRun run = run_beside_another(launch("log", hangs), milliseconds(3'000));
  EXPECT_EQ(run.outcome.status, ProbeStatus::kTimedOut);
  EXPECT_EQ(run.outcome.step, "read it");
  EXPECT_EQ(run.outcome.subject, "0000:00:06.0");
}

TEST(ForkedProbe, AFloodIsCutOffBeforeTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const ProbeRun run = run_beside_another(launch("log", floods), kEnough);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kFailed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kEnough / 2);
}

TEST(ForkedProbe, OfAFloodOfWarningsTheEndIsKept) {
  const ProbeRun run = run_beside_another(launch("log", floods_stderr), kEnough);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kOk) << run.outcome.detail;
  EXPECT_LE(run.outcome.stderr_tail.size(), kMaxStderr);
  EXPECT_NE(run.outcome.stderr_tail.find("its last words"), std::string::npos);
}

TEST(ForkedProbe, HasOnlyTheCapabilitiesThatItsLaunchNames) {
  const uint64_t own = parse_number<uint64_t>(of_status("CapPrm"), 16).value_or(0);
  for (const uint64_t wanted :
       {uint64_t{0}, uint64_t{1} << CAP_SYS_PTRACE, uint64_t{1} << CAP_DAC_READ_SEARCH}) {
    Launch one = launch("log", says_its_walls);
    one.capabilities = wanted;
    const std::vector<ProbeRun> runs = run_probes({one}, kEnough, Progress());
    const std::string held = fmt::format("{:016x}", own & wanted);
    for (const char* name : {"CapPrm", "CapEff", "CapInh"}) {
      EXPECT_EQ(runs[0].transcript.facts().text(name), held) << name;
    }
    EXPECT_EQ(runs[0].transcript.facts().text("NoNewPrivs"), "1");
  }
}

TEST(ForkedProbe, LeavesNoCoreAndNoLargeFile) {
  const std::vector<ProbeRun> runs =
      run_probes({launch("log", says_its_walls)}, kEnough, Progress());
  EXPECT_EQ(runs[0].transcript.facts().text("core"), "0 0");
  EXPECT_EQ(runs[0].transcript.facts().text("file_size"), "16777216 16777216");
}

TEST(ForkedProbe, OfThoseOfAPassNoneHasMoreThan128MiBOfMemory) {
  size_t forked = 0;
  for (const ProbeRow& row : probe_table()) {
    if (row.read == nullptr) continue;
    ++forked;
    EXPECT_EQ(memory_of(row, /*live=*/true), 128U) << row.name;
    EXPECT_EQ(memory_of(row, /*live=*/false), 128U) << row.name;
  }
  EXPECT_GT(forked, 0U);
}

TEST(ForkedProbe, OneThatEatsMemoryEndsAlone) {
  Launch eater = launch("log", eats_memory);
  eater.memory_mib = 32 * kTibInMib;
  const ProbeRun run = run_beside_another(eater, kEnough);
  EXPECT_EQ(run.outcome.status, ProbeStatus::kCrashed);
  const Value* ate = run.transcript.facts().find("ate_tib");
  ASSERT_NE(ate, nullptr) << "the limit was met";
  EXPECT_LE(*ate->as<int64_t>(), 32);
}

TEST(ForkedProbe, WhatIsStartedLaterRunsWithTheOthers) {
  bool asked = false;
  const std::vector<ProbeRun> runs =
      run_probes({launch("log", says_where_it_is)}, kEnough, Progress(), [&] {
        asked = true;
        return std::vector<Launch>{launch("pci", crashes), launch("well", says_where_it_is)};
      });
  EXPECT_TRUE(asked);
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].outcome.status, ProbeStatus::kOk) << runs[0].outcome.detail;
  EXPECT_EQ(runs[1].outcome.status, ProbeStatus::kCrashed);
  EXPECT_EQ(runs[2].outcome.status, ProbeStatus::kOk) << runs[2].outcome.detail;
}

TEST(ForkedProbe, HasNothingOfTheAgentsButItsCode) {
  setenv("RUNNER_TEST_SECRET", "hunter2", 1);
  const Fd open(::open("/dev/null", O_RDONLY));  // which a program executed anew would have
  const std::vector<ProbeRun> runs =
      run_probes({launch("log", says_what_it_has)}, kEnough, Progress());
  unsetenv("RUNNER_TEST_SECRET");
  EXPECT_EQ(render_json(runs[0].transcript.facts()),
            R"({"secret":"","path":"/usr/bin","name":"probe-log","descriptors":3,)"
            R"("files":4096,"session":true})");
}

}  // namespace
}  // namespace efa
