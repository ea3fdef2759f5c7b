// Texts about processes, their limits and the libraries that they load.

#include <gtest/gtest.h>

#include <cstring>

#include "probes/base/process.h"
#include "probes/jobs/parse.h"
#include "probes/limits/memlock.h"
#include "probes/limits/parse.h"
#include "probes/protocol/open_files.h"
#include "probes/software/parse.h"
#include "tests/support/row.h"

namespace efa {
namespace {

TEST(ParseJobs, KnowsWhoMayLockAnyMemory) {
  const Row<std::optional<bool>> rows[] = {
      {"CapEff:\t000001ffffffffff", true},
      {"CapEff:\t0000000000004000", true},
      {"CapEff:\t0000000000003fff", false},
      {"CapEff:\t0", false},
      {"CapEff:", kNone},
      {"CapEff:\tx", kNone},
      {"CapEff:\t11111111111111111", kNone},
      {"CapPrm:\t000001ffffffffff", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(may_lock_any(row.input), row.wanted) << row.input;
}

TEST(ParseJobs, FindsProcessesAmongTheNamesOfProc) {
  EXPECT_EQ(process_ids({"10", "9", "acpi", "self", "", "-3", "0", "7x", "99999999999"}),
            (std::vector<int>{9, 10}));
}

TEST(ParseLimits, ReadsLockedMemory) {
  const auto text_of = [](const std::optional<LockedMemory>& memory) -> std::string {
    if (!memory) return "none";
    return memory->unlimited ? "unlimited" : std::to_string(memory->soft_kib.value_or(0));
  };
  const Row<const char*> rows[] = {
      {"Max locked memory         65536                65536                bytes", "64"},
      {"Limit   Soft   Hard   Units\nMax locked memory   unlimited   unlimited   bytes\n",
       "unlimited"},
      {"Max locked memory         0                    0                    bytes", "0"},
      {"Max locked memory         18446744073709551615 x bytes", "18014398509481983"},
      {"Max locked memory         99999999999999999999 x bytes", "none"},
      {"Max locked memory         -1 -1 bytes", "none"},
      {"Max locked memory", "none"},
      {"Max open files            1024                 4096                 files", "none"},
      {"", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(parse_locked_memory(row.input)), row.wanted);
}

TEST(ParseLimits, CountsCpus) {
  const Row<std::optional<int>> rows[] = {
      {"0-191", 192}, {"0-95,128-223\n", 192}, {"0", 1},        {"0,2,4", 3},
      {"", kNone},    {"-5", kNone},           {"5-1", kNone},  {"x", kNone},
      {"0-", kNone},  {"0-99999999", kNone},   {"1,,2", kNone}, {"99999999999999999999", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_cpu_count(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, ReadsWhatDockerGives) {
  const auto text_of = [](const std::string& json) {
    const auto memory = parse_docker_memlock(json);
    return memory ? words_of(*memory) : std::string("none");
  };
  const auto config = [](const std::string& memlock) {
    return R"({"default-ulimits": {"memlock": )" + memlock + "}}";
  };
  const Row<const char*> rows[] = {
      {config(R"({"Name": "memlock", "Hard": -1, "Soft": -1})"), "unlimited"},
      {config(R"({"Hard": 65536, "Soft": 65536})"), "64 KiB"},
      {config(R"({"Hard": -1, "Soft": 65536})"), "64 KiB (hard limit unlimited)"},
      {config(R"({"Hard": -1})"), "none"},
      {config(R"({"Hard": "x", "Soft": []})"), "none"},
      {config("-1"), "none"},
      {R"({"default-ulimits": [1]})", "none"},
      {R"({"default-ulimits": {}})", "none"},
      {R"({"default-ulimits": {"memlock": {"Hard": -1, "So)", "none"},
      {"", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(row.input), row.wanted) << row.input;
}

TEST(ParseLimits, NamesTheDirectoriesOfDropIns) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(drop_in_names({"slurmd.service"}), (Names{"slurmd.service.d", "service.d"}));
  EXPECT_EQ(
      drop_in_names({"a-b-c.service", "x.service"}),
      (Names{"a-b-c.service.d", "a-b-.service.d", "a-.service.d", "x.service.d", "service.d"}));
  EXPECT_EQ(drop_in_names({"-.service"}), (Names{"-.service.d", "service.d"}));
  EXPECT_EQ(drop_in_names({""}), (Names{".d", "service.d"}));
}

TEST(ParseLimits, ReadsAColumnOfARow) {
  const std::string status = "Name:\tx\nUid:\t1000\t1001\t1002\t1003\n";
  EXPECT_EQ(parse_row(status, "Uid:", 1), 1001U);
  EXPECT_EQ(parse_row(status, "Uid:", 4), kNone);
  EXPECT_EQ(parse_row(status, "Name:", 0), kNone);
  EXPECT_EQ(parse_row("Hugepagesize:    2048 kB", "Hugepagesize:", 0), 2048U);
  EXPECT_EQ(parse_row("", "Uid:", 0), kNone);
}

TEST(ParseSoftware, ReadsTheInstallersList) {
  const InstalledPackages installed = parse_installed_packages(
      "# EFA installer version: 1.43.2\n# Debug packages installed: no\n# Packages installed:\n"
      "efa-config_1.18 efa-profile_1.7 libfabric-aws-bin_2.1.0\n");
  EXPECT_EQ(installed.version, "1.43.2");
  EXPECT_EQ(installed.packages, (std::vector<std::string>{"efa-config_1.18", "efa-profile_1.7",
                                                          "libfabric-aws-bin_2.1.0"}));
  EXPECT_EQ(parse_installed_packages("").version, kNone);
  EXPECT_EQ(parse_installed_packages("# EFA installer version:\n").version, kNone);
  EXPECT_EQ(parse_installed_packages("# EFA installer version: 1.2").version, "1.2");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "p ";
  EXPECT_EQ(parse_installed_packages(many).packages.size(), 256U);
}

// A cache as ldconfig writes it: header, entries, strings.
std::string loader_cache(uint32_t count, uint32_t key, uint32_t value) {
  const std::string strings = std::string("libefa.so.1") + '\0' + "/usr/lib/libefa.so.1" + '\0';
  std::string cache = "glibc-ld.so.cache1.1" + std::string(48 - 20 + 24, '\0') + strings;
  std::memcpy(cache.data() + 20, &count, sizeof count);
  std::memcpy(cache.data() + 48 + 4, &key, sizeof key);
  std::memcpy(cache.data() + 48 + 8, &value, sizeof value);
  return cache;
}

TEST(ParseSoftware, FindsALibraryInTheLoadersCache) {
  const std::string cache = loader_cache(1, 72, 84);
  EXPECT_EQ(parse_loader_cache(cache, "libefa.so.1"), "/usr/lib/libefa.so.1");
  EXPECT_EQ(parse_loader_cache("ld.so-1.7.0" + cache, "libefa.so.1"), "/usr/lib/libefa.so.1");
  EXPECT_EQ(parse_loader_cache(cache, "libfabric.so.1"), kNone);
  EXPECT_TRUE(is_loader_cache(cache));
  EXPECT_FALSE(is_loader_cache("ld.so-1.7.0"));
}

TEST(ParseSoftware, RefusesADamagedCache) {
  const std::string cache = loader_cache(1, 72, 84);
  for (size_t length = 0; length < 84; ++length) {
    EXPECT_EQ(parse_loader_cache(cache.substr(0, length), "libefa.so.1").value_or(""), "")
        << length;
  }
  EXPECT_EQ(parse_loader_cache(loader_cache(~0U, 73, 84), "libefa.so.1"), kNone);
  EXPECT_EQ(parse_loader_cache(loader_cache(1, ~0U, ~0U), "libefa.so.1"), kNone);
}

TEST(ParseProcess, FindsStateCpuTimeAndStartTime) {
  const std::string rest = " D 1 7 7 0 -1 0 0 0 0 0 12 30 0 0 20 0 1 0 4711 0 0";
  for (const char* command : {"7 (x)", "7 (a b) c) ()", "7 ()", "7 (x) R 1 (y)"}) {
    const auto sight = parse_stat(command + rest);
    ASSERT_TRUE(sight) << command;
    EXPECT_EQ(sight->state, 'D');
    EXPECT_EQ(sight->cpu_ms, 420);
    EXPECT_EQ(sight->start_time, 4711U);
    EXPECT_FALSE(sight->queued_ms) << "this file does not tell";
  }
  const std::string refused[] = {
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 -4",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 -1 0 0 0 20 0 1 0 4711",
      "7 (x) S 1 7 7 0 -1 0 0 0 0 0 99999999999 0 0 0 20 0 1 0 4711",
      "7 (x) sleeping 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711",
      "7 x" + rest,
      ")",
      "",
  };
  for (const std::string& text : refused) EXPECT_FALSE(parse_stat(text)) << text;
}

TEST(ParseProcess, FindsHowLongItWasInLine) {
  Sight sight;
  EXPECT_TRUE(parse_schedstat("1834027 52933041 41\n", sight));
  EXPECT_EQ(sight.queued_ms, 52);
  EXPECT_EQ(sight.turns, 41U);
  // the second is what a kernel says that does not count
  for (const char* text :
       {"", "0 0 0\n", "1 2", "1 2 3 4", "1 -2 3", "1 x 3", "1 2 99999999999999999999"}) {
    Sight none;
    EXPECT_FALSE(parse_schedstat(text, none)) << text;
    EXPECT_FALSE(none.queued_ms) << text;
  }
}

TEST(ParseProcess, FindsThePressureOnTheCpu) {
  const Row<std::optional<int>> rows[] = {
      {"some avg10=93.21 avg60=80.00 avg300=1.00 total=2\nfull avg10=0.00 avg60=0.00\n", 93},
      {"some avg10=100.00 avg60=0.00 avg300=0.00 total=2\n", 100},
      {"some avg10=0.00", 0},
      {"some avg10=101.00", kNone},
      {"some avg10=-1.00", kNone},
      {"some avg10=.5", kNone},
      {"some avg10=7", kNone},
      {"full avg10=7.00", kNone},
      {"", kNone},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_pressure(row.input), row.wanted) << row.input;
}

}  // namespace
}  // namespace efa
