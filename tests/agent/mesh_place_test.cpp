// Lists of hosts, and what launchers say of a rank.

#include <gtest/gtest.h>

#include <map>

#include "agent/mesh/host_list.h"
#include "agent/mesh/place.h"

namespace efa {
namespace {

TEST(HostList, IsReadAsSlurmWritesIt) {
  const std::pair<const char*, std::vector<std::string>> rows[] = {
      {"login1", {"login1"}},
      {"p5-[001-003,007],login1", {"p5-001", "p5-002", "p5-003", "p5-007", "login1"}},
      {"p5-[9-11]", {"p5-9", "p5-10", "p5-11"}},
      {"rack[1-2]-n[0-1]", {"rack1-n0", "rack1-n1", "rack2-n0", "rack2-n1"}},
      {"a,b", {"a", "b"}},
  };
  for (const auto& [text, wanted] : rows) {
    const auto hosts = parse_host_list(text);
    ASSERT_TRUE(hosts) << text;
    EXPECT_EQ(*hosts, wanted) << text;
  }
}

TEST(HostList, WhatIsNoneIsAnError) {
  for (const char* text : {"", "a,,b", "p5-[1-3", "p5-[3-1]", "p5-[a]", "p5-[1-2-3]", "p5-[]",
                           "p5-[0-99999999]", "a[1-999]b[1-999]"}) {
    EXPECT_FALSE(parse_host_list(text)) << text;
  }
}

TEST(HostList, IsWrittenAsScontrolTakesIt) {
  EXPECT_EQ(host_list_of({"p5-003", "p5-001", "login", "p5-002", "p5-007"}),
            "login,p5-[001-003,007]");
  EXPECT_EQ(host_list_of({"n9", "n10", "n11"}), "n9,n[10-11]");
  EXPECT_EQ(host_list_of({"ip-10-0-0-5.ec2.internal"}), "ip-10-0-0-5.ec2.internal");
  EXPECT_EQ(host_list_of({"n1", "n1"}), "n[1]");
  EXPECT_EQ(host_list_of({}), "");
}

using Set = std::map<std::string, std::string>;

Result<MeshPlace> place_with(const Set& set, const MeshOptions& options = {}) {
  const auto variable = [&](const char* name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
  return find_place(options, variable, "host-of-it");
}

const Set kSrun = {{"SLURM_JOB_ID", "9"},
                   {"SLURM_PROCID", "2"},
                   {"SLURM_STEP_NUM_TASKS", "3"},
                   {"SLURM_STEP_NUM_NODES", "3"},
                   {"SLURM_STEP_NODELIST", "p5-[1-2,7]"},
                   {"SLURMD_NODENAME", "p5-7"}};

TEST(MeshPlace, OfSrun) {
  const auto place = place_with(kSrun);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 2);
  EXPECT_EQ(place->ranks, 3);
  EXPECT_EQ(place->name, "p5-7");
  EXPECT_EQ(place->leader, "p5-1");
  EXPECT_EQ(place->names, (std::vector<std::string>{"p5-1", "p5-2", "p5-7"}));
}

TEST(MeshPlace, OfMpirunAndIndexedJobs) {
  const Set mpirun = {{"OMPI_COMM_WORLD_RANK", "1"},
                      {"OMPI_COMM_WORLD_SIZE", "4"},
                      {"EFA_DOCTOR_MESH_LEADER", "node-a"}};
  const auto place = place_with(mpirun);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 1);
  EXPECT_EQ(place->leader, "node-a");
  EXPECT_EQ(place->name, "host-of-it");
  MeshOptions options;
  options.ranks = 16;
  options.leader = "efa-mesh-0.efa-mesh";
  const auto pod = place_with({{"JOB_COMPLETION_INDEX", "11"}}, options);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->rank, 11);
  EXPECT_EQ(pod->ranks, 16);
  EXPECT_EQ(pod->leader, "efa-mesh-0.efa-mesh");
}

TEST(MeshPlace, WhatIsSaidComesFirst) {
  MeshOptions options;
  options.rank = 0;
  options.ranks = 2;
  options.leader = "10.0.0.1";
  const auto place = place_with(kSrun, options);
  EXPECT_FALSE(place) << "2 tasks on 3 nodes";
  const auto alone = place_with({}, options);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->leader, "10.0.0.1");
}

void expect_error(const Set& set, const char* words, const MeshOptions& options = {}) {
  const auto place = place_with(set, options);
  ASSERT_FALSE(place) << words;
  EXPECT_NE(place.error().what.find(words), std::string::npos) << place.error().what;
}

TEST(MeshPlace, WhatIsMissingOrWrongIsSaid) {
  expect_error({}, "which rank of how many");
  expect_error({{"SLURM_JOB_ID", "9"}, {"SLURM_PROCID", "0"}}, "by srun");
  Set two_a_node = kSrun;
  two_a_node["SLURM_STEP_NUM_NODES"] = "2";
  expect_error(two_a_node, "--ntasks-per-node=1");
  expect_error({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}}, "--leader");
  expect_error({{"PMI_RANK", "4"}, {"PMI_SIZE", "4"}}, "none of 4");
  expect_error({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}}, "2 to");
  expect_error({{"PMI_RANK", "x"}, {"PMI_SIZE", "4"}}, "which rank");
}

}  // namespace
}  // namespace efa
