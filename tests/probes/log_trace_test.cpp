// Traces of the kernel: which have efa on their stack, and which of those are crashes or hangs. The
// lines are shortened from those of x86 and arm64 kernels 5.15 to 6.12; that of the warning is from
// amzn-drivers#308, those of hangs are as kernel/hung_task.c, kernel/watchdog.c and
// kernel/rcu/tree_stall.h have them.

#include "probes/log/trace.h"

#include <gtest/gtest.h>

namespace efa {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string> records_of(const Lines& lines) {
  std::vector<std::string> records;
  for (const std::string& line : lines) records.push_back("4,812,77,-;" + line);
  return records;
}

// The traces that are found, and again in what was kept of their lines.
std::vector<DriverTrace> traces_of(const Lines& lines) {
  DriverTraces traces;
  DriverTraces again;
  for (std::string& record : records_of(lines)) {
    if (!traces.take(record)) continue;
    EXPECT_TRUE(again.take(record)) << record;
  }
  std::vector<DriverTrace> found = traces.found();
  const std::vector<DriverTrace> kept = again.found();
  EXPECT_EQ(found.size(), kept.size());
  for (size_t i = 0; i < found.size() && i < kept.size(); ++i) {
    EXPECT_EQ(found[i].function, kept[i].function);
    EXPECT_EQ(found[i].crash, kept[i].crash);
    EXPECT_EQ(found[i].at_start, kept[i].at_start);
    EXPECT_EQ(found[i].hang, kept[i].hang);
    EXPECT_EQ(found[i].text, kept[i].text);
  }
  return found;
}

const Lines kCrashOfQueue = {
    "BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6",
    "#PF: supervisor read access in kernel mode",
    "Oops: 0000 [#1] PREEMPT SMP NOPTI",
    "CPU: 3 PID: 4711 Comm: python3 Tainted: G           OE      5.10.0-28-amd64 #1",
    "RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]",
    "Code: 05 db 01 00 48 8d bb 38 05",
    "Call Trace:",
    " <TASK>",
    " ib_destroy_cq_user+0x46/0xb0 [ib_core]",
    " </TASK>",
    "Modules linked in: efa(OE) ib_uverbs ib_core",
    "---[ end trace 0000000000000000 ]---",
};

const Lines kWarningAtStart = {
    "------------[ cut here ]------------",
    "WARNING: CPU: 10 PID: 980 at /build/core/device.c:650 ib_dealloc_device+0x52/0x90 [ib_core]",
    "Modules linked in: efa(OE+) ib_core(OE)",
    "RIP: 0010:ib_dealloc_device+0x52/0x90 [ib_core]",
    "Call Trace:",
    " <TASK>",
    " efa_remove_device+0xb5/0xd0 [efa]",
    " efa_probe+0x536/0x8b0 [efa]",
    " ? _raw_spin_unlock_irqrestore+0xe/0x30",
    " local_pci_probe+0x4b/0x90",
    "---[ end trace 1f ]---",
};

TEST(Trace, ACrashInsideEfaIsFound) {
  const auto traces = traces_of(kCrashOfQueue);
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_TRUE(traces[0].crash);
  EXPECT_FALSE(traces[0].at_start);
  EXPECT_EQ(traces[0].function, "efa_destroy_cq");
  EXPECT_EQ(traces[0].text, "BUG: unable to handle page fault for address: ffffa1b2c3d4e5f6");
  EXPECT_EQ(traces[0].usec, 77U);
}

TEST(Trace, ACrashBelowEfaIsFound) {
  const auto traces = traces_of({
      "general protection fault, probably for non-canonical address 0xdead: 0000 [#2] SMP",
      "RIP: 0010:ib_register_device+0x12/0x340 [ib_core]",
      "Call Trace:",
      " efa_ib_device_add+0x1f0/0x2c0 [efa 0123456789abcdef]",
      " efa_probe+0x536/0x8b0 [efa 0123456789abcdef]",
      "---[ end trace 0 ]---",
  });
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_EQ(traces[0].function, "efa_ib_device_add");
  EXPECT_TRUE(traces[0].at_start);
}

TEST(Trace, ACrashOnArmIsFound) {
  const auto traces = traces_of({
      "Internal error: Oops: 0000000096000004 [#1] SMP",
      "pc : efa_dereg_mr+0x2c/0xd0 [efa]",
      "lr : ib_dereg_mr_user+0x44/0xa0 [ib_core]",
      "Call trace:",
      " efa_dereg_mr+0x2c/0xd0 [efa]",
      "---[ end trace 0 ]---",
  });
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_EQ(traces[0].function, "efa_dereg_mr");
}

TEST(Trace, WhatCrashedTellsMoreThanTheNumberOfTheCrash) {
  struct Row {
    const char* reason;
    const char* number;
    const char* text;
  };
  const Row rows[] = {
      {"kernel BUG at mm/slub.c:435!", "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
       "kernel BUG at mm/slub.c:435!"},
      {"kernel BUG at mm/slub.c:435!", "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP",
       "kernel BUG at mm/slub.c:435!"},
      {"BUG: kernel NULL pointer dereference, address: 0000000000000008",
       "Oops: 0000 [#1] PREEMPT SMP NOPTI",
       "BUG: kernel NULL pointer dereference, address: 0000000000000008"},
      {"Unable to handle kernel paging request at virtual address ffff0003",
       "Internal error: Oops: 0000000096000004 [#1] SMP",
       "Unable to handle kernel paging request at virtual address ffff0003"},
      {"kernel BUG at m[4711]: segfault at 0 ip 0", "Oops: 0000 [#1] SMP", "Oops: 0000 [#1] SMP"},
      {"watchdog: kernel BUG at mm/slub.c:435!", "Oops: 0000 [#1] SMP", "Oops: 0000 [#1] SMP"},
  };
  for (const Row& row : rows) {
    const auto traces =
        traces_of({row.reason, "#PF: supervisor read access in kernel mode", row.number,
                   "RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]", "---[ end trace 0 ]---"});
    ASSERT_EQ(traces.size(), 1U) << row.reason;
    EXPECT_TRUE(traces[0].crash);
    EXPECT_EQ(traces[0].text, row.text);
  }
}

TEST(Trace, WhatCrashedIsOfOneReport) {
  const auto text_after = [](const std::string& usec) {
    DriverTraces traces;
    for (std::string record : {std::string("1,812,77,-;kernel BUG at mm/slub.c:435!"),
                               "4,813," + usec + ",-;Oops: 0000 [#1] SMP",
                               "4,814," + usec + ",-;RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]"}) {
      traces.take(record);
    }
    return traces.found().at(0).text;
  };
  EXPECT_EQ(text_after("4000077"), "kernel BUG at mm/slub.c:435!");
  EXPECT_EQ(text_after("6000077"), "Oops: 0000 [#1] SMP");
  const auto second =
      traces_of({"kernel BUG at mm/slub.c:435!", "invalid opcode: 0000 [#1] SMP",
                 "---[ end trace 0 ]---", "Oops: 0000 [#2] SMP", "RIP: 0010:efa_x+0x1/0x2 [efa]"});
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].text, "Oops: 0000 [#2] SMP");
}

TEST(Trace, AWarningWhileEfaStartsADeviceIsNoCrash) {
  const auto traces = traces_of(kWarningAtStart);
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_FALSE(traces[0].crash);
  EXPECT_TRUE(traces[0].at_start);
  EXPECT_EQ(traces[0].function, "efa_remove_device");
}

TEST(Trace, OtherCrashesAndOtherReportsAreNone) {
  const Lines of_others = {"Oops: 0000 [#1] SMP",
                           "RIP: 0010:nv_open+0x1/0x2 [nvidia]",
                           "Modules linked in: efa(OE) nvidia",
                           " ? efa_poll+0x1/0x2 [efa]",
                           " efa_nv_peermem_get+0x1/0x2 [efa_nv_peermem]",
                           "---[ end trace 0 ]---",
                           " efa_probe+0x536/0x8b0 [efa]"};
  EXPECT_TRUE(traces_of(of_others).empty());
  const Lines no_memory = {"python3: page allocation failure: order:4, mode:0xcc0, nodemask=(null)",
                           "Call Trace:", " efa_reg_mr+0x1/0x2 [efa]"};
  EXPECT_TRUE(traces_of(no_memory).empty());
  Lines lines = {"Oops: 0000 [#1] SMP", "RIP: 0010:nv_open+0x1/0x2 [nvidia]"};
  lines.insert(lines.end(), no_memory.begin(), no_memory.end());
  EXPECT_TRUE(traces_of(lines).empty()) << "the stack of another report";
}

TEST(Trace, AHangInsideEfaIsFoundAndNamesNoProcess) {
  struct Row {
    const char* head;
    const char* text;
  };
  const Row rows[] = {
      {"INFO: task python3:4711 blocked for more than 122 seconds.",
       "INFO: task blocked for more than 122 seconds."},
      {"INFO: task (1) blocked for more than 3 seconds.:4711 blocked for more than 122 seconds.",
       "INFO: task blocked for more than 122 seconds."},
      {"watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [python3:4711]",
       "watchdog: BUG: soft lockup - CPU#3 stuck for 26s!"},
      {"NMI watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [a [b]:4711]",
       "NMI watchdog: BUG: soft lockup - CPU#3 stuck for 26s!"},
      {"watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3",
       "watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3"},
      {"rcu: INFO: rcu_sched self-detected stall on CPU",
       "rcu: INFO: rcu_sched self-detected stall on CPU"},
      {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
       "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"},
      {"rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 3-.... } 21 jiffies s: 7",
       "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks:"},
      {"rcu: INFO: rcu_tasks detected stalls on tasks:",
       "rcu: INFO: rcu_tasks detected stalls on tasks:"},
      {"INFO: rcu_sched self-detected stall on CPU", "INFO: rcu_sched self-detected stall on CPU"},
      {"BUG: workqueue lockup - pool cpus=3 node=0 flags=0x0 nice=0 stuck for 32s!",
       "BUG: workqueue lockup - pool cpus=3 node=0 flags=0x0 nice=0 stuck for 32s!"},
  };
  for (const Row& row : rows) {
    const auto traces =
        traces_of({row.head, "task:python3 state:D stack:0 pid:4711", "Call Trace:", " <TASK>",
                   " schedule_timeout+0x8c/0x160", " efa_com_cmd_exec+0x1f/0x3d0 [efa]",
                   " efa_reg_mr+0x1/0x2 [efa]", " </TASK>"});
    ASSERT_EQ(traces.size(), 1U) << row.head;
    EXPECT_TRUE(traces[0].hang);
    EXPECT_FALSE(traces[0].crash);
    EXPECT_EQ(traces[0].function, "efa_com_cmd_exec");
    EXPECT_EQ(traces[0].text, row.text);
    EXPECT_TRUE(traces_of({row.head, "Call Trace:", " schedule_timeout+0x8c/0x160",
                           " ? efa_poll+0x1/0x2 [efa]", "Call Trace:", " efa_x+0x1/0x2 [efa]"})
                    .empty())
        << "without efa, and the stack of another behind it: " << row.head;
  }
}

TEST(Trace, WordsThatAreNoHangBeginNone) {
  for (const char* head : {
           "INFO: task python3:4711 blocked for more than 122 seconds. [1+2]",
           "INFO: task python3:4711 blocked for more than few seconds.",
           "INFO: task python3:4711 is blocked on a mutex likely owned by task python3:12.",
           "x: INFO: task python3:4711 blocked for more than 122 seconds.",
           "audit: watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [python3:4711]",
           "watchdog: Enabled",
           "rcu: INFO: Stall ended before state dump start",
           "INFO: rcu_x of python3 detected nothing",
           "workqueue: BUG: workqueue lockup - pool cpus=3 stuck for 32s!",
       }) {
    EXPECT_TRUE(traces_of({head, "Call Trace:", " efa_reg_mr+0x1/0x2 [efa]"}).empty()) << head;
  }
}

TEST(Trace, ManyHangsLeaveRoomForACrash) {
  Lines lines;
  for (int i = 0; i < 100; ++i) {
    lines.insert(lines.end(), {"INFO: task python3:4711 blocked for more than 122 seconds.",
                               "Call Trace:", " efa_reg_mr+0x1/0x2 [efa]"});
  }
  lines.insert(lines.end(), kCrashOfQueue.begin(), kCrashOfQueue.end());
  const auto traces = traces_of(lines);
  ASSERT_EQ(traces.size(), 9U);
  EXPECT_TRUE(traces[7].hang);
  EXPECT_TRUE(traces[8].crash);
  EXPECT_FALSE(traces[8].hang);
}

TEST(Trace, WordsOfUsersProcessesAreNoTrace) {
  DriverTraces traces;
  for (std::string record :
       {"4,1,1,-;a: 0 [#1][4711]: segfault at 0 ip 0", "12,1,1,-;Oops: 0000 [#1] SMP",
        "4;Oops: 0000 [#1] SMP", "Oops: 0000 [#1] SMP", "4,1,1,-;Oops: 0000 [#] SMP",
        "4,1,1,-;Oops: 0000 [#1", "4,1,1,-; efa_probe+0x1/0x2 [efa]", ""}) {
    EXPECT_FALSE(traces.take(record)) << record;
  }
  EXPECT_TRUE(traces.found().empty());
}

TEST(Trace, OfManyTheFirstAreKeptAndALongOneEnds) {
  Lines many;
  for (int i = 0; i < 100; ++i) many.insert(many.end(), kCrashOfQueue.begin(), kCrashOfQueue.end());
  EXPECT_EQ(traces_of(many).size(), 8U);
  Lines late = {"Oops: 0000 [#1] SMP"};
  late.resize(1000, "RAX: 0000000000000001");
  late.emplace_back(" efa_probe+0x1/0x2 [efa]");
  EXPECT_TRUE(traces_of(late).empty());
  const auto bounded =
      traces_of({"Oops: " + std::string(5000, 'x') + " [#1]", "RIP: 0010:efa_x+0x1/0x2 [efa]"});
  ASSERT_EQ(bounded.size(), 1U);
  EXPECT_EQ(bounded[0].text.size(), 256U);
}

TEST(Trace, TheFirstCrashOfABootIsKnownByItsNumber) {
  EXPECT_TRUE(tells_of_first_crash("1,812,77,-;Oops: 0000 [#1] PREEMPT SMP NOPTI"));
  EXPECT_TRUE(tells_of_first_crash("1,812,77,-;Internal error: Oops: 96000004 [#1] SMP"));
  for (const char* record :
       {"1,812,77,-;Oops: 0000 [#2] PREEMPT SMP NOPTI", "1,812,77,-;Oops: 0000 [#11] SMP",
        "12,812,77,-;Oops: 0000 [#1] SMP", "x [#1] ", ""}) {
    EXPECT_FALSE(tells_of_first_crash(record)) << record;
  }
}

TEST(Trace, FindsAFunctionOfEfaInALine) {
  struct Row {
    const char* text;
    const char* function;  // "": none
  };
  const Row rows[] = {
      {"RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]", "efa_destroy_cq"},
      {"RIP: 0010:efa_destroy_cq+0x2f/0xd0", "efa_destroy_cq"},  // built in
      {" efa_probe.cold+0x1/0x2 [efa]", "efa_probe.cold"},
      {" ? efa_probe+0x1/0x2 [efa]", ""},
      {" ib_uverbs_open+0x1/0x2 [ib_uverbs]", ""},
      {" efa_nv_peermem_put+0x1/0x2 [efa_nv_peermem]", ""},
      {"Modules linked in: efa(OE)", ""},
      {"efa [efa]", ""},
      {"+0x", ""},
      {"", ""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(efa_function_in(row.text).value_or(""), row.function) << row.text;
}

}  // namespace
}  // namespace efa
