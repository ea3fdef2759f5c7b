// What the meetings of a mesh say, before anybody is blamed: an attribute that parts the nodes,
// sides that do not reach each other, who works, who is suspected. Pure.
#pragma once

#include <optional>
#include <vector>

#include "agent/mesh/facts.h"

namespace efa {

// Nodes that reach each other, by one or by others between them; by place in the list of nodes. A
// node that works with nobody is alone.
class MeshSides {
 public:
  explicit MeshSides(size_t nodes);

  void join(int one, int other);
  [[nodiscard]] int side_of(int rank) const;  // the rank of one of them

 private:
  mutable std::vector<int> parent_;
};

struct MeshView {
  // Each meeting across it fails, and more than one node on each side knows of it.
  std::optional<MeshAttribute> parts;
  std::vector<MeshAttribute> parts_too;  // others that part the nodes in the same way
  MeshSides sides;
  std::vector<bool> works;              // with anybody
  std::vector<const MeshMeeting*> odd;  // fail between two that work, and do not cross `parts`
};

MeshView view_of(const MeshFacts& mesh);

// In what the two saw themselves that they may not differ, so that they sent nothing.
std::optional<MeshAttribute> told_by(const MeshMeeting& meeting);

// Meetings that say something of the node itself: they do not cross what parts the nodes.
bool tells_of_node(const MeshFacts& mesh, const MeshView& view, const MeshMeeting& meeting);

// Working nodes with which it failed, each once. Where working nodes fail with each other they may
// be two sides: then the node must have failed with every large side.
std::vector<int> failed_with(const MeshFacts& mesh, const MeshView& view, int rank);
bool is_guilty(const MeshFacts& mesh, const MeshView& view, int rank);

// The best rate of the node's meetings: a slow node is slow with everybody.
std::optional<double> best_rate(const MeshFacts& mesh, int rank);
// Which are slower than 0.7 of the median node with two others and more, of which one is not slow.
std::vector<bool> slow_nodes(const MeshFacts& mesh);
// Which may have met too few, or only slow ones.
std::vector<bool> maybe_slow_nodes(const MeshFacts& mesh);

// Sides of two and more, by the rank of one of each.
std::vector<int> large_sides(const MeshFacts& mesh, const MeshView& view);
std::vector<int> members_of(const MeshFacts& mesh, const MeshView& view, int side);

}  // namespace efa
