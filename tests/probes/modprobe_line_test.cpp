// Lines of modprobe.d that keep efa out, and the command that undoes them. What kmod makes of each
// was seen with modprobe -n -v of kmod 30, on a tree of modules of the same names.

#include "probes/kernel/modprobe_line.h"

#include <gtest/gtest.h>

#include "probes/kernel/unblock.h"
#include "tests/support/row.h"

namespace efa {
namespace {

TEST(ModprobeLine, KnowsALineThatKeepsEfaOut) {
  const Row<bool> rows[] = {
      {"blacklist efa", true},
      {"  blacklist\tefa # no EFA here", true},
      {"install efa /bin/true", true},
      {"install efa /usr/bin/false", true},
      {"install efa :", true},
      {"install efa exit 1", true},
      {"install efa /bin/sh -c \"exit 1\"", true},
      {"install efa /usr/sbin/nologin", true},
      {"install efa echo \"disabled\"", true},
      {"install efa echo \"disabled, see modprobe efa\"", true},
      {"install efa \"/bin/false\"", true},
      {"install efa # nothing", true},
      {"install efa /bin/true # modprobe -i efa", true},
      {"install efa /sbin/modprobe ena", true},
      {"install e?a /bin/false", true},
      {"install * /bin/false", true},
      {"install ib-[cu]* /bin/false", true},
      {"install ib_* /sbin/modprobe -i ib_core", true},  // and not ib_uverbs
      {"install ib_uverbs /bin/false", true},            // efa does not load without it
      {"install ib-uverbs /bin/false", true},
      {"install ib_core /bin/true", true},
      {"alias efa off", true},
      {"alias e* other", true},
      {"alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* off", true},

      {"install efa /sbin/modprobe --ignore-install efa", false},
      {"install efa /sbin/modprobe -i $MODPROBE_MODULE $CMDLINE_OPTS && logger efa", false},
      {"install efa /bin/sh -c 'sleep 1; insmod /opt/efa.ko.xz'", false},
      {"install ib-core /sbin/modprobe -i ib_core", false},
      {"install efa", false},
      {"install \"efa\" /bin/false", false},
      {"install efa\r /bin/false", false},
      {"blacklist efa\r", false},
      {"install EFA /bin/false", false},
      {"install ib_umad /bin/false", false},
      {"install ib[-_]core /bin/false", true},
      {"install ib[a-z]core /bin/false", false},
      {"blacklist e*", false},         // no pattern there
      {"blacklist ib_uverbs", false},  // what efa needs is loaded by its name
      {"blacklist ib_core", false},
      {"alias ib_core off", false},
      {"alias efa efa", false},
      {"alias efa", false},
      {"alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* efa", false},
      {"alias pci:v00001D0Fd0000EC20sv*sd*bc*sc*i* off", false},
      {"#blacklist efa", false},
      {" # install efa /bin/false", false},
      {"blacklist efa_nv_peermem", false},
      {"options efa x=1", false},
      {"softdep efa pre: ib_uverbs", false},
      {"remove efa /bin/false", false},
      {"blacklist", false},
      {"install " + std::string(5000, '*') + " /bin/false", false},
      {"", false},
  };
  for (const auto& row : rows) EXPECT_EQ(keeps_efa_out(row.input), row.wanted) << row.input;
}

TEST(ModprobeLine, KnowsWhomItHoldsBack) {
  const auto of = [](const char* line) {
    return parse_modprobe_line(line).value_or(ModprobeLine());
  };
  EXPECT_TRUE(of("blacklist efa").keeps_udev);
  EXPECT_FALSE(of("blacklist efa").keeps_modprobe);
  EXPECT_TRUE(of("install efa :").keeps_udev);
  EXPECT_TRUE(of("install efa :").keeps_modprobe);
  EXPECT_FALSE(of("alias efa off").keeps_udev);
  EXPECT_TRUE(of("alias efa off").keeps_modprobe);
  EXPECT_TRUE(of("alias pci:v00001D0Fd0000EFA1* off").keeps_udev);
  EXPECT_FALSE(of("alias pci:v00001D0Fd0000EFA1* off").keeps_modprobe);
}

TEST(ModprobeLine, KeepsNobodysTextAndWhatItTellsStays) {
  const std::pair<const char*, const char*> rows[] = {
      {"blacklist  efa # secret", "blacklist efa"},
      {"install efa /bin/false secret", "install efa /bin/false"},
      {"install efa sh -c 'curl https://secret'", "install efa sh"},
      {"install efa TOKEN=secret go", "install efa ..."},
      {"alias efa off secret", "alias efa off"},
      {"install efa /sbin/modprobe -i efa secret=1", "install efa modprobe $MODPROBE_MODULE"},
      {"install ib_* modprobe -i ib_core", "install ib_* modprobe"},
      {"allow_unsupported_modules 0 secret", "allow_unsupported_modules 0"},
  };
  for (const auto& [line, wanted] : rows) {
    EXPECT_EQ(words_that_matter(line), wanted);
    EXPECT_EQ(keeps_efa_out(wanted), keeps_efa_out(line)) << line;
    EXPECT_EQ(words_that_matter(wanted), wanted);
  }
}

TEST(ModprobeLine, IsWrittenSoWhereNoBackslashPartsIt) {
  EXPECT_TRUE(is_written_so(" install\tefa \\", "install efa /bin/false"));
  EXPECT_FALSE(is_written_so("install \\", "install efa /bin/false"));
  EXPECT_FALSE(is_written_so("blacklist e\\fa", "blacklist efa"));
  EXPECT_FALSE(is_written_so("blacklist efa\\", "blacklist efa"));
  EXPECT_FALSE(is_written_so("", "blacklist efa"));
}

TEST(Unblock, IsOneCommandForAllLines) {
  const std::string path = "/etc/modprobe.d/";
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{path + "x.conf: install ib_core /bin/false", path + "x.conf: install efa :",
        path + "x.conf: blacklist efa", path + "y.conf: install ib-uverbs /bin/true"},
       "sudo sed -i -E 's/^[[:space:]]*(blacklist[[:space:]]+efa|install[[:space:]]+(ib_core|efa|"
       "ib-uverbs))([[:space:]]|$)/# &/' /etc/modprobe.d/x.conf /etc/modprobe.d/y.conf && sudo "
       "modprobe efa"},
      {{path + "x.conf: install e?a exit"},
       "sudo sed -i -E 's/^[[:space:]]*install[[:space:]]+e\\?a([[:space:]]|$)/# &/' "
       "/etc/modprobe.d/x.conf && sudo modprobe efa"},
      {{"/proc/cmdline: modprobe.blacklist=efa", path + "x.conf: alias efa off"},
       "sudo sed -i -E 's/^[[:space:]]*alias[[:space:]]+efa([[:space:]]|$)/# &/' "
       "/etc/modprobe.d/x.conf && sudo modprobe efa"},
      {{"/proc/cmdline: module_blacklist=efa", path + "x.conf: blacklist efa"}, ""},
      {{path + "x.conf: install efa :", path + "y.conf: blacklist efa \\"}, ""},
      {{path + "x.conf: install efa :", "x; reboot.conf: blacklist efa"}, ""},
      {{"x"}, ""},
      {{}, ""},
  };
  for (const auto& [all, wanted] : rows) EXPECT_EQ(unblock_command(all), wanted);
}

TEST(Unblock, TellsAFewAndCountsTheRest) {
  EXPECT_EQ(words_of_what_keeps_out({"a", "b", "c"}), "a; b; c");
  EXPECT_EQ(words_of_what_keeps_out({"a", "b", "c", "d", "e"}), "a; b; c; and by 2 more");
  KernelFacts facts;
  facts.also_kept_out_by = {"b"};
  EXPECT_TRUE(all_that_keeps_out(facts).empty());
  facts.blacklisted_by = "a";
  EXPECT_EQ(all_that_keeps_out(facts), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace efa
