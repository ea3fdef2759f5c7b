// Which kernel GRUB's menu starts without anybody at the keyboard.

#include "probes/kernel/boot_menu.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

using Lines = std::vector<std::string>;

TEST(WordOfMenu, IsAllThatIsKeptOfALine) {
  struct Row {
    const char* line;
    const char* wanted;
  };
  const Row rows[] = {
      {"   set default=\"0\"", "set default=0"},
      {"   set default=\"${saved_entry}\"", "set default=saved"},
      {"   set default=\"${next_entry}\"", ""},
      {"set default=\"gnulinux-advanced-1f>gnulinux-6.8.0-1015-aws-advanced-1f\"",
       "set default=6.8.0-1015-aws"},
      {"set default=\"Advanced options for Ubuntu>Ubuntu, with Linux 6.8.0-1015-aws\"",
       "set default=6.8.0-1015-aws"},
      {"set default=\"1>2\"", "set default=other"},
      {"set default=secret", "set default=other"},
      {"set default=", "set default="},
      {"set timeout=5", ""},
      {"menuentry 'Ubuntu' --class ubuntu $menuentry_id_option 'gnulinux-simple-1f' {",
       "menuentry"},
      {"submenu 'Advanced options for Ubuntu' {", "submenu"},
      {"blscfg", "blscfg"},
      {"insmod blscfg", ""},
      {"\tlinux\t/boot/vmlinuz-6.8.0-1040-aws root=PARTUUID=1 ro secret",
       "linux vmlinuz-6.8.0-1040-aws"},
      {"linuxefi ($root)/vmlinuz-6.1.9.x86_64 ro", "linux vmlinuz-6.1.9.x86_64"},
      {"linux16 /boot/memtest86+.bin", "linux other"},
      {"linux", "linux other"},
      {"# set default=\"0\"", ""},
      {"", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(word_of_menu(row.line), row.wanted) << row.line;
    EXPECT_EQ(word_of_menu(row.wanted), row.wanted) << "as a recording has it";
  }
}

const Lines kEntry = {"menuentry 'Ubuntu' {", "linux /boot/vmlinuz-6.8.0-1040-aws ro"};
const Lines kOlder = {"submenu 'Advanced options' {", "menuentry 'Ubuntu, with Linux 5.15' {",
                      "linux /boot/vmlinuz-5.15.0-1095-aws ro"};

Lines operator+(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

TEST(ParseBootMenu, TakesTheFirstEntrysKernel) {
  const std::optional<std::string> newest = "6.8.0-1040-aws";
  EXPECT_EQ(parse_boot_menu(kEntry + kOlder).first, newest);
  EXPECT_EQ(
      parse_boot_menu(kEntry + Lines{"else", "linux /boot/vmlinuz-5.15.0-1095-aws panic=-1"}).first,
      newest);
  for (const Lines& lines :
       {kOlder + kEntry, Lines{"blscfg"} + kEntry, Lines{"menuentry 'Firmware' {"} + kEntry,
        Lines{"menuentry 'x' {", "linux /boot/other"} + kEntry, Lines{"menuentry 'x' {"},
        Lines{}}) {
    EXPECT_FALSE(parse_boot_menu(lines).first) << (lines.empty() ? "" : lines.front());
  }
}

TEST(ParseBootMenu, TakesWhatAloneIsSetAsDefault) {
  const Lines zero = {"set default=\"${next_entry}\"", "set default=\"0\""};
  EXPECT_EQ(parse_boot_menu(zero + kEntry).chosen, "0");
  EXPECT_EQ(parse_boot_menu(zero + Lines{"set default=0"}).chosen, "0");
  EXPECT_EQ(parse_boot_menu(zero + Lines{"set default=1"}).chosen, "other");
  EXPECT_EQ(parse_boot_menu({"set default=\"${saved_entry}\""}).chosen, "saved");
  EXPECT_FALSE(parse_boot_menu(kEntry).chosen);
}

}  // namespace
}  // namespace efa
