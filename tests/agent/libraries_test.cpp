// What the dynamic loader says that a program would load.

#include "agent/run/libraries.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

using Paths = std::vector<std::string>;

TEST(Libraries, AreThePathsOfTheLoadersWords) {
  EXPECT_EQ(parse_traced("\tlinux-vdso.so.1 (0x00007ffd3b5f2000)\n"
                         "\tlibfabric.so.1 => /opt/amazon/efa/lib/libfabric.so.1 (0x00007f0)\n"
                         "\tlibefa.so.1 => not found\n"
                         "\t/lib64/ld-linux-x86-64.so.2 (0x00007f1)\n"),
            (Paths{"/opt/amazon/efa/lib/libfabric.so.1", "/lib64/ld-linux-x86-64.so.2"}));
}

TEST(Libraries, OfNoWordsAreNone) {
  for (const char* text : {"", "\n", "=>", "\t=> /x", "statically linked", "a => b", "\0"}) {
    EXPECT_EQ(parse_traced(text), Paths{}) << text;
  }
}

}  // namespace
}  // namespace efa
