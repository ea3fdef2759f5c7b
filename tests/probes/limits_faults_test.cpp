// Load a node, change a file about its limits, and exactly the finding meant changes.

#include <gtest/gtest.h>

#include "tests/support/faulty_node.h"

namespace efa {
namespace {

using Codes = std::vector<std::string>;

constexpr int kSlurmd = 812;

TEST(LimitsFaults, YamaAndHugePagesAreInfos) {
  FaultyNode node;
  node.tree().file("/proc/sys/kernel/yama/ptrace_scope", "1\n");
  EXPECT_EQ(node.changes(), (Changes{{{"limits.ptrace-restricted", "node"}, "fail"}}));
  const std::string pages = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
  node.tree().file(pages, "0\n");
  EXPECT_EQ(node.changes(), (Changes{{{"limits.ptrace-restricted", "node"}, "fail"},
                                     {{"limits.huge-pages-few", "node"}, "fail"},
                                     {{"jobs.huge-pages-taken", "node"}, "gone"}}));
  EXPECT_EQ(node.verdict(), "healthy");
  node.tree().remove(pages);
  EXPECT_EQ(node.changes(), (Changes{{{"limits.ptrace-restricted", "node"}, "fail"},
                                     {{"limits.huge-pages-few", "node"}, "unknown"},
                                     {{"jobs.huge-pages-taken", "node"}, "gone"}}));
}

TEST(LimitsFaults, ASchedulerThatMayLockLittleIsAWarning) {
  FaultyNode node;
  node.set_locked_memory(kSlurmd, "65536");
  EXPECT_EQ(node.changes(), (Changes{{{"limits.memlock-low", "slurmd"}, "fail"}}));
  EXPECT_EQ(node.root_causes(), Codes{"limits.memlock-low"});
  EXPECT_EQ(node.verdict(), "degraded");
  node.tree().remove("/proc/" + std::to_string(kSlurmd) + "/limits");
  EXPECT_EQ(node.changes(), (Changes{{{"limits.memlock-low", "slurmd"}, "unknown"}}));
}

std::string changed_of(FaultyNode& node) {
  std::string text;
  for (const auto& [finding, result] : node.changes()) {
    text += finding.first + " " + finding.second + " " + result + "\n";
  }
  return text;
}

// A p4d on which slurmd does not run now.
struct StoppedSlurmd : FaultyNode {
  explicit StoppedSlurmd(const std::string& unit) {
    tree().remove("/proc/" + std::to_string(kSlurmd));
    tree().file("/usr/lib/systemd/system/slurmd.service", unit);
    tree().link("/etc/systemd/system/multi-user.target.wants/slurmd.service",
                "/usr/lib/systemd/system/slurmd.service");
  }
  std::string changed() { return changed_of(*this); }
};

constexpr const char* kUnlimitedUnit =
    "[Service]\nLimitMEMLOCK=infinity\n[Install]\nWantedBy=multi-user.target\n";
constexpr const char* kSlurmdFails = "limits.memlock-low slurmd fail\n";
constexpr const char* kLoginFails = "limits.shell-memlock-low login (ssh) fail\n";
constexpr const char* kLoginUnknown = "limits.shell-memlock-low login (ssh) unknown\n";

TEST(LimitsFaults, AStoppedSchedulerIsJudgedByItsUnitAndTheManager) {
  StoppedSlurmd healthy(kUnlimitedUnit);
  EXPECT_EQ(healthy.changed(), "");
  StoppedSlurmd silent("[Service]\nExecStart=slurmd\n[Install]\nWantedBy=multi-user.target\n");
  EXPECT_EQ(silent.changed(), kSlurmdFails);
  silent.tree().file("/etc/systemd/system.conf.d/x.conf",
                     "[Manager]\nDefaultLimitMEMLOCK=infinity\n");
  EXPECT_EQ(silent.changed(), "");
  silent.tree().file("/usr/lib/systemd/system.conf.d/y.conf",
                     "[Manager]\nDefaultLimitMEMLOCK=64K\n");
  EXPECT_EQ(silent.changed(), kSlurmdFails);
  EXPECT_EQ(silent.verdict(), "degraded");
  silent.tree().link("/etc/systemd/system.conf.d/y.conf", "/dev/null");
  EXPECT_EQ(silent.changed(), "");
}

TEST(LimitsFaults, DropInsAreAppliedInSystemdsOrder) {
  const std::string low = "[Service]\nLimitMEMLOCK=64K\n";
  const std::string enough = "[Service]\nLimitMEMLOCK=infinity\n";
  StoppedSlurmd node(kUnlimitedUnit);
  node.tree().file("/usr/lib/systemd/system/slurmd.service.d/50-a.conf", low);
  EXPECT_EQ(node.changed(), kSlurmdFails) << "a drop-in holds over its unit";
  node.tree().file("/run/systemd/system/slurmd.service.d/50-a.conf", enough);
  EXPECT_EQ(node.changed(), "") << "of one name the first directory's";
  node.tree().file("/usr/lib/systemd/system/service.d/60-b.conf", low);
  EXPECT_EQ(node.changed(), kSlurmdFails) << "of all services; names in order, not directories";
  node.tree().file("/etc/systemd/system/slurmd.service.d/60-b.conf", enough);
  EXPECT_EQ(node.changed(), "") << "the service's own hides the general one of that name";
  node.tree().file("/etc/systemd/system/slurmd.service.d/70-c.conf", "[Service]\nLimitMEMLOCK=\n");
  EXPECT_EQ(node.changed(), kSlurmdFails) << "empty: the manager's default again";
  node.tree().file("/etc/systemd/system/slurmd.service", kUnlimitedUnit);
  node.tree().remove("/etc/systemd/system/slurmd.service.d/70-c.conf");
  EXPECT_EQ(node.changed(), "");
}

TEST(LimitsFaults, AMaskedOrDisabledSchedulerBringsNoJobs) {
  // a login is what is left to bring jobs
  const std::string gone =
      "limits.memlock-low login (ssh) pass\n"
      "limits.memlock-low slurmd gone\n"
      "limits.shell-memlock-low login (ssh) gone\n";
  StoppedSlurmd masked("[Service]\n");
  masked.tree().link("/etc/systemd/system/slurmd.service", "/dev/null");
  EXPECT_EQ(masked.changed(), gone);
  StoppedSlurmd disabled("[Service]\n[Install]\nWantedBy=multi-user.target\n");
  disabled.tree().remove("/etc/systemd/system/multi-user.target.wants");
  EXPECT_EQ(disabled.changed(), gone);
}

TEST(LimitsFaults, AnUnreadableDropInIsUnknownForItsServiceAlone) {
  for (const bool huge : {false, true}) {
    StoppedSlurmd node(kUnlimitedUnit);
    const std::string path = "/etc/systemd/system/slurmd.service.d/a.conf";
    if (huge) {
      node.tree().file(path, std::string(100'000, '\n'));
    } else {
      node.tree().directory(path);
    }
    EXPECT_EQ(node.changed(), "limits.memlock-low slurmd unknown\n");
  }
}

TEST(LimitsFaults, WhatMayGiveALoginAnotherLimitIsUnknownWhereItCannotBeRead) {
  for (const char* path :
       {"/etc/security/limits.conf", "/etc/security/limits.d/01_efa.conf", "/etc/ssh/sshd_config",
        "/etc/ssh/sshd_config.d/50-redhat.conf", "/etc/pam.d/sshd", "/etc/pam.d/password-auth"}) {
    FaultyNode node;
    node.tree().remove(path);
    node.tree().directory(path);
    EXPECT_EQ(changed_of(node), kLoginUnknown) << path;
    EXPECT_NE(render_json(node.report()).find(path), std::string::npos) << path;
  }
}

TEST(LimitsFaults, AYamaThatTellsNoNumberIsUnknown) {
  FaultyNode node;
  const char* path = "/proc/sys/kernel/yama/ptrace_scope";
  node.tree().file(path, "xyz\n");
  EXPECT_EQ(changed_of(node), "limits.ptrace-restricted node unknown\n");
  node.tree().remove(path);
  node.tree().directory(path);
  EXPECT_EQ(changed_of(node), "limits.ptrace-restricted node unknown\n");
  node.tree().remove(path);
  EXPECT_EQ(changed_of(node), "");
}

TEST(LimitsFaults, ALoginsLimitsAreThoseOfPam) {
  FaultyNode later;
  later.tree().file("/etc/security/limits.d/90-x.conf", "* - memlock 65536\n");
  EXPECT_EQ(changed_of(later), kLoginFails);
  EXPECT_EQ(later.verdict(), "healthy") << "its jobs come through Slurm";
  FaultyNode earlier;
  earlier.tree().file("/etc/security/limits.conf", "* - memlock 65536\n");
  EXPECT_EQ(changed_of(earlier), "") << "limits.d comes after";
  FaultyNode without;
  without.tree().file("/etc/pam.d/password-auth", "session required pam_unix.so\n");
  EXPECT_EQ(changed_of(without), kLoginFails);
  FaultyNode off;
  off.tree().file("/etc/ssh/sshd_config.d/00-x.conf", "UsePAM no\n");
  EXPECT_EQ(changed_of(off), kLoginFails) << "sshd takes the first value";
}

TEST(LimitsFaults, WhereOnlySshBringsJobsALowLoginIsAWarning) {
  FaultyNode node;
  node.tree().remove("/proc/" + std::to_string(kSlurmd));
  node.tree().file("/etc/security/limits.d/01_efa.conf", "# removed\n");
  node.changes();
  EXPECT_EQ(node.root_causes(), Codes{"limits.memlock-low"});
  EXPECT_EQ(node.verdict(), "degraded");
}

TEST(LimitsFaults, ALineOfAUnitGoesOnAfterABackslash) {
  const std::string enabled = "[Install]\nWantedBy=multi-user.target\n";
  StoppedSlurmd enough("[Service]\nLimitMEMLOCK=\\\n# as AWS advises\ninfinity\n" + enabled);
  EXPECT_EQ(enough.changed(), "");
  StoppedSlurmd argument("[Service]\nExecStart=/x --opt \\\nLimitMEMLOCK=infinity\n" + enabled);
  EXPECT_EQ(argument.changed(), kSlurmdFails) << "it is an argument of the command";
  argument.tree().file("/etc/systemd/system.conf.d/x.conf",
                       "[Manager]\r\nDefaultLimitMEMLOCK = \\\r\n\tinfinity\r\n");
  EXPECT_EQ(argument.changed(), "");
  StoppedSlurmd ended("[Service]\nExecStart=/x \\\n\nLimitMEMLOCK=infinity\n" + enabled);
  EXPECT_EQ(ended.changed(), "") << "an empty line ends it";
}

TEST(LimitsFaults, AUnitIsEnabledByWhateverStartsIt) {
  for (const char* link : {"/etc/systemd/system/x.target.upholds/slurmd.service",
                           "/etc/systemd/system/x.target.requires/slurmd.service",
                           "/run/systemd/system/x.target.wants/slurmd.service",
                           "/usr/lib/systemd/system/x.target.wants/slurmd.service"}) {
    StoppedSlurmd node("[Service]\n[Install]\nWantedBy=multi-user.target\n");
    node.tree().remove("/etc/systemd/system/multi-user.target.wants");
    node.tree().link(link, "/usr/lib/systemd/system/slurmd.service");
    EXPECT_EQ(node.changed(), kSlurmdFails) << link;
  }
}

TEST(LimitsFaults, ALinkToNothingHidesTheOneThatEnables) {
  StoppedSlurmd node("[Service]\n[Install]\nWantedBy=x.target\n");
  node.tree().remove("/etc/systemd/system/multi-user.target.wants");
  node.tree().link("/usr/lib/systemd/system/x.target.wants/slurmd.service", "../slurmd.service");
  EXPECT_EQ(node.changed(), kSlurmdFails);
  node.tree().link("/etc/systemd/system/x.target.wants/slurmd.service", "/dev/null");
  EXPECT_NE(node.changed(), kSlurmdFails);
}

TEST(LimitsFaults, AUnitIsEnabledAndSetByItsOtherNamesToo) {
  StoppedSlurmd node("[Service]\n[Install]\nWantedBy=multi-user.target\n");
  node.tree().remove("/etc/systemd/system/multi-user.target.wants");
  node.tree().link("/etc/systemd/system/slurm.service", "/usr/lib/systemd/system/slurmd.service");
  node.tree().link("/etc/systemd/system/multi-user.target.wants/slurm.service",
                   "/usr/lib/systemd/system/slurmd.service");
  EXPECT_EQ(node.changed(), kSlurmdFails);
  node.tree().file("/etc/systemd/system/slurm.service.d/a.conf",
                   "[Service]\nLimitMEMLOCK=infinity\n");
  EXPECT_EQ(node.changed(), "");
}

TEST(LimitsFaults, SshdsConfigurationIsReadAsSshdReadsIt) {
  const struct {
    const char* config;
    const char* wanted;
  } rows[] = {
      {"usepam YES\n", ""},
      {"UsePAM=yes\n", ""},
      {"\tUsePAM = \"yes\"  # PAM\r\n", ""},
      {"UsePAM no\nUsePAM yes\n", kLoginFails},
      {"include sshd_config.d/*\n", ""},
      {"Include none.conf \"sshd_config.d/[0-9]?-redhat.conf\"\n", ""},
      {"Include */50-*.conf\n", ""},
      {"Include /etc/ssh/sshd_config.d/.*.conf\n", kLoginFails},
      {"Match User a\nInclude sshd_config.d/*.conf\n", kLoginFails},
      {"match User a\nmatch ALL\nUsePAM yes\n", ""},
      {"#UsePAM yes\n", kLoginFails},
  };
  for (const auto& row : rows) {
    FaultyNode node;
    node.tree().file("/etc/ssh/sshd_config", row.config);
    EXPECT_EQ(changed_of(node), row.wanted) << row.config;
  }
}

TEST(LimitsFaults, IncludedFilesOfSshdAreReadInTheirOrder) {
  FaultyNode node;
  node.tree().file("/etc/ssh/sshd_config", "Include b.conf a.conf\n");
  node.tree().file("/etc/ssh/a.conf", "UsePAM no\n");
  node.tree().file("/etc/ssh/b.conf", "UsePAM yes\n");
  EXPECT_EQ(changed_of(node), "");
  node.tree().file("/etc/ssh/sshd_config", "Include [ab].conf\n");
  EXPECT_EQ(changed_of(node), kLoginFails);
}

TEST(LimitsFaults, APamStackIsReadAsPamReadsIt) {
  const struct {
    const char* stack;
    const char* wanted;
  } rows[] = {
      {"session \\\n  required \\ \n# x\n  pam_limits.so\n", ""},
      {"-session [success=ok default=ignore]\tpam_limits.so\n", ""},
      {"session required pam_unix.so # \\\nsession required pam_limits.so\n", ""},
      {"# \\\nsession required pam_limits.so\n", ""},
      {"session required pam_unix.so \\\nsession required pam_limits.so\n", kLoginFails},
      {"account required pam_limits.so\n", kLoginFails},
      {"session substack common-x\n", ""},
      {"@include common-x\n", ""},
  };
  for (const auto& row : rows) {
    FaultyNode node;
    node.tree().file("/etc/pam.d/common-x", "session required pam_limits.so\n");
    node.tree().file("/etc/pam.d/sshd", row.stack);
    EXPECT_EQ(changed_of(node), row.wanted) << row.stack;
  }
}

TEST(LimitsFaults, OfLimitsDOnlyConfFilesAreRead) {
  FaultyNode node;
  for (const char* name : {"99-x.conf.bak", "99-x", "99-x.CONF"}) {
    node.tree().file(std::string("/etc/security/limits.d/") + name, "* - memlock 64\n");
  }
  EXPECT_EQ(changed_of(node), "");
  node.tree().file("/etc/security/limits.d/02-x.conf", "* - \\\nmemlock 64\n");
  EXPECT_EQ(changed_of(node), "") << "no line goes on there";
  node.tree().file("/etc/security/limits.d/02-x.conf", "* - memlock 64G\n");
  EXPECT_EQ(changed_of(node), kLoginFails) << "these are 64 KiB";
}

TEST(LimitsFaults, AServiceIsFoundAmongManyProcessesOfItsName) {
  FaultyNode node;
  for (int pid = 100; pid < 140; ++pid) {
    const std::string process = "/proc/" + std::to_string(pid);
    node.tree().file(process + "/comm", "slurmd\n");
    node.tree().file(process + "/status",
                     pid < 120 ? "Uid:\t1000\t1000\t1000\t1000\n" : "Uid:\t0\t0\t0\t0\n");
    node.tree().file(process + "/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
    node.tree().file(process + "/limits",
                     "Max locked memory         unlimited            unlimited            bytes\n");
  }
  const std::string real = "/proc/" + std::to_string(kSlurmd);
  node.tree().file(real + "/cgroup", "0::/system.slice/slurmd.service\n");
  EXPECT_EQ(changed_of(node), "");
  node.set_locked_memory(kSlurmd, "65536");
  EXPECT_EQ(changed_of(node), kSlurmdFails);
}

}  // namespace
}  // namespace efa
