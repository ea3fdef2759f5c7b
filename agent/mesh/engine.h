// How one node tests another: what the ranks of a mesh do when they meet.
#pragma once

#include <string>

#include "agent/mesh/facts.h"
#include "agent/mesh/protocol.h"
#include "agent/pair/protocol.h"
#include "probes/base/fd.h"

namespace efa {

class MeshEngine {
 public:
  MeshEngine() = default;
  MeshEngine(const MeshEngine&) = delete;
  MeshEngine& operator=(const MeshEngine&) = delete;
  virtual ~MeshEngine() = default;

  virtual Result<PairHello> hello() = 0;
  // In a process of its own, until it is killed: tests of others, of this node's devices.
  virtual int serve(Fd listener) = 0;
  // In a process of its own: tests that node.
  virtual MeshOutcome test(const MeshOrder& order) = 0;
};

}  // namespace efa
