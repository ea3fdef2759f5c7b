// A rank of a mesh: it tests whom rank 0 names, and lets itself be tested by others, until rank 0
// says that it is over or is gone.
#pragma once

#include <chrono>
#include <string>

#include "agent/mesh/engine.h"
#include "agent/mesh/place.h"

namespace efa {

struct MeshMember {
  const MeshPlace& place;
  int64_t port = 0;
  std::string token;
  std::chrono::milliseconds wait{0};  // for rank 0 to be there
};

// Returns the exit code.
int take_part(const MeshMember& member, MeshEngine& engine);

}  // namespace efa
