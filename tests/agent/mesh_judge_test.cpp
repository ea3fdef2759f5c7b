// Who is blamed in a mesh, and who is not: played with many seeds, and at sizes that nobody has
// here.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "agent/mesh/judge.h"
#include "agent/mesh/rounds.h"
#include "probes/mesh/checks.h"
#include "tests/support/played_mesh.h"

namespace efa {
namespace {

std::set<int> blamed_in(const MeshJudgement& judged) {
  std::set<int> ranks;
  for (size_t rank = 0; rank < judged.states.size(); ++rank) {
    if (judged.states[rank] == NodeState::kFails) ranks.insert(static_cast<int>(rank));
  }
  return ranks;
}

std::set<std::string> failing_codes(const MeshJudgement& judged) {
  std::set<std::string> codes;
  for (const Finding& finding : judged.findings) {
    if (finding.result == FindingResult::kFail) codes.emplace(finding.check->code);
  }
  return codes;
}

const Finding* finding_in(const MeshJudgement& judged, const Check& check) {
  for (const Finding& finding : judged.findings) {
    if (finding.check->code == check.code) return &finding;
  }
  return nullptr;
}

std::set<int> some_of(int count, int all, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::set<int> chosen;
  while (static_cast<int>(chosen.size()) < count) {
    chosen.insert(static_cast<int>(generator() % static_cast<uint64_t>(all)));
  }
  return chosen;
}

struct Fleet {
  int nodes;
  int dead;
  int seeds;
};

class DeadNodes : public testing::TestWithParam<Fleet> {};

TEST_P(DeadNodes, AreBlamedAndNobodyElse) {
  const Fleet& fleet = GetParam();
  for (int seed = 0; seed < fleet.seeds; ++seed) {
    const std::set<int> dead = some_of(fleet.dead, fleet.nodes, static_cast<uint64_t>(seed));
    MeshFacts mesh = nodes_of(fleet.nodes);
    play(mesh, static_cast<uint64_t>(seed), with_dead(dead));
    const MeshJudgement judged = judge_mesh(mesh);
    ASSERT_EQ(blamed_in(judged), dead) << "seed " << seed;
    ASSERT_EQ(std::count(judged.states.begin(), judged.states.end(), NodeState::kUnknown), 0);
    ASSERT_LE(mesh.rounds, kMostRounds);
    const std::set<std::string> codes{std::string(kMeshNodeFails.code)};
    ASSERT_EQ(failing_codes(judged), dead.empty() ? std::set<std::string>() : codes);
  }
}

INSTANTIATE_TEST_SUITE_P(Mesh, DeadNodes,
                         testing::Values(Fleet{3, 1, 50}, Fleet{8, 1, 100}, Fleet{64, 0, 50},
                                         Fleet{64, 1, 200}, Fleet{64, 5, 200}, Fleet{65, 5, 50},
                                         Fleet{256, 25, 20}, Fleet{5000, 50, 1},
                                         Fleet{5000, 1000, 1}));

// Nodes from `first` on have another value.
MeshFacts parted(int count, int first, MeshAttribute attribute) {
  MeshFacts mesh = nodes_of(count);
  for (int rank = 0; rank < count; ++rank) tell(mesh, rank, attribute, rank < first ? "a" : "b");
  return mesh;
}

Play apart_at(int first, const std::set<int>& dead = {}) {
  return [=](int one, int other) {
    const bool crosses = (one < first) != (other < first);
    return crosses ? fails_by() : with_dead(dead)(one, other);
  };
}

TEST(MeshJudge, WhatPartsTheNodesIsNamedAndNoNode) {
  const std::pair<MeshAttribute, const Check*> cases[] = {
      {MeshAttribute::kZone, &kMeshSplitByPlace},
      {MeshAttribute::kGroups, &kMeshSplitByPlace},
      {MeshAttribute::kDriver, &kMeshSplitBySoftware}};
  for (const auto& [attribute, check] : cases) {
    for (uint64_t seed = 0; seed < 100; ++seed) {
      MeshFacts mesh = parted(64, 50, attribute);
      play(mesh, seed, apart_at(50));
      const MeshJudgement judged = judge_mesh(mesh);
      ASSERT_EQ(failing_codes(judged), std::set<std::string>{std::string(check->code)}) << seed;
      ASSERT_TRUE(blamed_in(judged).empty());
      const Finding* finding = finding_in(judged, *check);
      EXPECT_NE(finding->message.find(words_of(attribute)), std::string::npos);
      EXPECT_NE(finding->message.find("b: 14 nodes (p5-[0050-0063])"), std::string::npos)
          << finding->message;
    }
  }
}

TEST(MeshJudge, DeadNodesOfPartedOnesAreBlamedToo) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    MeshFacts mesh = parted(64, 40, MeshAttribute::kZone);
    play(mesh, seed, apart_at(40, {3, 60}));
    const MeshJudgement judged = judge_mesh(mesh);
    EXPECT_NE(finding_in(judged, kMeshSplitByPlace), nullptr) << seed;
    for (const int rank : blamed_in(judged)) EXPECT_TRUE(rank == 3 || rank == 60) << seed;
  }
}

TEST(MeshJudge, ADeadNodeThatDiffersAloneIsTheNode) {
  MeshFacts mesh = parted(16, 15, MeshAttribute::kKernel);
  play(mesh, 1, with_dead({15}));
  const MeshJudgement judged = judge_mesh(mesh);
  EXPECT_EQ(blamed_in(judged), std::set<int>{15});
  EXPECT_EQ(finding_in(judged, kMeshSplitBySoftware), nullptr);
}

// Who is alone in a zone, VPC or kind of type is no dead node: the two saw why themselves.
TEST(MeshJudge, WhatTheTwoSawThemselvesIsBelievedOfOneNodeToo) {
  const std::pair<MeshAttribute, const char*> cases[] = {
      {MeshAttribute::kZone, "pair.zone-differs"},
      {MeshAttribute::kVpc, "pair.vpc-differs"},
      {MeshAttribute::kType, "pair.types-incompatible"}};
  for (const auto& one_case : cases) {
    const char* code = one_case.second;
    for (const int count : {2, 3, 16}) {
      MeshFacts mesh = parted(count, count - 1, one_case.first);
      play(mesh, 1, [&](int one, int other) {
        return one == count - 1 || other == count - 1 ? fails_by(code) : works_at();
      });
      const MeshJudgement judged = judge_mesh(mesh);
      EXPECT_EQ(failing_codes(judged), std::set<std::string>{"mesh.split-by-place"}) << code;
      EXPECT_TRUE(blamed_in(judged).empty());
    }
  }
}

// One P4d among P5 and P5en, which talk to each other: the type alone parts nothing.
TEST(MeshJudge, TypesThatDoNotFitBlameNoNode) {
  MeshFacts mesh = nodes_of(16);
  for (int rank = 8; rank < 16; ++rank) tell(mesh, rank, MeshAttribute::kType, "p5en.48xlarge");
  tell(mesh, 15, MeshAttribute::kType, "p4d.24xlarge");
  play(mesh, 1, [](int one, int other) {
    return one == 15 || other == 15 ? fails_by("pair.types-incompatible") : works_at();
  });
  const MeshJudgement judged = judge_mesh(mesh);
  EXPECT_EQ(failing_codes(judged), std::set<std::string>{"mesh.split-by-place"});
  EXPECT_TRUE(blamed_in(judged).empty());
}

TEST(MeshJudge, AnAttributeThatDoesNotPartThemIsNotNamed) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MeshFacts mesh = parted(64, 32, MeshAttribute::kSubnet);
    play(mesh, seed, with_dead({1, 40, 41}));
    const MeshJudgement judged = judge_mesh(mesh);
    EXPECT_EQ(blamed_in(judged), (std::set<int>{1, 40, 41}));
    EXPECT_EQ(finding_in(judged, kMeshSplitByPlace), nullptr);
  }
}

// A rule that no node can tell: no healthy node is blamed, with any seed.
TEST(MeshJudge, ASplitThatNothingExplainsBlamesNobody) {
  int named = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    MeshFacts mesh = nodes_of(64);
    play(mesh, seed, apart_at(50));
    const MeshJudgement judged = judge_mesh(mesh);
    ASSERT_TRUE(blamed_in(judged).empty()) << seed;
    if (finding_in(judged, kMeshSplit) != nullptr) ++named;
  }
  EXPECT_GE(named, 190);
}

TEST(MeshJudge, WhereNothingWorksNobodyIsBlamed) {
  for (const int count : {2, 3, 64}) {
    MeshFacts mesh = nodes_of(count);
    play(mesh, 7, [](int, int) { return fails_by(); });
    const MeshJudgement judged = judge_mesh(mesh);
    EXPECT_EQ(failing_codes(judged), std::set<std::string>{"mesh.none-works"});
    EXPECT_NE(judged.findings[0].message.find("pair.unreachable"), std::string::npos);
  }
}

TEST(MeshJudge, OneBrokenPairBlamesNeither) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MeshFacts mesh = nodes_of(16);
    std::pair<int, int> broken{-1, -1};
    play(mesh, seed, [&](int one, int other) {
      if (broken.first < 0) broken = {one, other};
      return broken == std::pair(one, other) ? fails_by() : works_at();
    });
    const MeshJudgement judged = judge_mesh(mesh);
    ASSERT_EQ(failing_codes(judged), std::set<std::string>{"mesh.pair-fails"}) << seed;
    EXPECT_TRUE(blamed_in(judged).empty());
  }
}

TEST(MeshJudge, ASlowNodeIsFoundByItsBestRate) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    MeshFacts mesh = nodes_of(32);
    const std::set<int> slow{4, 9, 10};
    play(mesh, seed, [&](int one, int other) {
      return works_at(slow.contains(one) || slow.contains(other) ? 0.5 * kUsualRate : kUsualRate);
    });
    const MeshJudgement judged = judge_mesh(mesh);
    for (int rank = 0; rank < 32; ++rank) {
      const NodeState wanted = slow.contains(rank) ? NodeState::kSlow : NodeState::kWorks;
      ASSERT_EQ(judged.states[static_cast<size_t>(rank)], wanted) << seed << ": " << rank;
    }
  }
}

TEST(MeshJudge, OfTwoNodesNoneIsSlow) {
  MeshFacts mesh = nodes_of(2);
  play(mesh, 1, [](int, int) { return works_at(1e9); });
  EXPECT_TRUE(judge_mesh(mesh).findings.empty());
}

TEST(MeshJudge, WhoCannotBeTestedIsUnknown) {
  MeshFacts mesh = nodes_of(8);
  play(mesh, 1, [](int one, int other) {
    const bool busy = one == 5 || other == 5;
    return busy ? MeshOutcome{.code = "pair.in-use", .words = "PID 7"} : works_at();
  });
  const MeshJudgement judged = judge_mesh(mesh);
  EXPECT_EQ(judged.states[5], NodeState::kUnknown);
  ASSERT_EQ(judged.findings.size(), 1U);
  EXPECT_EQ(judged.findings[0].result, FindingResult::kUnknown);
  EXPECT_EQ(judged.findings[0].subject, "p5-0005");
  EXPECT_NE(judged.findings[0].message.find("pair.in-use"), std::string::npos);
}

TEST(MeshJudge, AbsentAndLostNodesAreNamed) {
  MeshFacts mesh = nodes_of(8);
  mesh.nodes[2].joined = false;
  mesh.nodes[6].lost = "it was closed by the other end";
  play(mesh, 1, with_dead({}));
  for (const MeshMeeting& meeting : mesh.meetings) {
    EXPECT_FALSE(meeting.has(2) || meeting.has(6));
  }
  const MeshJudgement judged = judge_mesh(mesh);
  EXPECT_EQ(failing_codes(judged), (std::set<std::string>{"mesh.absent", "mesh.lost"}));
  EXPECT_EQ(judged.states[2], NodeState::kAbsent);
  EXPECT_EQ(judged.states[6], NodeState::kLost);
}

TEST(MeshJudge, ANodeWithFewerDevicesFailsThoughItsPairsWork) {
  MeshFacts mesh = nodes_of(8);
  mesh.nodes[3].devices = 31;
  tell(mesh, 4, MeshAttribute::kType, "p4d.24xlarge");
  mesh.nodes[4].devices = 4;  // all that it has
  play(mesh, 1, with_dead({}));
  const MeshJudgement judged = judge_mesh(mesh);
  EXPECT_EQ(failing_codes(judged), std::set<std::string>{"mesh.fewer-devices"});
  EXPECT_EQ(judged.findings[0].subject, "p5-0003");
  EXPECT_EQ(judged.findings[0].message, "31 EFA devices, others 32");
}

TEST(MeshRounds, NobodyMeetsTwoOrTheSameAgain) {
  MeshFacts mesh = nodes_of(33);
  std::set<std::pair<int, int>> met;
  play(mesh, 5, [&](int one, int other) {
    EXPECT_TRUE(met.insert({std::min(one, other), std::max(one, other)}).second);
    return works_at();
  });
  EXPECT_EQ(mesh.rounds, kRoundsOfChance);
  for (int round = 1; round <= mesh.rounds; ++round) {
    std::set<int> busy;
    for (const MeshMeeting& meeting : mesh.meetings) {
      if (meeting.round != round) continue;
      EXPECT_TRUE(busy.insert(meeting.one).second && busy.insert(meeting.other).second);
    }
    EXPECT_EQ(busy.size(), 32U);
  }
}

}  // namespace
}  // namespace efa
