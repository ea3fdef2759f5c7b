// What the ranks of a mesh and rank 0 say to each other, after the greeting of efa-doctor pair
// (agent/pair/protocol.h), over one TCP connection of each rank:
//
//   rank    {"rank":7,"name":"p5-007","port":43210}   where it serves tests of others
//   rank 0  {"step":"test","peer":12,"host":"10.0.0.12","port":40112}
//   rank    {"result":"works",...}                     and so on
//   rank 0  {"step":"end"}
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/mesh/facts.h"

namespace efa {

struct MeshJoin {
  int rank = -1;
  std::string name;
  int port = 0;
};

template <class Io>
void describe(Io& io, MeshJoin& join) {
  io("rank", join.rank);
  io("name", join.name);
  io("port", join.port);
}

inline constexpr const char* kMeshTest = "test";
inline constexpr const char* kMeshEnd = "end";

struct MeshOrder {
  std::string step;
  int peer = 0;      // its rank
  std::string host;  // "": where rank 0 is
  int port = 0;
};

template <class Io>
void describe(Io& io, MeshOrder& order) {
  io("step", order.step);
  io("peer", order.peer);
  io("host", order.host);
  io("port", order.port);
}

// Of MeshOutcome, in JSON.
struct MeshAnswer {
  std::string result;
  std::string code;
  std::string words;
  int works = 0;
  int pairs = 0;
  std::optional<int64_t> bits_per_second;
};

template <class Io>
void describe(Io& io, MeshAnswer& answer) {
  io("result", answer.result);
  io("code", answer.code);
  io("words", answer.words);
  io("works", answer.works);
  io("pairs", answer.pairs);
  io("bits_per_second", answer.bits_per_second);
}

MeshAnswer to_answer(const MeshOutcome& outcome);
// Words and code are bounded and printable: they came from another node.
MeshOutcome from_answer(const MeshAnswer& answer);

}  // namespace efa
