// What leaves for a terminal, a log or systemd is one line that steers nothing.

#include "probes/base/printable.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
  for (const char* text :
       {"", "0 of 32 EFA devices work: a 'b' \"c\" $d", "Zürich – 東京 ✓ 🙂"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, TakesTheForceOutOfWhatSteers) {
  const struct {
    std::string_view text;
    const char* wanted;
  } rows[] = {
      {"a\033[2Jb\x7f", "a?[2Jb?"},  // ECMA-48
      {"a\xc2\x9b"
       "2Jb",
       "a?2Jb"},  // the same in one letter, C1
      {"a\x9b"
       "b",
       "a?b"},  // and as a byte
      {"STATUS\nMAINPID=1\r\n<0>x\ty", "STATUS MAINPID=1  <0>x y"},
      {std::string_view("a\0b", 3), "a?b"},
      {"\xe2\x80\xae"
       "gpj.exe",
       "?gpj.exe"},                          // U+202E
      {"\xe2\x81\xa6x\xe2\x81\xa9", "?x?"},  // U+2066, U+2069
      {"a\xe2\x80\xa8"
       "b\xe2\x80\xa9",
       "a?b?"},  // line and paragraph separators
      {"a\xe2\x80\x8b\xef\xbb\xbf"
       "b",
       "a??b"},                                // of width zero
      {"\xf3\xa0\x81\xa1", "?"},               // a tag
      {"\xed\xa0\x80\xc0\x80\xf8", "??????"},  // no UTF-8
  };
  for (const auto& row : rows) EXPECT_EQ(printable(row.text), row.wanted);
}

TEST(Printable, CutsBetweenLettersAndSaysSo) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc...");
  EXPECT_EQ(printable("ab\xf0\x9f\x99\x82zzz", 8), "ab...") << "four bytes of one letter";
  EXPECT_EQ(printable("abc", 2), "..");
  EXPECT_EQ(printable("abc", 0), "");
  for (size_t most = 0; most < 40; ++most) {
    for (const std::string& text :
         {std::string(60, '\x80'), std::string(60, '\xf0'), std::string(60, '\033')}) {
      const std::string line = printable(text, most);
      EXPECT_LE(line.size(), most);
      EXPECT_TRUE(is_utf8(line));
    }
  }
  EXPECT_EQ(printable(std::string(1'000'000, 'x')).size(), kLongestLine);
}

TEST(PlainAscii, LeavesQuotesOutAndTakesAsciisLikeOfTheRest) {
  const struct {
    std::string_view text;
    const char* wanted;
  } rows[] = {
      {"", ""},
      {"31/32 driver.not-bound, pci.x: (a) [b] <c> #d; e&f|g*",
       "31/32 driver.not-bound, pci.x: (a) [b] <c> #d; e&f|g*"},
      {"the node's \"efa\" `ls`", "the nodes efa ls"},
      {"node\u2019s \u201ca\u201d \u2018b\u2019 \u00abc\u00bb 5\u2032 d\u00b4", "nodes a b c 5 d"},
      {"1\u20132 \u2014 \u22123 a\u2010b", "1-2 - -3 a-b"},
      {"wait\u2026", "wait..."},
      {"4\u00a0GB\u202fx\u2009y\nz", "4 GB x y z"},
      {"$(id) a\\b", "?(id) a?b"},
      {"Z\u00fcrich \u6771 \U0001f642", "Z?rich ? ?"},
      {"\033[2J\x7f\xff\xe2\x80", "?[2J????"},
  };
  for (const auto& row : rows) EXPECT_EQ(plain_ascii(row.text), row.wanted);
}

TEST(PlainAscii, IsAsciiOfItsLengthWhateverTheBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& text : {all, std::string(300, '\''), std::string(300, '\xe2')}) {
    const std::string line = plain_ascii(text + "\u2026" + std::string(300, 'x'), 100);
    EXPECT_EQ(line.size(), 100U);
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    EXPECT_EQ(line.find_first_of("\"'`$\\"), std::string::npos);
  }
}

}  // namespace
}  // namespace efa
