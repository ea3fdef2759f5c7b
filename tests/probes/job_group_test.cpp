// Which job a process is of, and which the kernel has taken a process from.

#include "probes/protocol/job_group.h"

#include <gtest/gtest.h>

#include "probes/log/memory_kill.h"

namespace efa {
namespace {

TEST(JobGroup, IsTheJobsWhateverIsBelowIt) {
  struct Row {
    const char* group;
    const char* job;  // "": none's alone
  };
  const std::string id(64, 'a');
  const std::string docker = "/docker/" + id;
  const Row rows[] = {
      {"/system.slice/slurmstepd.scope/job_7/step_0/user/task_1", "job_7"},
      {"/slurm/uid_1000/job_7/step_batch/task_0", "job_7"},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2.slice/"
       "cri-containerd-2.scope",
       "pod1f_2"},
      {"/kubepods/burstable/pod1f-2/2", "pod1f-2"},
      {"/system.slice/docker-0123.scope/init", "docker-0123"},
      {"/machine.slice/libpod-0123.scope", "libpod-0123"},
      {docker.c_str(), id.c_str()},
      {"/user.slice/user-1000.slice/session-3.scope", "session-3"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/train.service", ""},
      {"/system.slice/train.service", ""},
      {"/job_of-a-customer", ""},
      {"/kubepods/podname", ""},
      {"/kubepods.slice/kubepods-burstable.slice", ""},
      {"/system.slice", ""},
      {"/init.scope", ""},
      {"/../job_7", ""},
      {"/", ""},
      {"", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(job_of_control_group(row.group), row.job) << row.group;
  EXPECT_EQ(job_of_control_group("/" + std::string(5000, 'x') + "/job_7"), "");
}

TEST(JobGroup, OfAProcessIsTheOneThatBoundsItsMemory) {
  EXPECT_EQ(job_of_process("0::/system.slice/slurmstepd.scope/job_7/step_0\n"), "job_7");
  EXPECT_EQ(job_of_process("5:devices:/x\n4:memory:/slurm/job_8/step_0\n0::/job_9"), "job_8");
  for (const char* none : {"", "0", "0::", "0::/", "x\n\n"}) {
    EXPECT_EQ(job_of_process(none), "") << none;
  }
}

TEST(MemoryKill, TellsOfAWholeControlGroup) {
  const std::string head = "6,901,78,-;Tasks in ";
  const std::string behind = " are going to be killed due to memory.oom.group set";
  const std::string group =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2.slice/"
      "cri-containerd-2.scope";
  const auto kill = parse_memory_kill(head + group + behind);
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->job, "pod1f_2");
  EXPECT_TRUE(kill->whole);
  const std::string kept = words_of_memory_kill(head + group + behind);
  EXPECT_EQ(kept, head + "pod1f_2" + behind);
  EXPECT_TRUE(parse_memory_kill(kept)->whole) << "a recording is read again";
  EXPECT_FALSE(parse_memory_kill(head + group));
  EXPECT_FALSE(parse_memory_kill(head + "/system.slice" + behind));
}

TEST(MemoryKill, TellsWhoseProcessItWasAndNoName) {
  const std::string head = "6,900,77,-;";
  const std::string record =
      head +
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,"
      "oom_memcg=/slurm/job_7,task_memcg=/slurm/job_7/step_0/task_1,task=secret,pid=4711,uid=1000";
  const auto kill = parse_memory_kill(record);
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->usec, 77U);
  EXPECT_EQ(kill->job, "job_7");
  EXPECT_FALSE(kill->whole);
  const std::string kept = words_of_memory_kill(record);
  EXPECT_EQ(kept, head + "oom-kill:task_memcg=job_7,task=");
  EXPECT_EQ(parse_memory_kill(kept)->job, "job_7") << "a recording is read again";
  for (const std::string& none :
       {head + "oom-kill:constraint=CONSTRAINT_NONE,global_oom,task_memcg=/,task=x,pid=1,uid=0",
        head + "oom-kill:task_memcg=/slurm/job_7",
        head + "oom-kill:", head + "Out of memory: Killed process 4711 (secret)",
        head + "x: oom-kill:task_memcg=/slurm/job_7,task=x",
        std::string("14,900,77,-;oom-kill:task_memcg=/slurm/job_7,task=x"), std::string()}) {
    EXPECT_FALSE(parse_memory_kill(none)) << none;
    EXPECT_EQ(words_of_memory_kill(none), "");
  }
}

}  // namespace
}  // namespace efa
