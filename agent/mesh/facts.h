// What is known of a mesh: the nodes of a job, where each is, and what came of each meeting of two.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/pair/protocol.h"

namespace efa {

// In what nodes can differ, so that a rule or a place may part them; what explains more comes
// first.
enum class MeshAttribute {
  kZone,
  kVpc,
  kType,
  kGroups,
  kSubnet,
  kPlacement,
  kDriver,
  kRdmaCore,
  kKernel,
};
inline constexpr size_t kMeshAttributes = 9;
const char* words_of(MeshAttribute attribute);  // "security groups"
const char* key_of(MeshAttribute attribute);    // "security_group_ids"
bool is_software(MeshAttribute attribute);

struct MeshNode {
  std::string name;  // of the node, as Slurm or the machine itself calls it
  bool joined = false;
  std::string lost;  // how its connection ended; "": it has not
  std::optional<std::string> instance_id;
  size_t devices = 0;
  std::array<std::optional<std::string>, kMeshAttributes> attributes;  // absent: not told

  [[nodiscard]] bool is_there() const { return joined && lost.empty(); }
  [[nodiscard]] const std::optional<std::string>& value(MeshAttribute attribute) const {
    return attributes[static_cast<size_t>(attribute)];
  }
};

// What an end says of itself, taken as attributes.
void take_hello(const PairHello& hello, MeshNode& node);

enum class MeshResult { kWorks, kFails, kUntested };
const char* word_of(MeshResult result);

// Of a test of two nodes, as the one that led it tells it.
struct MeshOutcome {
  MeshResult result = MeshResult::kUntested;
  std::string code;   // the root cause, a code of a check; "": none
  std::string words;  // why it does not work
  int works = 0;      // pairs of devices
  int pairs = 0;
  std::optional<double> rate;  // bits a second: the median of the pairs' best
};

struct MeshMeeting {
  int round = 0;  // from 1
  int one = 0;    // ranks: the one that led the test, and the other
  int other = 0;
  MeshOutcome outcome;

  [[nodiscard]] bool has(int rank) const { return one == rank || other == rank; }
  [[nodiscard]] int partner_of(int rank) const { return one == rank ? other : one; }
};

// A node's place in the list is its rank.
struct MeshFacts {
  std::vector<MeshNode> nodes;
  std::vector<MeshMeeting> meetings;
  int rounds = 0;  // that were played
};

// Whether both tell it, and other values; nothing where one of them does not tell.
std::optional<bool> crosses(const MeshFacts& mesh, const MeshMeeting& meeting,
                            MeshAttribute attribute);

}  // namespace efa
