// Which crashes of processes the kernel's log tells to have been inside libfabric.

#include "probes/log/library_crash.h"

#include <gtest/gtest.h>

#include "probes/log/read.h"
#include "tests/support/said.h"

namespace efa {
namespace {

constexpr const char* kHead = "6,900,77,-;";

TEST(LibraryCrash, IsToldOfX86AndArm) {
  const std::pair<const char*, const char*> rows[] = {
      {"python3[4711]: segfault at 10 ip 00007f1c sp 00007ffd error 4 in "
       "libfabric.so.1.24.0[7f1c8000+a0000] likely on CPU 3 (core 3, socket 0)",
       "libfabric.so.1.24.0"},
      {"python3[4711]: segfault at 10 ip 7f1c sp 7ffd error 4 in libfabric.so.1[1c40,7f1c+a0]",
       "libfabric.so.1"},
      {"traps: a b[7] general protection fault ip:7f1c sp:7ffd error:0 in libefa-fi.so[7f1c+a0]",
       "libefa-fi.so"},
      {"traps: python3[7] trap invalid opcode ip:7f1c sp:7ffd error:0 in libfabric.so.1.29.1[7f+a]",
       "libfabric.so.1.29.1"},
      {"python3[7]: unhandled exception: DABT (lower EL), ESR 0x92000006, level 2 translation "
       "fault "
       "in libfabric-8d0c2fd1.so.1.27.0[ffff8000+a0000]",
       "libfabric.so.1.27.0"},
  };
  for (const auto& [text, library] : rows) {
    const auto crash = parse_library_crash(std::string(kHead) + text);
    ASSERT_TRUE(crash) << text;
    EXPECT_EQ(crash->usec, 77U);
    EXPECT_EQ(crash->library, library);
    const std::string kept = words_of_library_crash(std::string(kHead) + text);
    EXPECT_EQ(kept, std::string(kHead) + "[0]: segfault at 0 in " + library + "[");
    EXPECT_EQ(parse_library_crash(kept)->library, library) << "a recording is read again";
  }
}

TEST(LibraryCrash, OfAnotherLibraryOrOfNoneIsNone) {
  for (const char* text :
       {"python3[4711]: segfault at 10 ip 7f sp 7f error 4 in libc.so.6[7f+a0]",
        "python3[4711]: segfault at 10 ip 7f sp 7f error 4 in libfabric.so.hush[7f+a0]",
        "python3[4711]: segfault at 10 ip 7f sp 7f error 4 in libfabric_hush.so.1[7f+a0]",
        "python3[4711]: segfault at 10 ip 7f sp 7f error 4 in libfabric.so.1",
        "python3[4711]: segfault at 10 ip 7f sp 7f error 4",
        "in libfabric.so[4711]: segfault at 10 ip 7f sp 7f error 4 in libc.so.6[7f+a0]",
        "in libfabric.so[4711]: segfault at 10 ip 7f sp 7f error 4", "in libfabric.so.1[7f", ""}) {
    EXPECT_FALSE(parse_library_crash(std::string(kHead) + text)) << text;
    EXPECT_EQ(words_of_library_crash(std::string(kHead) + text), "");
  }
  EXPECT_FALSE(parse_library_crash("14,900,77,-;x[1]: segfault at 1 in libfabric.so.1[7"))
      << "a process wrote it";
}

TEST(LibraryCrash, IsAFactOfTheLog) {
  Said said;
  said.read(seen("lines", "/dev/kmsg",
                 Array{std::string(kHead) + "[0]: segfault at 0 in libfabric.so.1.24.0[",
                       std::string(kHead) + "Tasks in pod1f_2 are going to be killed due to "
                                            "memory.oom.group set"}),
            read_log);
  const auto facts = from_value<LogFacts>(said.facts(), "facts");
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->total, 0U);
  ASSERT_EQ(facts->crashes.size(), 1U);
  EXPECT_EQ(facts->crashes.front().library, "libfabric.so.1.24.0");
  ASSERT_EQ(facts->kills.size(), 1U);
  EXPECT_TRUE(facts->kills.front().whole);
}

}  // namespace
}  // namespace efa
